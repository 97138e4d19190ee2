/** What the token may read, endpoint by endpoint: all of it, a part, or none. */
import { PATHS } from "../snapshot/paths.ts";
import { count, record, text } from "../snapshot/scalar.ts";
import type { Answer } from "../snapshot/schema.ts";
import { type EndpointName, type EndpointRow, ENDPOINTS, type Need } from "./endpoints.ts";
import type { Rights } from "./rights.ts";

export interface Access {
  readonly endpoint: EndpointName;
  readonly may: "all" | "part" | "none";
  /** Any of these would do; empty when nothing is missing. */
  readonly lacks: readonly string[];
  /** Where, in the access control list. */
  readonly on: readonly string[];
  /** Where a role mends it: "/", or where another role stands in the way of what "/" hands down. */
  readonly mendOn: readonly string[];
}

export interface Setting {
  readonly rights: Rights;
  /** Of Proxmox VE. */
  readonly major: number;
  readonly nodes: readonly string[];
}

export function accessTo(endpoint: EndpointName, setting: Setting): Access {
  const { needs }: EndpointRow = ENDPOINTS[endpoint];
  const privileges = needs?.privileges(setting.major) ?? [];
  const free: Access = { endpoint, may: "all", lacks: [], on: [], mendOn: [] };
  if (needs === undefined || privileges.length === 0) return free;
  const { may, on } = judge(needs, privileges, setting);
  if (may === "all") return free;
  const mendOn = setting.rights.handsDown(privileges, "/") ? on : ["/"];
  return { endpoint, may, lacks: privileges, on, mendOn };
}

type Verdict = Pick<Access, "may" | "on">;

function judge(
  { on }: Need,
  privileges: readonly string[],
  { rights, nodes }: Setting,
): Verdict {
  if (on === "/") return { may: rights.has(privileges, "/") ? "all" : "none", on: ["/"] };
  if (on === "/nodes/{node}") {
    const paths = nodes.map((node) => `/nodes/${node}`);
    const lacking = paths.filter((path) => !rights.has(privileges, path));
    const isPart = lacking.length < paths.length;
    return { may: lacking.length === 0 ? "all" : isPart ? "part" : "none", on: lacking };
  }
  const top = on.replace("/{vmid}", "");
  if (rights.reaches(privileges, top)) return { may: "all", on: [] };
  const may = rights.touches(privileges, top) ? "part" : "none";
  return { may, on: rights.handsDown(privileges, top) ? rights.below(top, privileges) : [top] };
}

/** API paths of good answers that are shorter than the cluster is, since the token sees but a part. */
export function filteredPaths(setting: Setting): string[] {
  const isShort = (endpoint: EndpointName): boolean => accessTo(endpoint, setting).may !== "all";
  return [
    ...(isShort("resources") ? [PATHS.resources] : []),
    ...(isShort("nodes") ? [PATHS.nodes] : []),
    ...(isShort("network") ? setting.nodes.map(PATHS.network) : []),
  ];
}

/** "9.1.4", "7.4-16"; undefined when the answer does not say. */
export function versionOf(answer: Answer): string | undefined {
  return "data" in answer ? text(record(answer.data)?.["version"]) : undefined;
}

/** 9, 7 */
export function majorOf(answer: Answer): number | undefined {
  return count(/^\d+/.exec(versionOf(answer) ?? "")?.[0]);
}
