/** mapping: the mapping tables, as README has them. */
import { mappingJson, mappingMarkdown } from "../../look/mapping.ts";
import type { Session } from "../session.ts";

export function runMapping(session: Session): Promise<void> {
  session.data(
    session.isJson ? JSON.stringify(mappingJson(), null, 2) : mappingMarkdown().trimEnd(),
  );
  return Promise.resolve();
}
