/** The guests of the listing that become virtual machines, with their names and answers. */
import { compareNatural } from "../../../src/base/natural-order.ts";
import type { Plan } from "./plan.ts";
import { clusterRows, dataAt, isRaw, type Raw, text } from "./raw.ts";

const MAX_NAME = 64;

export interface Guest {
  readonly plan: Plan;
  readonly row: Raw;
  readonly kind: "qemu" | "lxc";
  readonly vmid: number;
  readonly node: string;
  /** Also the site of its VLANs. */
  readonly home: string;
  /** "brightwater/gw1" */
  readonly key: string;
  /** undefined: not read. */
  readonly config: Raw | undefined;
  /** Answers of its own paths. */
  ask(path: string): unknown;
}

/** By node and VMID. */
export function guestsOf(plan: Plan): Guest[] {
  const listed = clusterRows(plan.site, "/cluster/resources?type=vm").filter((row) =>
    (row["type"] === "qemu" || row["type"] === "lxc") && /^\d+$/.test(text(row["vmid"]) ?? "") &&
    text(row["name"]) !== undefined && row["status"] !== "unknown" &&
    Number(row["template"] ?? 0) !== 1 && plan.isInScope(text(row["node"]) ?? "")
  );
  const names = namesOf(listed);
  const ordered = listed.toSorted((a, b) =>
    compareNatural(String(a["node"]), String(b["node"])) || Number(a["vmid"]) - Number(b["vmid"])
  );
  return ordered.map((row) => guestOf(plan, row, names.get(row) ?? ""));
}

/** Of two guests with the same name, ignoring case, the one with the lower VMID keeps it. */
function namesOf(rows: readonly Raw[]): Map<Raw, string> {
  const taken = new Set<string>();
  const names = new Map<Raw, string>();
  for (const row of rows.toSorted((a, b) => Number(a["vmid"]) - Number(b["vmid"]))) {
    const given = text(row["name"]) ?? "";
    const mark = ` (${row["vmid"]})`;
    const isLong = [...given].length > MAX_NAME;
    const marked = [...given].slice(0, MAX_NAME - mark.length).join("").trimEnd() + mark;
    const name = isLong || taken.has(given.toLowerCase()) ? marked : given;
    taken.add(name.toLowerCase());
    names.set(row, name);
  }
  return names;
}

function guestOf(plan: Plan, row: Raw, name: string): Guest {
  const kind = row["type"] as Guest["kind"];
  const vmid = Number(row["vmid"]);
  const node = text(row["node"]) ?? "";
  const answers = plan.site.nodes[node];
  const ask = (path: string): unknown => dataAt(answers, `/nodes/${node}/${kind}/${vmid}/${path}`);
  const config = ask("config?current=1") ?? ask("config");
  return {
    plan,
    row,
    kind,
    vmid,
    node,
    home: plan.scope ?? plan.siteOf(node),
    key: `${plan.cluster}/${name}`,
    config: isRaw(config) ? config : undefined,
    ask,
  };
}
