/** The run folder that a command looks into. */
import { usageError } from "../base/errors.ts";
import type { Store } from "../run-folder/store/store.ts";
import type { Session } from "./session.ts";

/** Opens what the command line names. @throws AppError "usage" when it names nothing. */
export async function openRunFolder(session: Session): Promise<Store> {
  const [run] = session.operands;
  if (run === undefined) {
    throw usageError("No run folder is named", { hint: "Name one, such as snapshots/example" });
  }
  return await session.openStore(run);
}
