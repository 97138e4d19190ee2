/** bootstrap: the static entities, from no snapshot and with no Proxmox setting. */
import { TOOL } from "../../base/tool.ts";
import { writeEntities } from "../../run-folder/entity-writer.ts";
import type { Session } from "../../terminal/session.ts";
import { bootstrapTime } from "../../terminal/settings.ts";
import { MAPPING_VERSION } from "../mapping/tables.ts";
import { bootstrap } from "../transform.ts";
import { printSummary } from "./summary.ts";

export const DEFAULT_BOOTSTRAP_FOLDER = "snapshots/bootstrap";

export async function runBootstrap(session: Session): Promise<void> {
  const target = session.option("out") ?? session.operands[0] ?? DEFAULT_BOOTSTRAP_FOLDER;
  const store = await session.openTarget(target);
  const batches = bootstrap(bootstrapTime());
  const facts = { tool: TOOL, mapping_version: MAPPING_VERSION, snapshots: [] };
  const summary = await writeEntities(store, batches, facts);
  printSummary(session, summary, target);
}
