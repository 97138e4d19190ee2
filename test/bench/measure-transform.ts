/**
 * One measurement, in a process of its own: `node test/bench/measure-transform.ts floor|transform RUN OUT [TARGET]`.
 * Prints one JSON line: { seconds, entities, peakBytes }. Imports are done before the clock starts.
 *
 * floor: read, hash and JSON.parse the snapshot; JSON.stringify, hash and write the same entities, and the same
 * records and notes of left-out.json.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeEntities } from "../../src/run-folder/entity-writer.ts";
import { keepHeapSmall } from "../../src/terminal/process.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { TOOL } from "../../src/base/tool.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import { targetOf } from "../../src/transform/command/transform.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { transform } from "../../src/transform/transform.ts";
import { peakBytes } from "./measure.ts";

/** A line of an entity file, or of left-out.json. */
const ROW_REGEXP = /^\{"(?:timestamp|what)":/;
const ROWS_AT_ONCE = 1000;

keepHeapSmall();
const [what = "", run = "", out = "", target] = process.argv.slice(2);
const measured = what === "floor" ? await measureFloor() : await measureTransform();
process.stdout.write(`${JSON.stringify({ ...measured, peakBytes: await peakBytes() })}\n`);

async function measureTransform(): Promise<{ seconds: number; entities: number }> {
  const start = performance.now();
  const snapshot = await openSnapshot(await openStore(run));
  const policy = parsePolicy({ PROXMOX_HOST: snapshot.manifest.source.host });
  const netbox = target === undefined ? undefined : await openTargetFolder(await openStore(target));
  const known = netbox && { target: await targetOf(netbox) };
  const facts = { tool: TOOL, snapshots: [{ sha256: snapshot.sha256, policy: {} }] };
  const { counts } = await writeEntities(
    await openStore(out),
    transform([{ snapshot, policy }], known),
    facts,
  );
  const entities = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { seconds: (performance.now() - start) / 1000, entities };
}

/** `out` contains the entity files of `run`. */
async function measureFloor(): Promise<{ seconds: number; entities: number }> {
  const files = await readdir(join(run, "pve"), { recursive: true });
  let start = performance.now();
  for (const file of files.filter((name) => name.endsWith(".json"))) {
    const bytes = await readFile(join(run, "pve", file));
    createHash("sha256").update(bytes).digest("hex");
    JSON.parse(bytes.toString());
  }
  let milliseconds = performance.now() - start;
  const copy = `${out}.floor`;
  await mkdir(copy, { recursive: true });
  let entities = 0;
  for (const file of await readdir(join(out, "netbox"))) {
    const lines = (await readFile(join(out, "netbox", file), "utf8")).split("\n")
      .filter((line) => ROW_REGEXP.test(line));
    for (let from = 0; from < lines.length; from += ROWS_AT_ONCE) {
      const rows = lines.slice(from, from + ROWS_AT_ONCE)
        .map((line): unknown => JSON.parse(line.replace(/,$/, "")));
      start = performance.now();
      const text = rows.map((row) => JSON.stringify(row)).join(",\n");
      const bytes = new TextEncoder().encode(text);
      createHash("sha256").update(bytes).digest("hex");
      await writeFile(join(copy, file), bytes, { flag: "a" });
      milliseconds += performance.now() - start;
      if (file !== "left-out.json") entities += rows.length;
    }
  }
  await rm(copy, { recursive: true });
  return { seconds: milliseconds / 1000, entities };
}
