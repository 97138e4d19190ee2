/** A second snapshot of a site: changes are applied, and unread values are kept. */
import type { Answer } from "../../../src/proxmox/answers.ts";
import { agentRow, type LabGuest, type LabNode, labSite } from "../../helpers/lab.ts";
import type { Site } from "../../helpers/snapshot-builder.ts";
import { describe } from "../findings.ts";
import { expectedOf, type Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { keepPrimaryAddress, REASSIGN_PRIMARY } from "./reassigned-primary.ts";

const DENIED: Answer = { status: 403, error: "Permission check failed" };
const NO_ROUTE: Answer = { status: 595, error: "No route to host" };
const OSINFO = { name: "Debian GNU/Linux", "version-id": "13" };

/** The description of a guest. Its default address is derived from its VMID. */
interface GuestOptions {
  readonly vmid: number;
  readonly node?: string;
  readonly row?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly addresses?: readonly string[];
  readonly tag?: number;
}

function macOf(vmid: number): string {
  return `BC:24:11:00:01:${String(vmid - 100).padStart(2, "0")}`;
}

/** A running guest whose agent answers. */
function guest({ vmid, node = "pve1", tag, ...options }: GuestOptions): LabGuest {
  const addresses = options.addresses ?? [`10.0.0.${vmid}/24`];
  return {
    vmid,
    node,
    row: { name: `guest-${vmid}`, maxmem: 2 ** 30, tags: "web", ...options.row },
    config: {
      agent: "1",
      ostype: "l26",
      description: `Notes of ${vmid}`,
      net0: `virtio=${macOf(vmid)},bridge=vmbr0${tag === undefined ? "" : `,tag=${tag}`}`,
      scsi0: `local-lvm:vm-${vmid}-disk-0,size=8G`,
      ...options.config,
    },
    osinfo: OSINFO,
    interfaces: [agentRow(macOf(vmid), addresses)],
  };
}

function network(host: number): readonly unknown[] {
  return [{ iface: "vmbr0", type: "bridge", cidr: `10.0.0.${host}/24`, active: 1, priority: 1 }];
}

interface Change {
  readonly name: string;
  readonly before: readonly LabGuest[];
  /** Changed guests; others are unchanged. */
  readonly after: readonly LabGuest[];
  /** Nodes that are offline in the second snapshot. */
  readonly off?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
  /** Pushes until NetBox refuses nothing, in any order of the entities; default 1. */
  readonly pushes?: number;
  /** Host addresses that NetBox keeps on their old guests after every push. */
  readonly stays?: readonly string[];
}

const NOT_ASKED = { osinfo: null, interfaces: null };

const MOVED: Pick<Change, "before" | "after"> = {
  before: [
    guest({ vmid: 101 }),
    guest({ vmid: 102, tag: 10 }),
    guest({ vmid: 103, config: { net1: "virtio=BC:24:11:00:02:01", scsi1: "ssd:d,size=1G" } }),
  ],
  after: [
    guest({ vmid: 101, node: "pve2" }),
    guest({
      vmid: 102,
      tag: 20,
      row: { tags: "web;prod", maxmem: 2 ** 31 },
      config: { description: "New notes", onboot: 1, scsi0: "ssd:vm-102-disk-0,size=16G" },
    }),
    guest({
      vmid: 103,
      addresses: ["10.0.0.103/24", "10.0.0.203/24", "2001:db8::103/64"],
      config: { net2: "virtio=BC:24:11:00:02:02,tag=20", scsi2: "local-lvm:e,size=1G" },
    }),
  ],
};

const NOT_READ: Pick<Change, "before" | "after" | "off"> = {
  before: [
    guest({ vmid: 104, tag: 10 }),
    guest({ vmid: 105, node: "pve2" }),
    guest({ vmid: 106, tag: 10 }),
    guest({ vmid: 107 }),
  ],
  after: [
    {
      ...guest({ vmid: 104, row: { name: undefined, status: "unknown" } }),
      config: NO_ROUTE,
      ...NOT_ASKED,
    },
    { ...guest({ vmid: 105, node: "pve2" }), config: NO_ROUTE, ...NOT_ASKED },
    { ...guest({ vmid: 106 }), config: DENIED, ...NOT_ASKED },
    { ...guest({ vmid: 107, row: { status: "stopped" } }), ...NOT_ASKED },
  ],
  off: ["pve2"],
};

const EMPTIED: Pick<Change, "before" | "after"> = {
  before: [guest({ vmid: 113, row: { hastate: "started" }, tag: 10 })],
  after: [{
    ...guest({
      vmid: 113,
      addresses: [],
      row: { tags: "" },
      config: { description: "", ostype: "other" },
    }),
    osinfo: {},
  }],
};

const CHANGES: readonly Change[] = [
  { name: "a guest that moved, and guests with changed or added values, are updated", ...MOVED },
  { name: "guests and a node that can no longer be read are kept", ...NOT_READ },
  {
    name: "an address moves to a guest with a higher VMID when its old guest has another one",
    before: [guest({ vmid: 107 }), guest({ vmid: 108, addresses: [] })],
    after: [
      guest({ vmid: 107, addresses: ["10.0.0.117/24"] }),
      guest({ vmid: 108, addresses: ["10.0.0.107/24"] }),
    ],
    pushes: 2,
  },
  {
    name: "an address moves to a guest with a lower VMID when its old guest has another one",
    before: [guest({ vmid: 107, addresses: [] }), guest({ vmid: 108 })],
    after: [
      guest({ vmid: 107, addresses: ["10.0.0.108/24"] }),
      guest({ vmid: 108, addresses: ["10.0.0.118/24"] }),
    ],
    pushes: 2,
  },
  {
    name: "an address stays on its old guest when that guest is stopped",
    before: [guest({ vmid: 109 }), guest({ vmid: 110, addresses: [] })],
    after: [
      { ...guest({ vmid: 109, row: { status: "stopped" } }), ...NOT_ASKED },
      guest({ vmid: 110, addresses: ["10.0.0.109/24"], row: { tags: "new" } }),
    ],
    stays: ["10.0.0.109"],
  },
  {
    name: "two guests that swap their primary addresses keep them in NetBox",
    before: [guest({ vmid: 107 }), guest({ vmid: 108 })],
    after: [
      guest({ vmid: 107, addresses: ["10.0.0.108/24"] }),
      guest({ vmid: 108, addresses: ["10.0.0.107/24"] }),
    ],
    stays: ["10.0.0.107", "10.0.0.108"],
  },
  {
    name: "trunks are added to an access port",
    before: [guest({ vmid: 111, tag: 30 })],
    after: [
      guest({
        vmid: 111,
        config: { net0: `virtio=${macOf(111)},bridge=vmbr0,tag=30,trunks=31;32` },
      }),
    ],
  },
  { name: "values that became empty are kept", ...EMPTIED },
  {
    name: "values that became empty are cleared with CLEAR_EMPTY",
    ...EMPTIED,
    settings: { CLEAR_EMPTY: "true" },
  },
];

/** Two nodes with one bridge each; offline nodes do not answer. */
function siteOf(
  guests: readonly LabGuest[],
  { day, off = [] }: { readonly day: number; readonly off?: readonly string[] },
): Site {
  const nodes = ["pve1", "pve2"].map((node, i): [string, LabNode] => [
    node,
    off.includes(node)
      ? { row: { status: "offline" }, status: NO_ROUTE, network: NO_ROUTE }
      : { row: { maxcpu: 8, maxmem: 2 ** 34 }, network: network(i + 1) },
  ]);
  const capturedAt = `2026-01-0${day}T03:04:05Z`;
  return labSite({ nodes: Object.fromEntries(nodes), guests, capturedAt });
}

export const CHANGE_CASES: readonly Case[] = CHANGES.map((change) => ({
  holds: "5",
  name: change.name,
  run: (trial: Trial) => second(trial, change),
}));

async function second(trial: Trial, change: Change): Promise<void> {
  const { before, after, off = [], settings = {}, pushes = 1, stays = [] } = change;
  const changed = before.map((one) => after.find(({ vmid }) => vmid === one.vmid) ?? one);
  const first = { runs: [siteOf(before, { day: 2 })], settings };
  const then = { runs: [siteOf(changed, { day: 3, off })], settings };
  await trial.push(await trial.transform(first));
  const entities = await trial.transform(then);
  for (let i = 1; i < pushes; i += 1) {
    const sentences = (await trial.tryPush(entities)).flatMap(describe);
    trial.findings.push(...sentences.filter((one) => !REASSIGN_PRIMARY.test(one)));
    trial.remarks.push(...sentences.map((one) => `in push ${i} of ${pushes}, ${one}`));
  }
  await trial.push(entities, stays.length > 0 ? REASSIGN_PRIMARY : undefined);
  const known = await expectedOf(first);
  const expected = await expectedOf(first);
  const later = await expectedOf(then);
  // Diode removes nothing, neither objects that no longer exist nor those that were not read.
  const left = known.missingIn(later).map((one) => `no longer sent, and still in NetBox: ${one}`);
  trial.remarks.push(...left);
  expected.turnTo(later, { clears: "CLEAR_EMPTY" in settings });
  for (const host of stays) keepPrimaryAddress(host, known, expected);
  await trial.compare(expected);
  await trial.pushAgain(entities, stays.length > 0 ? REASSIGN_PRIMARY : undefined);
}
