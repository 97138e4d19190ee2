/**
 * The golden cases, and `npm run golden`, which writes them again. Read the diff before you commit it:
 * every changed line is something that a user's NetBox would see.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TOOL } from "../../src/base/tool.ts";
import { MAPPING_VERSION } from "../../src/transform/mapping/tables.ts";
import { runCli } from "./run-cli.ts";
import { madeIn, type MappingRecord, nextRecord } from "./mapping-record.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface GoldenCase {
  readonly name: string;
  readonly args: readonly string[];
  /** Relative to the root: the folder that contains the expected netbox/. */
  readonly expected: string;
  readonly env?: Readonly<Record<string, string>>;
}

const FIXTURES = ["pve7", "pve8", "pve9", "standalone", "standalone-no-sys-audit", "two-sites"];

const EXTENSIONS = [
  "--all-interfaces",
  "--lxc-live-addresses",
  "--clear-empty",
  "--device-cluster",
  "--platform-without-agent=keep",
  "--disk-base-unit=1000",
  "--tenant-name=Brightwater",
  "--node-device-type=R650",
  "--node-device-role=Virtualisation host",
  "--node-manufacturer=Dell",
];

const NETWORK_EXTENSIONS = [
  "--network-depth=full",
  "--all-interfaces",
  "--cloud-init-addresses",
  "--guest-serial",
  "--suspended-status=paused",
];

export const GOLDEN_CASES: readonly GoldenCase[] = [
  { name: "example", args: ["transform", "snapshots/example"], expected: "snapshots/example" },
  golden("example-extensions", ["transform", "snapshots/example", ...EXTENSIONS]),
  golden("example-rules", [
    "transform",
    "snapshots/example",
    "--config=snapshots/example-policy.yaml",
  ]),
  golden("example-target", [
    "transform",
    "snapshots/example",
    "--target=snapshots/example-netbox",
  ]),
  ...FIXTURES.map((name) => golden(name, ["transform", `test/fixtures/${name}`])),
  golden("two-sites-prefix-per-site", [
    "transform",
    "test/fixtures/two-sites",
    "--nodes=*",
    "--prefix-scope=site",
  ]),
  golden("two-sites-cluster-scope-site", [
    "transform",
    "test/fixtures/two-sites",
    "--nodes=*",
    "--cluster-scope=site",
  ]),
  golden("vlans", ["transform", "test/fixtures/vlans", ...NETWORK_EXTENSIONS]),
  golden("sdn", ["transform", "test/fixtures/sdn", "--network-depth=full"]),
  golden("two-clusters", ["transform", "test/fixtures/pve8", "test/fixtures/second-cluster"]),
  { ...golden("bootstrap", ["bootstrap"]), env: { SOURCE_DATE_EPOCH: "1767225600" } },
];

function golden(name: string, args: readonly string[]): GoldenCase {
  return { name, args, expected: `test/golden/${name}` };
}

/** Runs the command of the case with this runtime, which writes netbox/ into the folder. */
export async function runCase({ args, env = {} }: GoldenCase, out: string): Promise<void> {
  const { code, stderr } = await runCli([...args, "--out", out, "--quiet"], { env });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
}

const MAPPING_RECORD = join(ROOT, "test/golden/mapping-version.json");

export async function readMappingRecord(): Promise<MappingRecord> {
  return JSON.parse(await readFile(MAPPING_RECORD, "utf8")) as MappingRecord;
}

/** The mapping record of the current golden files. */
export async function currentMappingRecord(): Promise<MappingRecord> {
  const folders: Record<string, MappingRecord["folders"][string]> = {};
  for (const { expected } of GOLDEN_CASES) folders[expected] = await madeIn(join(ROOT, expected));
  return { mapping_version: MAPPING_VERSION, tool_version: TOOL.version, folders };
}

async function writeAll(): Promise<void> {
  const before = await readMappingRecord().catch(() => undefined);
  for (const each of GOLDEN_CASES) {
    const out = await mkdtemp(join(tmpdir(), "golden-"));
    await runCase(each, out);
    const target = join(ROOT, each.expected, "netbox");
    await rm(target, { recursive: true, force: true });
    await cp(join(out, "netbox"), target, { recursive: true });
    await rm(out, { recursive: true });
    process.stdout.write(`${each.expected}\n`);
  }
  const record = nextRecord(before, await currentMappingRecord());
  await writeFile(MAPPING_RECORD, `${JSON.stringify(record, null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await writeAll();
