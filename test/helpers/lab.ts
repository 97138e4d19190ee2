/**
 * Small sites from a short description. By default nodes are online and guests run.
 *
 *   lab({ guests: [{ vmid: 101, config: { net0: "virtio=BC:24:11:00:00:01,tag=10" } }] })
 */
import { type GuestKind, PATHS } from "../../src/proxmox/endpoints.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { inMemory, only, type Outcome, transformed } from "./in-memory.ts";
import { type AnswersByPath, ok, type Site } from "./snapshot-builder.ts";

type Row = Readonly<Record<string, unknown>>;
/** The data of an answer with status 200, or a whole answer; null: no answer. */
type Given<Data> = Data | Answer | null;

export interface LabGuest {
  readonly vmid: number | string;
  readonly kind?: GuestKind;
  readonly node?: string;
  /** Replaces values in the row of a running guest; undefined removes a key. */
  readonly row?: Row;
  /** The whole config. */
  readonly config?: Given<Row>;
  readonly osinfo?: Given<Row>;
  /** The agent's rows, or a container's. */
  readonly interfaces?: Given<readonly unknown[]>;
}

export interface LabNode {
  /** Its row of /nodes; null: it is not listed. */
  readonly row?: Row | null;
  readonly status?: Given<Row>;
  readonly network?: Given<readonly unknown[]>;
  readonly more?: AnswersByPath;
}

export interface Lab {
  readonly nodes?: Readonly<Record<string, LabNode>>;
  readonly guests?: readonly LabGuest[];
  /** More rows of /cluster/resources. */
  readonly rows?: readonly unknown[];
  /** The name in /cluster/status; null: a standalone node. */
  readonly cluster?: string | null;
  readonly clusterStatus?: Answer;
  /** More cluster-wide answers, or replacements. */
  readonly more?: AnswersByPath;
  readonly host?: string;
  readonly capturedAt?: string;
  readonly recorded?: Site["settings"];
}

export function labSite(lab: Lab): Site {
  const { nodes = { pve1: {} }, guests = [], rows = [], cluster = "lab" } = lab;
  const listed = Object.entries(nodes).filter(([, { row }]) => row !== null);
  const status = listed.map(([node]) => ({ type: "node", id: `node/${node}`, name: node }));
  return {
    cluster: {
      [PATHS.clusterStatus]: lab.clusterStatus ??
        ok(
          cluster === null
            ? status
            : [{ type: "cluster", id: "cluster", name: cluster }, ...status],
        ),
      [PATHS.nodes]: ok(listed.map(([node, { row }]) => ({ node, status: "online", ...row }))),
      [PATHS.resources]: ok([...guests.map(listingOf), ...rows]),
      ...lab.more,
    },
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([node, facts]) => [node, answersOf(node, facts, guests)]),
    ),
    ...(lab.host === undefined ? {} : { host: lab.host }),
    ...(lab.capturedAt === undefined ? {} : { capturedAt: lab.capturedAt }),
    ...(lab.recorded === undefined ? {} : { settings: lab.recorded }),
  };
}

export function lab(parts: Lab, name?: string): Snapshot {
  return inMemory(labSite(parts), name);
}

/** Transforms a site with the guest 101, by default a QEMU virtual machine. */
export async function guest101(guest: Omit<LabGuest, "vmid">, settings?: SettingTexts) {
  return oneOf(await transformed(lab({ guests: [{ vmid: 101, ...guest }] }), settings));
}

/** Transforms a site with one node that has these interfaces. */
export async function nodeWith(network: readonly unknown[], settings?: SettingTexts) {
  return oneOf(await transformed(lab({ nodes: { pve1: { network } } }), settings));
}

/** The outcome, with its only virtual machine or device. */
function oneOf(outcome: Outcome) {
  return {
    ...outcome,
    get vm() {
      return only(outcome.of("virtual-machine"));
    },
    get device() {
      return only(outcome.of("device"));
    },
  };
}

function listingOf({ vmid, kind = "qemu", node = "pve1", row }: LabGuest): Row {
  const id = `${kind}/${vmid}`;
  const name = `guest-${vmid}`;
  return defined({ id, type: kind, vmid, node, name, status: "running", maxcpu: 2, ...row });
}

function answersOf(node: string, facts: LabNode, guests: readonly LabGuest[]): AnswersByPath {
  const { status = { pveversion: "pve-manager/8.4.1/0123456789abcdef" }, network = [] } = facts;
  const answers: Record<string, Answer> = {};
  const put = (path: string, given: Given<unknown>): void => {
    if (given !== null) answers[path] = isAnswer(given) ? given : ok(given);
  };
  put(PATHS.nodeStatus(node), status);
  put(PATHS.network(node), network);
  for (const { vmid, kind = "qemu", node: home = "pve1", ...guest } of guests) {
    if (home !== node) continue;
    const at = { node, kind, vmid: Number(vmid) };
    const osinfo = guest.osinfo ?? null;
    const rows = guest.interfaces ?? null;
    put(PATHS.config(at), guest.config === undefined ? {} : guest.config);
    if (kind === "lxc") put(PATHS.lxcInterfaces(at), rows);
    else {
      put(PATHS.osinfo(at), isAnswer(osinfo) || osinfo === null ? osinfo : { result: osinfo });
      put(PATHS.agentInterfaces(at), isAnswer(rows) || rows === null ? rows : { result: rows });
    }
  }
  return { ...answers, ...facts.more };
}

function isAnswer(given: unknown): given is Answer {
  if (typeof given !== "object" || given === null) return false;
  return "failed" in given || "skipped" in given ||
    ("status" in given && typeof given.status === "number");
}

function defined(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** A row of the guest agent, or of a running container. */
export function agentRow(
  mac: string | null,
  addresses: readonly string[],
  more: Row = {},
): Record<string, unknown> {
  return {
    name: "eth0",
    ...(mac === null ? {} : { "hardware-address": mac }),
    "ip-addresses": addresses.map((text) => {
      const [host, length] = text.split("/");
      return { "ip-address": host, ...(length === undefined ? {} : { prefix: Number(length) }) };
    }),
    ...more,
  };
}
