/** A NetBox that a run has filled, plans for it written by hand, and the command `tidy` on them. */
import { encodeUtf8 } from "../../src/base/text.ts";
import { fileEntry, seal, unseal } from "../../src/run-folder/manifest.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import {
  type KeptItem,
  PLAN_FILE,
  type PlanItem,
  planText,
  type TidyPlan,
} from "../../src/run-folder/tidy-plan.ts";
import { buildSet } from "./entity-set.ts";
import { type Finished, runCli } from "./run-cli.ts";
import {
  type Row,
  type Rows,
  type SmallNetBox,
  type SmallNetBoxOptions,
  startSmallNetBox,
  TOKEN,
} from "./small-netbox.ts";
import { surveyedRows } from "./surveying.ts";

export const HOST_TAG = "proxmox-10.0.0.1";
const TAGS = [
  { id: 1, name: "discovered", slug: "discovered" },
  { id: 2, name: HOST_TAG, slug: "proxmox-10-0-0-1" },
];
const OURS = { tags: TAGS, description: "", custom_fields: {} };
const CLUSTER = { id: 1, name: "lab" };

function choice(value: string) {
  return { value, label: value };
}

function machine(id: number, name: string, more: object = {}): Row {
  return {
    id,
    name,
    status: choice("active"),
    cluster: CLUSTER,
    primary_ip4: null,
    primary_ip6: null,
    vcpus: 2,
    memory: 4096,
    ...OURS,
    custom_fields: { proxmox_vmid: String(100 + id) },
    ...more,
  };
}

function brief(id: number, name: string): object {
  return { id, name };
}

/** Machines web (1), db (2), and old (3) with NIC 30, disk 31, address 32 and MAC address 33; VLAN 20 twice. */
export function tidyRows(): Rows {
  const old = brief(3, "old");
  const nic = { id: 30, name: "net0", virtual_machine: old };
  const address = { id: 32, address: "10.0.0.7/24" };
  return surveyedRows({
    "extras/tags": [...TAGS.map((tag) => ({ ...tag })), { id: 3, name: "blue", slug: "blue" }],
    "virtualization/clusters": [{ ...CLUSTER, ...OURS }],
    "virtualization/virtual-machines": [
      machine(1, "web", { tags: [...TAGS, { id: 3, name: "blue", slug: "blue" }] }),
      machine(2, "db"),
      machine(3, "old", { primary_ip4: address }),
    ],
    "virtualization/interfaces": [
      {
        ...nic,
        enabled: true,
        mode: choice("access"),
        untagged_vlan: { id: 12, name: "VLAN 20", vid: 20 },
        tagged_vlans: [],
        primary_mac_address: { id: 33, mac_address: "BC:24:11:00:00:01" },
        ...OURS,
      },
    ],
    "virtualization/virtual-disks": [
      { id: 31, name: "scsi0", virtual_machine: old, size: 1024, ...OURS },
    ],
    "ipam/ip-addresses": [{
      ...address,
      status: choice("active"),
      role: null,
      vrf: null,
      dns_name: "",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: 30,
      assigned_object: nic,
      ...OURS,
    }],
    "dcim/mac-addresses": [{
      id: 33,
      mac_address: "BC:24:11:00:00:01",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: 30,
      assigned_object: nic,
      comments: "",
      ...OURS,
    }],
    "ipam/vlans": [11, 12].map((id) => ({ id, vid: 20, name: "VLAN 20", site: null, ...OURS })),
    "ipam/services": [],
    "tenancy/contact-assignments": [],
    "extras/journal-entries": [],
    "extras/image-attachments": [],
  });
}

export function planItem(
  item: Pick<PlanItem, "action" | "type" | "id" | "name"> & Partial<PlanItem>,
): PlanItem {
  return {
    url: `https://netbox.example.net/${item.type}/${item.id}/`,
    changes: [],
    why: "Proxmox VE says so",
    evidence: [{ of: "answer", file: "pve/cluster.json", path: "/cluster/resources?type=vm" }],
    seen: { tags: ["discovered", HOST_TAG] },
    ...item,
  };
}

