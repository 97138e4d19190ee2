/**
 * Time of `survey` with 100,000 objects in a served NetBox, which takes 500 ms for a page (a real one takes about a
 * second), on Node and on Deno. Compared with the ideal: pages × time of a page ÷ NETBOX_CONCURRENCY.
 *
 *   npm run bench -- survey [--sizes 100000] [--runs 3]
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { NETBOX_SETTINGS } from "../../src/netbox/rest/settings.ts";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { TargetDraft } from "../../src/run-folder/target-draft.ts";
import { renderTable } from "../../src/terminal/tables.ts";
import { median, RUNTIMES } from "./measure.ts";

const LATENCY_MS = 500;
const CONCURRENCY = Number(NETBOX_SETTINGS.NETBOX_CONCURRENCY.default);
/** Each page but the first of a type begins with the last object of the page before it. */
const NEW_OBJECTS_IN_A_PAGE = 999;
const MB = 1e6;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPT = join(ROOT, "test/bench/measure-survey.ts");

interface Measured {
  readonly seconds: number;
  readonly objects: number;
  readonly peakBytes: number;
}

const TAGS = [{ id: 1, name: "discovered" }, { id: 2, name: "proxmox-ve" }];

const MAKERS: Partial<Record<SurveyedName, (id: number) => NetBoxObject>> = {
  "virtual-machine": (id) => ({
    id,
    name: `guest-${id}`,
    status: { value: "active" },
    cluster: { id: 1, name: "lab" },
    site: { id: 1, name: "HQ" },
    tenant: null,
    platform: { id: 1, name: "Debian 13" },
    vcpus: 2,
    memory: 4096,
    comments: "",
    primary_ip4: { id, address: addressOf(id) },
    primary_ip6: null,
    tags: TAGS,
    custom_fields: { proxmox_vmid: String(id), proxmox_node: "pve1" },
  }),
  "vm-interface": (id) => ({
    id,
    name: "net0",
    virtual_machine: { id, name: `guest-${id}` },
    enabled: true,
    mtu: null,
    primary_mac_address: { id, mac_address: "BC:24:11:00:00:01" },
    tags: TAGS,
  }),
  "virtual-disk": (id) => ({
    id,
    name: "scsi0",
    virtual_machine: { id, name: `guest-${id}` },
    size: 32_768,
    tags: TAGS,
    custom_fields: { proxmox_storage_pool: "local-lvm" },
  }),
  "ip-address": (id) => ({
    id,
    address: addressOf(id),
    vrf: null,
    status: { value: "active" },
    assigned_object_type: "virtualization.vminterface",
    assigned_object: { id, name: "net0", virtual_machine: { id, name: `guest-${id}` } },
    tags: TAGS,
  }),
};

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "100000" },
    runs: { type: "string", default: "3" },
  },
});
process.stdout.write(`${await benchSurvey(values.sizes.split(",").map(Number))}\n`);

async function benchSurvey(sizes: readonly number[]): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "proxmox-diode-bench-"));
  try {
    const rows = [];
    for (const size of sizes) {
      const target = join(work, `target-${size}`);
      const pages = await writeTarget(target, size);
      const server = await serving(target);
      try {
        const ideal = pages * LATENCY_MS / 1000 / CONCURRENCY;
        for (const [name, command] of Object.entries(RUNTIMES)) {
          const all: Measured[] = [];
          for (let run = 0; run < Number(values.runs); run += 1) {
            all.push(await measure([...command, SCRIPT, join(work, "surveyed")], server.env));
          }
          const seconds = median(all.map((each) => each.seconds));
          rows.push([
            all[0]?.objects ?? 0,
            name,
            pages,
            seconds.toFixed(2),
            ideal.toFixed(2),
            (seconds / ideal).toFixed(2),
            Math.round(Math.max(...all.map(({ peakBytes }) => peakBytes)) / MB),
          ]);
        }
      } finally {
        server.stop();
      }
    }
    const head = ["Objects", "With", "Pages", "Seconds", "Ideal s", "Ratio", "Peak MB"];
    return renderTable(head, rows);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** A quarter of the objects each are virtual machines, their NICs, disks and addresses. Returns the number of pages. */
async function writeTarget(folder: string, size: number): Promise<number> {
  const draft = TargetDraft.empty(await openStore(folder), {
    url: "https://netbox.example.net",
    started_at: "2026-10-05T08:30:00Z",
  });
  await draft.begin();
  let pages = 0;
  for (const { name } of SURVEYED) {
    const objects = objectsOf(name, size / 4);
    await draft.add(name, objects);
    await draft.end(name);
    pages += Math.max(1, Math.ceil((objects.length - 1) / NEW_OBJECTS_IN_A_PAGE));
  }
  await draft.finish({
    netbox: { url: "https://netbox.example.net", version: "4.7.3" },
    missing: [],
  });
  return pages;
}

function objectsOf(name: SurveyedName, count: number): NetBoxObject[] {
  const make = MAKERS[name];
  return make === undefined ? [] : Array.from({ length: count }, (_, i) => make(i + 1));
}

function addressOf(id: number): string {
  return `10.${id >> 16}.${(id >> 8) & 255}.${id & 255}/8`;
}

async function serving(target: string) {
  const args = ["src/cli.ts", "serve-netbox", target, "--latency", `${LATENCY_MS}ms`, "--json"];
  const child = spawn("node", args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { url, token } = JSON.parse(line.toString()) as Record<string, string>;
  return {
    env: { NETBOX_URL: url ?? "", NETBOX_TOKEN: token ?? "" },
    stop: () => child.kill(),
  };
}

async function measure(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Measured> {
  const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Measured;
}
