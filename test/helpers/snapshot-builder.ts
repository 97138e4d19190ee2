/**
 * Sealed snapshots from plain objects:
 *
 *   const snapshot = await buildSnapshot(folder, oneGuest({ config: { cores: 4 } }));
 *   const hostile = await sealFiles(folder, { "pve/cluster.json": answersText({ "/nodes": "…" }) });
 */
import { digest } from "../../src/base/digest.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import { CLUSTER_FILE, type GuestKind, nodeFile, PATHS } from "../../src/proxmox/endpoints.ts";
import { seal } from "../../src/run-folder/manifest.ts";
import {
  createSnapshotWriter,
  type ManifestFacts,
  openSnapshot,
} from "../../src/run-folder/snapshot-files.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { Manifest, Snapshot } from "../../src/run-folder/snapshot.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";

/** API path → answer. */
export type AnswersByPath = Readonly<Record<string, Answer>>;

export interface Site {
  readonly cluster: AnswersByPath;
  /** Node name → its answers. */
  readonly nodes: Readonly<Record<string, AnswersByPath>>;
  readonly host?: string;
  readonly settings?: NonNullable<Manifest["settings"]>;
  readonly capturedAt?: string;
}

/** Differences from a running guest on an online node; each part replaces defaults. */
export interface GuestParts {
  readonly node?: string;
  readonly kind?: GuestKind;
  readonly row?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly network?: readonly unknown[];
  readonly osinfo?: Readonly<Record<string, unknown>>;
  readonly interfaces?: readonly unknown[];
}

const NETWORK = [{ iface: "vmbr0", type: "bridge", cidr: "10.0.0.2/24", active: 1, priority: 3 }];
const CONFIGS = {
  qemu: {
    agent: "1",
    net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=10",
    scsi0: "local-lvm:vm-101-disk-0,size=32G",
  },
  lxc: {
    ostype: "debian",
    net0: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.0.0.101/24",
    rootfs: "local-lvm:vm-101-disk-0,size=8G",
  },
};
const INTERFACES = [{
  name: "eth0",
  "hardware-address": "bc:24:11:00:00:01",
  "ip-addresses": [{ "ip-address": "10.0.0.101", prefix: 24, "ip-address-type": "ipv4" }],
}];

/** HTTP 200. */
export function ok(data: unknown): Answer {
  return { status: 200, data };
}

/** Writes a snapshot as capture does, and reads it back. */
export async function buildSnapshot(at: Store | string, site: Site): Promise<Snapshot> {
  const store = typeof at === "string" ? await openStore(at) : at;
  const writer = createSnapshotWriter(store);
  await writer.write(CLUSTER_FILE, new Map(Object.entries(site.cluster)));
  for (const [node, answers] of Object.entries(site.nodes)) {
    const file = nodeFile(node);
    if (file === undefined) throw new Error(`A node cannot have a file by the name of "${node}"`);
    await writer.write(file, new Map(Object.entries(answers)));
  }
  await writer.finish(factsOf(site));
  return openSnapshot(store);
}

/** Seals any files: the hashes are valid, the contents may be invalid. */
export async function sealFiles(
  at: Store | string,
  files: Readonly<Record<string, string | Uint8Array>>,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<Snapshot> {
  const store = typeof at === "string" ? await openStore(at) : at;
  const entries = [];
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? encodeUtf8(content) : content;
    await store.write(path, bytes);
    entries.push({ path, bytes: bytes.byteLength, sha256: digest(bytes) });
  }
  const counts = { answers: 0, failed: 0, nodes: 0 };
  const outcome = { outcome: "complete", incomplete: [] };
  const manifest = { format: 1, ...factsOf({}), ...outcome, counts, files: entries, ...facts };
  await store.write("manifest.json", encodeUtf8(seal(manifest)));
  return openSnapshot(store);
}

/** API path → the JSON text of its answer; the text of an answers file that holds them. */
export function answersText(answers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(answers).map(([path, json]) => `${JSON.stringify(path)}: ${json}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** One node, "pve1", with one guest, 101. */
export function oneGuest(parts: GuestParts = {}): Site {
  const { node = "pve1", kind = "qemu" } = parts;
  const row = { id: `${kind}/101`, type: kind, vmid: 101, node, name: "web1", status: "running" };
  const guest = { node, kind, vmid: 101 };
  const live: AnswersByPath = kind === "lxc" ? {} : {
    [PATHS.osinfo(guest)]: ok({ result: { name: "Debian GNU/Linux", ...parts.osinfo } }),
    [PATHS.agentInterfaces(guest)]: ok({ result: parts.interfaces ?? INTERFACES }),
  };
  return {
    cluster: {
      [PATHS.clusterStatus]: ok([{ type: "cluster", id: "cluster", name: "lab" }]),
      [PATHS.nodes]: ok([{ node, status: "online", maxcpu: 8, maxmem: 2 ** 34 }]),
      [PATHS.resources]: ok([{ ...row, maxcpu: 2, maxmem: 2 ** 31, ...parts.row }]),
    },
    nodes: {
      [node]: {
        [PATHS.network(node)]: ok(parts.network ?? NETWORK),
        [PATHS.nodeStatus(node)]: ok({ pveversion: "pve-manager/8.4.1/0123456789abcdef" }),
        [PATHS.config(guest)]: ok({ ...CONFIGS[kind], ...parts.config }),
        ...live,
      },
    },
  };
}

function factsOf(site: Partial<Site>): ManifestFacts {
  return {
    tool: { name: "proxmox-diode", version: "0.1.0" },
    source: { host: site.host ?? "pve1.example.net" },
    ...(site.settings && { settings: site.settings }),
    scope: { nodes: ["*"] },
    captured_at: site.capturedAt ?? "2026-01-02T03:04:05Z",
  };
}
