/** bootstrap: the static entities, from no snapshot and with no Proxmox setting. */
import { writeEntities } from "../../entities/write.ts";
import { TOOL } from "../../kernel/tool.ts";
import { bootstrap } from "../../transform/transform.ts";
import type { Session } from "../session.ts";
import { bootstrapTime } from "../settings.ts";
import { printSummary } from "./summary.ts";

export const DEFAULT_BOOTSTRAP_FOLDER = "snapshots/bootstrap";

export async function runBootstrap(session: Session): Promise<void> {
  const target = session.option("out") ?? session.operands[0] ?? DEFAULT_BOOTSTRAP_FOLDER;
  const store = await session.openTarget(target);
  const batches = bootstrap(bootstrapTime());
  const summary = await writeEntities(store, batches, { tool: TOOL, snapshots: [] });
  printSummary(session, summary, target);
}
