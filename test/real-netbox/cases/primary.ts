/** Primary addresses with CLEAR_EMPTY: cleared when everything was read and no address exists, otherwise kept. */
import type { Answer } from "../../../src/proxmox/answers.ts";
import { agentRow, type LabGuest, type LabNode, labSite } from "../../helpers/lab.ts";
import { listAll } from "../server/rest.ts";
import { expectedOf, type Input, type Trial } from "../trial.ts";
import type { Case } from "./case.ts";

const DENIED: Answer = { status: 403, error: "Permission check failed" };
const MACS = ["BC:24:11:00:00:01", "BC:24:11:00:00:02"] as const;
const BOTH = ["10.0.0.5/24", "2001:db8::5/64"] as const;
const STATIC = `,ip=${BOTH[0]},ip6=${BOTH[1]}`;
const AGENT = { agent: "1", net0: `virtio=${MACS[0]},bridge=vmbr0` };

function nic(rest: string, i: 0 | 1 = 0): string {
  return `name=eth${i},bridge=vmbr0,hwaddr=${MACS[i]}${rest}`;
}

type Machine = { readonly guest: Omit<LabGuest, "vmid"> } | { readonly node: LabNode };

/** Two snapshots of a machine that has the primary addresses BOTH after the first. */
interface TwoSnapshots {
  readonly name: string;
  readonly before: Machine;
  readonly after: Machine;
  /** The primary addresses after the second. */
  readonly left: readonly (string | null)[];
  readonly settings?: Input["settings"];
}

function container(net: Readonly<Record<string, string>>, more: object = {}): Machine {
  return { guest: { kind: "lxc", config: net, ...more } };
}

function machine(interfaces: LabGuest["interfaces"]): Machine {
  return { guest: { config: AGENT, ...(interfaces === undefined ? {} : { interfaces }) } };
}

function node(network: NonNullable<LabNode["network"]>): Machine {
  return { node: { network } };
}

const WRITTEN = container({ net0: nic(STATIC) });
const ANSWERED = machine([agentRow(MACS[0], BOTH)]);
const BRIDGE = { iface: "vmbr0", type: "bridge", active: 1, priority: 1 };
const ADDRESSED = node([{ ...BRIDGE, cidr: BOTH[0], cidr6: BOTH[1] }]);

const SNAPSHOT_PAIRS: readonly TwoSnapshots[] = [
  {
    name: "a container that sets its own addresses keeps its primary ones",
    before: WRITTEN,
    after: container({ net0: nic("") }),
    left: BOTH,
  },
  {
    name: "a container keeps its primary address of the family that its config leaves open",
    before: WRITTEN,
    after: container({ net0: nic(",ip=manual") }),
    left: [BOTH[0], null],
  },
  {
    name: "a container keeps its primary addresses while one of its NICs is open",
    before: WRITTEN,
    after: container({ net0: nic(`,ip=${BOTH[0]}`), net1: nic("", 1) }),
    left: BOTH,
  },
  {
    name: "a container that is known to have no address of a family loses its primary one",
    before: WRITTEN,
    after: container({ net0: nic(`,ip6=${BOTH[1]}`) }),
    left: [null, BOTH[1]],
  },
  {
    name: "a running container that has no address of a family loses its primary one",
    before: WRITTEN,
    after: container({ net0: nic("") }, { interfaces: [agentRow(MACS[0], [BOTH[0]])] }),
    left: [BOTH[0], null],
    settings: { LXC_LIVE_ADDRESSES: "true" },
  },
  {
    name: "a guest whose agent could not be read keeps its primary addresses",
    before: ANSWERED,
    after: machine(DENIED),
    left: BOTH,
  },
  {
    name: "a guest whose agent has no address loses its primary ones",
    before: ANSWERED,
    after: machine([agentRow(MACS[0], [])]),
    left: [null, null],
  },
  {
    name: "a node whose network could not be read keeps its primary addresses",
    before: ADDRESSED,
    after: node(DENIED),
    left: BOTH,
  },
  {
    name: "a node that has no address loses its primary ones, unless DHCP may give it one",
    before: ADDRESSED,
    after: node([{ ...BRIDGE, method: "dhcp", method6: "manual" }]),
    left: [BOTH[0], null],
  },
];

/** With one machine: a guest runs on a node without addresses. */
function siteOf(one: Machine, day: number) {
  const node = "node" in one ? one.node : { network: [] };
  const guests = "guest" in one ? [{ vmid: 101, ...one.guest }] : [];
  const capturedAt = `2026-01-0${day}T03:04:05Z`;
  return labSite({ nodes: { pve1: node }, guests, capturedAt });
}

export const PRIMARY_CASES: readonly Case[] = SNAPSHOT_PAIRS.map((pair) => ({
  holds: "5",
  name: pair.name,
  run: (trial: Trial) => pushBoth(trial, pair),
}));

async function pushBoth(
  trial: Trial,
  { before, after, left, settings = {} }: TwoSnapshots,
): Promise<void> {
  const given = { CLEAR_EMPTY: "true", ...settings };
  const first = { runs: [siteOf(before, 2)], settings: given };
  const then = { runs: [siteOf(after, 3)], settings: given };
  const path = "node" in before ? "dcim/devices" : "virtualization/virtual-machines";
  await trial.push(await trial.transform(first));
  await expectPrimary(trial, path, BOTH);
  const entities = await trial.transform(then);
  await trial.push(entities);
  await expectPrimary(trial, path, left);
  const expected = await expectedOf(first);
  expected.turnTo(await expectedOf(then), { clears: true });
  await trial.compare(expected);
  await trial.pushAgain(entities);
}

/** Written by hand, independent of the judge. */
async function expectPrimary(
  trial: Trial,
  path: string,
  expected: TwoSnapshots["left"],
): Promise<void> {
  const rows = await listAll(trial.netbox, path);
  const found = rows.map((row) => ["primary_ip4", "primary_ip6"].map((key) => addressOf(row[key])));
  if (JSON.stringify(found) === JSON.stringify([expected])) return;
  trial.findings.push(`${path}: primary are ${JSON.stringify(found)}, and not [${expected}]`);
}

function addressOf(value: unknown): string | null {
  return value === null ? null : (value as { readonly address: string }).address;
}
