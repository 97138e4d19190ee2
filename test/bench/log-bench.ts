/**
 * Time and memory of `log` and of one guest's log as whole processes, in generated histories with 1,000 guests and
 * six changes in each run, on Node and on Deno.
 *
 *   npm run bench -- log [--sizes 100,1000] [--runs 3]
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runNameOf } from "../../src/run-folder/history.ts";
import {
  RUN_RECORD_FORMAT,
  type RunChange,
  writeRunRecord,
} from "../../src/run-folder/run-record.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { groupDigits, renderTable } from "../../src/terminal/tables.ts";
import { measure, type Measured, median, RUNTIMES } from "./measure.ts";

const GUESTS = 1000;
/** 96 runs a day. */
const EVERY_MS = 15 * 60 * 1000;
const FIRST = Date.parse("2026-01-01T00:00:00Z");
/** Retention has removed the folders of older runs. */
const KEPT = 100;
const MB = 1e6;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "100,1000" },
    runs: { type: "string", default: "3" },
  },
});
const work = await mkdtemp(join(tmpdir(), "proxmox-diode-bench-"));
try {
  const rows = [];
  for (const size of values.sizes.split(",").map(Number)) {
    const history = join(work, String(size));
    const bytes = await writeHistory(history, size);
    for (const [runtime, command] of Object.entries(RUNTIMES)) {
      for (const thing of [[], ["vm/500"], ["vm/guest-500"], ["ip/10.0.1.244"]]) {
        const all: Measured[] = [];
        for (let run = 0; run < Number(values.runs); run += 1) {
          all.push(await measure(command, "measure-log.ts", ["log", history, ...thing]));
        }
        rows.push([
          groupDigits(size),
          groupDigits(Math.round(bytes / size)),
          `log ${thing.join("")}`.trim(),
          runtime,
          median(all.map(({ seconds }) => seconds)).toFixed(2),
          Math.round(Math.max(...all.map(({ peakBytes }) => peakBytes)) / MB),
        ]);
      }
    }
  }
  const head = ["Runs", "Bytes/run", "Command", "Runtime", "Seconds", "Peak MB"];
  process.stdout.write(`${renderTable(head, rows)}\n`);
} finally {
  await rm(work, { recursive: true });
}

/** Returns the bytes below log/. */
async function writeHistory(folder: string, runs: number): Promise<number> {
  const history = await openStore(folder);
  let bytes = 0;
  for (let nth = 0; nth < runs; nth += 1) {
    const [run, before] = [runOf(nth), runOf(nth - 1)];
    const time = new Date(FIRST + nth * EVERY_MS).toISOString();
    const changes = nth === 0 ? guestNumbers().map(present) : changesOf(nth);
    await writeRunRecord(history, {
      format: RUN_RECORD_FORMAT,
      tool: { name: "proxmox-diode", version: "0.1.0" },
      run,
      started_at: time,
      ended_at: time,
      exit_code: 0,
      stages: { capture: 30, transform: 1, push: 3 },
      capture: { outcome: "partial", guests: GUESTS, nodes: 8, missing: { "agent-error": 3 } },
      entities: { total: 14_000, left_out: 300 },
      ...(nth > 0 && {
        changes: { since: before, added: 4, changed: 4, gone: 3, unread: 0, read: 0 },
      }),
      push: {
        target: "grpcs://diode.example.net/diode",
        mode: "differences",
        since: before,
        sent: 11,
        rejected: 0,
        state: "confirmed",
      },
    }, changes);
    bytes += (await history.read(`log/${run}.jsonl`))?.length ?? 0;
    if (nth >= runs - KEPT) await mkdir(join(folder, run));
  }
  return bytes;
}

function runOf(nth: number): string {
  return runNameOf(new Date(FIRST + nth * EVERY_MS).toISOString().replace(/\.\d+/, ""));
}

function guestNumbers(): number[] {
  return Array.from({ length: GUESTS }, (_, i) => i + 1);
}

function present(vmid: number): RunChange {
  return {
    what: `vm/${vmid}`,
    entity: `virtual-machine guest-${vmid}`,
    change: "present",
    node: `pve${vmid % 8}`,
    parts: ["net0", `net0/10.0.${vmid >> 8}.${vmid & 255}/16`, "scsi0"],
    also: [`mac/BC:24:11:00:${hex(vmid >> 8)}:${hex(vmid & 255)}`],
  };
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

/** Three guests change, one gets a disk, one comes and one goes. */
function changesOf(nth: number): RunChange[] {
  const vmid = (i: number): number => 1 + (nth * 7 + i * 131) % GUESTS;
  const changed = [0, 1, 2].map((i): RunChange => ({
    what: `vm/${vmid(i)}`,
    entity: `virtual-machine guest-${vmid(i)}`,
    change: "changed",
    node: `pve${nth % 8}`,
    fields: [
      { field: "node", from: `pve${(nth + 7) % 8}`, to: `pve${nth % 8}` },
      { field: "memory", from: "2048", to: "4096" },
    ],
  }));
  const disk = `${vmid(3)}/scsi${nth % 30}`;
  return [
    ...changed,
    { what: `vm/${disk}`, entity: `virtual-disk guest-${disk}`, change: "added" },
    { ...present(vmid(4)), change: "added" },
    { ...present(vmid(5)), change: "gone" },
  ];
}