export const RENAME = planItem({
  action: "rename",
  type: "virtual-machine",
  id: 1,
  name: "web",
  changes: [{ type: "virtual-machine", id: 1, field: "name", from: "web", to: "www" }],
  seen: { "name": "web", "custom_fields.proxmox_vmid": "101", "tags": ["discovered"] },
});
export const RELEASE = planItem({
  action: "release",
  type: "ip-address",
  id: 32,
  name: "10.0.0.7/24",
  changes: [
    { type: "virtual-machine", id: 3, field: "primary_ip4", from: 32, to: null },
    {
      type: "ip-address",
      id: 32,
      field: "assigned_object",
      from: "virtualization.vminterface:30",
      to: null,
    },
  ],
  seen: { address: "10.0.0.7/24" },
});
const REMOVE_NAMES = [
  ["virtual-disk", 31, "old/scsi0"],
  ["ip-address", 32, "10.0.0.7/24"],
  ["vm-interface", 30, "old/net0"],
  ["virtual-machine", 3, "old"],
] as const;
export const REMOVALS: readonly PlanItem[] = REMOVE_NAMES.map(([type, id, name]) =>
  planItem({ action: "remove", type, id, name })
);
export const UNTAG = planItem({
  action: "untag",
  type: "virtual-machine",
  id: 1,
  name: "web",
  changes: [{ type: "virtual-machine", id: 1, field: "tags", from: "blue", to: null }],
});
export const JOIN = planItem({
  action: "join",
  type: "vlan",
  id: 12,
  name: "VLAN 20",
  into: 11,
  changes: [{ type: "vm-interface", id: 30, field: "untagged_vlan", from: 12, to: 11 }],
  seen: { vid: 20 },
});

/** Writes a run folder with this plan. */
export async function writePlan(
  folder: string,
  url: string,
  items: readonly PlanItem[],
  more: Partial<TidyPlan> & { readonly kept?: KeptItem[] } = {},
): Promise<void> {
  await buildSet(folder, {});
  const store = await openStore(folder);
  const bytes = encodeUtf8(planText({
    target: { url, sha256: "ab".repeat(32), surveyed_at: "2026-11-28T12:00:00Z" },
    ours: 100,
    items: [...items],
    kept: [],
    ...more,
  }));
  await store.write(PLAN_FILE, bytes);
  const manifest = Buffer.from(await store.read("netbox/manifest.json") ?? []).toString();
  const document = unseal(manifest, "manifest.json").document as { files: object[] };
  const files = [...document.files, fileEntry(PLAN_FILE, bytes)];
  await store.write("netbox/manifest.json", encodeUtf8(seal({ ...document, files })));
}

export async function startTidyNetBox(options: SmallNetBoxOptions = {}): Promise<SmallNetBox> {
  return await startSmallNetBox({ rows: tidyRows(), isWritable: true, ...options });
}

export const TIDY_ENV = {
  NETBOX_TOKEN: TOKEN,
  NETBOX_RETRY_DELAY: "1ms",
  NETBOX_MAX_RETRIES: "2",
};

export async function runTidyCli(args: readonly string[]): Promise<Finished> {
  return await runCli(["tidy", ...args], { env: TIDY_ENV });
}

/** Method and path of each request that changes something. */
export function changesAsked({ asked }: Pick<SmallNetBox, "asked">): readonly string[] {
  return asked.filter(({ method, url }) => method !== "GET" && /\/\d+\/$/.test(url.pathname))
    .map(({ method, url }) => `${method} ${url.pathname.replace(/^\/api\/|\/$/g, "")}`);
}

/** All objects, without what an undo cannot restore: ids, and so the order. */
export function withoutIds(rows: Rows): unknown {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value)
      .filter(([key, part]) => !["id", "assigned_object_id"].includes(key) && part !== null)
      .map(([key, part]) => [key, plain(part)] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
  };
  return Object.fromEntries(
    Object.entries(rows).map(([path, list]) => [
      path,
      list.map((row) => JSON.stringify(plain(row))).sort(),
    ]),
  );
}
