/** Settings, sites, cluster and scope of one snapshot, by the mapping document. */
import type { Site } from "../../helpers/snapshot-builder.ts";
import { clusterRows, type Raw, text } from "./raw.ts";

export type Settings = Readonly<Record<string, string | undefined>>;

export interface Plan {
  readonly site: Site;
  readonly settings: Settings;
  readonly host: string;
  readonly cluster: string;
  /** The site that the cluster is scoped to. */
  readonly scope: string | null;
  /** Global tags and the host's. */
  readonly tags: readonly string[];
  readonly tenant: string | null;
  readonly nodeRows: readonly Raw[];
  isOn(setting: string): boolean;
  siteOf(node: string): string;
  isInScope(node: string): boolean;
}

/** `given` overrides the settings that the snapshot recorded. */
export function planOf(site: Site, given: Settings): Plan {
  const settings = { SITE_NAME: "Proxmox", ...site.settings, ...given } as Settings;
  const host = given["PROXMOX_HOST"] ?? site.host ?? "pve1.example.net";
  const status = clusterRows(site, "/cluster/status");
  const nodeRows = clusterRows(site, "/nodes");
  const cluster = settings["CLUSTER_NAME"] ??
    text(status.find((row) => row["type"] === "cluster")?.["name"]) ?? host;
  const map = new Map(
    (settings["NODE_SITE_MAP"] ?? "").split(",").filter((pair) => pair.trim())
      .map((pair): [string, string] => {
        const colon = pair.indexOf(":");
        return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
      }),
  );
  const home = settings["SITE_NAME"] ?? "";
  const siteOf = (node: string): string => map.get(node) ?? home;
  const listed = [
    ...nodeRows.map((row) => text(row["node"])),
    ...status.filter((row) => row["type"] === "node").map((row) => text(row["name"])),
  ].flatMap((node) => node ?? []);
  const sites = [...new Set(listed.map(siteOf))];
  const scopes = {
    auto: sites.length > 1 ? null : sites[0] ?? home,
    site: home,
    none: null,
  } as const;
  const nodes = (settings["nodes"] ?? "*").split(",").map((node) => node.trim());
  return {
    site,
    settings,
    host,
    cluster,
    scope: scopes[(settings["CLUSTER_SCOPE"] ?? "auto") as keyof typeof scopes],
    tags: ["proxmox-ve", "discovered", `proxmox-${host}`],
    tenant: settings["TENANT_NAME"] ?? null,
    nodeRows,
    isOn: (setting) => settings[setting] === "true",
    siteOf,
    isInScope: (node) => (nodes.length === 1 && nodes[0] === "*") || nodes.includes(node),
  };
}
