/**
 * Snapshots that no Proxmox VE would give, transformed into entity files, and the checks that every
 * output must pass: see `expectSafeOutput`.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import {
  type EntitySummary,
  MAX_ENTITIES,
  MAX_FILE_BYTES,
  writeEntities,
} from "../../src/run-folder/entity-writer.ts";
import type { LeftOut, Note } from "../../src/run-folder/left-out.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { type SettingTexts } from "../../src/transform/settings.ts";
import { transform } from "../../src/transform/transform.ts";
import { parseRequest } from "./proto.ts";
import { answersText, sealFiles } from "./snapshot-builder.ts";
import { tempFolder, treeOf } from "./temp-folder.ts";

/** JSON texts that replace values of Proxmox VE. By default a guest that runs on a node. */
export interface HostileParts {
  readonly kind?: "qemu" | "lxc";
  /** Members of the guest's row, such as `"name":"x"`; they come last and replace others. */
  readonly row?: string;
  /** Whole `data`. */
  readonly resources?: string;
  readonly clusterStatus?: string;
  readonly nodes?: string;
  readonly nodeStatus?: string;
  readonly network?: string;
  readonly config?: string;
  readonly osinfo?: string;
  readonly interfaces?: string;
  /** Whole answers, by path in the node's file. */
  readonly answers?: Readonly<Record<string, string>>;
}

type Entity = Readonly<Record<string, unknown>> & { readonly name?: string };

export interface SafeOutput {
  readonly summary: EntitySummary;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
  /** The entities of one field of Diode's Entity, such as "virtual_machine". */
  of(field: string): Entity[];
}

const MAX_CHARS: Readonly<Record<string, number>> = {
  virtual_machine: 64,
  vm_interface: 64,
  interface: 64,
  device: 64,
  virtual_disk: 64,
  platform: 100,
  tag: 100,
  cluster: 100,
};

/** The files of a snapshot with these parts. */
export function hostileFiles(parts: HostileParts): Record<string, string> {
  const { kind = "qemu", row = '"name":"web1"' } = parts;
  const ok = (data: string): string => `{"data":${data},"status":200}`;
  const guest = `"id":"${kind}/101","type":"${kind}","vmid":101,"node":"pve1","status":"running"`;
  const [base, agent] = [`/nodes/pve1/${kind}/101`, "/nodes/pve1/qemu/101/agent"];
  return {
    "pve/cluster.json": answersText({
      "/cluster/resources?type=vm": ok(parts.resources ?? `[{${guest},${row}}]`),
      "/cluster/status": ok(parts.clusterStatus ?? '[{"type":"cluster","name":"lab"}]'),
      "/nodes": ok(parts.nodes ?? '[{"node":"pve1","status":"online"}]'),
    }),
    "pve/nodes/pve1.json": answersText({
      "/nodes/pve1/network": ok(parts.network ?? '[{"iface":"vmbr0","cidr":"10.0.0.2/24"}]'),
      "/nodes/pve1/status": ok(parts.nodeStatus ?? '{"pveversion":"pve-manager/8.4.1/x"}'),
      [`${base}/config?current=1`]: ok(parts.config ?? '{"agent":"1"}'),
      [`${base}/interfaces`]: ok(parts.interfaces ?? "[]"),
      [`${agent}/get-osinfo`]: ok(parts.osinfo ?? '{"result":{"name":"Debian"}}'),
      [`${agent}/network-get-interfaces`]: ok(parts.interfaces ?? '{"result":[]}'),
      ...parts.answers,
    }),
  };
}

/**
 * Nothing is thrown; only the run folder is written to; every file is a request within the limits that
 * Diode accepts; names have NetBox's length; no text contains a NUL; Object.prototype is unchanged.
 */
export async function expectSafeOutput(
  parts: HostileParts,
  settings: SettingTexts = {},
): Promise<SafeOutput> {
  const outer = await tempFolder();
  const folder = join(outer, "run");
  const ownKeys = Reflect.ownKeys(Object.prototype);
  const snapshot = await sealFiles(folder, hostileFiles(parts));
  const inputs = [{ snapshot, policy: parsePolicy({ PROXMOX_HOST: "pve1", ...settings }) }];
  const facts = { tool: { name: "proxmox-diode", version: "0.1.0" }, snapshots: [] };
  const summary = await writeEntities(await openStore(folder), transform(inputs), facts);
  expect(Reflect.ownKeys(Object.prototype)).toEqual(ownKeys);
  const files = summary.files.map(({ path }) => path);
  expect(Object.keys(await treeOf(outer))).toEqual(
    [...Object.keys(hostileFiles({})), ...files, "manifest.json", "netbox/manifest.json"]
      .map((file) => `run/${file}`).sort(),
  );
  const entities: [string, Entity][] = [];
  for (const file of files.filter((path) => !path.endsWith("left-out.json"))) {
    entities.push(...await checkedEntities(join(folder, file)));
  }
  const ledger = await readFile(join(folder, "netbox/left-out.json"), "utf8");
  const { left_out: leftOut, notes } = JSON.parse(ledger) as {
    left_out: LeftOut[];
    notes: Note[];
  };
  return {
    summary,
    leftOut,
    notes,
    of: (field) => entities.flatMap(([name, entity]) => (name === field ? [entity] : [])),
  };
}

async function checkedEntities(file: string): Promise<[string, Entity][]> {
  const text = await readFile(file, "utf8");
  expect(text.length).toBeLessThanOrEqual(MAX_FILE_BYTES);
  expect(text).not.toContain("\\u0000");
  const request = JSON.parse(text) as { entities: Record<string, Entity>[] };
  expect(request.entities.length).toBeLessThanOrEqual(MAX_ENTITIES);
  expect(() => parseRequest(request)).not.toThrow();
  return request.entities.map((entity): [string, Entity] => {
    const [field = "", value = {}] = Object.entries(entity)[1] ?? [];
    expect([...value.name ?? ""].length, field).toBeLessThanOrEqual(MAX_CHARS[field] ?? 100);
    return [field, value];
  });
}
