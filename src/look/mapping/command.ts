/** mapping: the mapping tables, as README has them. */
import type { Session } from "../../terminal/session.ts";
import { mappingJson, mappingMarkdown } from "./mapping.ts";

export function runMapping(session: Session): Promise<void> {
  session.data(
    session.isJson ? JSON.stringify(mappingJson(), null, 2) : mappingMarkdown().trimEnd(),
  );
  return Promise.resolve();
}
