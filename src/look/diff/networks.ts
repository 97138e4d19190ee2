/** The interfaces of a node, twice: each is a thing of its own. */
import type { Answer } from "../../snapshot/schema.ts";
import { compareFields, pushChanged } from "./compare-parts.ts";
import type { Findings, Subject } from "./differences.ts";
import type { Fields } from "./fields.ts";
import { wanted } from "./overview.ts";
import { type Found, type Gap, mapFound, rowsOf } from "./part.ts";

type Interfaces = ReadonlyMap<string, Fields>;

export interface Network {
  readonly interfaces: Found<Interfaces>;
  /** Why an interface that is not listed may be there: bridges are hidden from some tokens. */
  readonly hidden: Gap | undefined;
}

/** Nothing is found where a side was not read. */
export function compareNetworks(
  node: string,
  { before, after }: { readonly before: Network; readonly after: Network },
  findings: Findings,
): void {
  if ("reason" in before.interfaces || "reason" in after.interfaces) return;
  const [old, now] = [before.interfaces.value, after.interfaces.value];
  const { added, gone, unread, unreadBefore } = findings;
  const nameOf = (iface: string): Subject => ({ what: `node/${node}/${iface}` });
  for (const [iface, fields] of old) {
    const subject = nameOf(iface);
    const found = now.get(iface);
    if (found !== undefined) {
      pushChanged(findings, { subject, fields: compareFields(fields, found) });
    } else if (after.hidden === undefined) gone.push(subject);
    else unread.push({ ...subject, parts: [], ...after.hidden });
  }
  for (const iface of now.keys()) {
    if (old.has(iface)) continue;
    if (before.hidden === undefined) added.push(nameOf(iface));
    else unreadBefore.push({ ...nameOf(iface), parts: [], ...before.hidden });
  }
}

export function interfacesOf(answer: Answer | undefined): Found<Interfaces> {
  return mapFound(rowsOf(answer), (rows) => ({
    value: new Map(rows.map((row) => [String(row["iface"]), wanted(row, "network")])),
  }));
}
