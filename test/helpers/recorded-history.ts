/**
 * A history of six days, made with real transforms: of a guest that is renamed and moves, one that cannot be read
 * for a day, one that returns, and a VMID that a guest of another kind gets. Two folders were removed by retention,
 * one run has no record, and one was interrupted.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { TOOL } from "../../src/base/tool.ts";
import { changesBetween } from "../../src/history/changes.ts";
import { storedRuns } from "../../src/history/stored-run.ts";
import { CAPTURE_JOURNAL_FILE } from "../../src/run-folder/capture-journal.ts";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { capturedAtOf, runNameOf } from "../../src/run-folder/history.ts";
import {
  RUN_RECORD_FORMAT,
  type RunRecord,
  writeRunRecord,
} from "../../src/run-folder/run-record.ts";
import { folderIn, openStore } from "../../src/run-folder/store/store.ts";
import { agentRow, type LabGuest, labSite } from "./lab.ts";
import { buildRunFiles, writeRunFiles } from "./run-in-memory.ts";

const TARGET = "grpcs://diode.example.net/diode";
const TIMEOUT = { failed: "timeout" } as const;

function web(name: string, node: string, config: Readonly<Record<string, unknown>> = {}): LabGuest {
  const mac = "BC:24:11:00:00:01";
  return {
    vmid: 101,
    node,
    row: { name },
    config: {
      agent: "1",
      memory: "2048",
      ostype: "l26",
      net0: `virtio=${mac},bridge=vmbr0,tag=30`,
      scsi0: "local:1,size=8G",
      ...config,
    },
    osinfo: { name: "Debian GNU/Linux", "version-id": "13" },
    interfaces: [agentRow(mac.toLowerCase(), ["10.0.0.5/24"])],
  };
}

const DB: LabGuest = { vmid: 102, row: { name: "db" }, config: { scsi0: "local:2,size=16G" } };
const CACHE: LabGuest = { vmid: 103, kind: "lxc", row: { name: "cache" }, config: {} };
const MAIL: LabGuest = {
  vmid: 103,
  row: { name: "mail" },
  config: { net0: "virtio=BC:24:11:00:00:03" },
};
const BUILD: LabGuest = { vmid: 104, row: { name: "build" }, config: { scsi0: "local:4,size=4G" } };
const WEB_02 = web("web-02", "pve2", { memory: "4096" });

/** TABLE: the guests of each day, and what the run made of them. */
const DAYS: readonly {
  readonly day: string;
  readonly guests: readonly LabGuest[];
  /** undefined: no record is written. */
  readonly record?: Partial<RunRecord>;
}[] = [
  {
    day: "2026-11-24",
    guests: [web("web-01", "pve1"), DB, CACHE, BUILD],
    record: { push: pushed({ mode: "whole", why: "it is the first run", sent: 40 }) },
  },
  {
    day: "2026-11-25",
    guests: [WEB_02, DB, CACHE, BUILD],
    record: { push: pushed({ sent: 7 }) },
  },
  {
    day: "2026-11-26",
    guests: [WEB_02, { ...DB, config: TIMEOUT }, CACHE],
    record: {
      capture: { outcome: "partial", guests: 3, nodes: 2, missing: { "timed-out": 1 } },
      push: pushed({ state: "acknowledged", sent: 1 }),
    },
  },
  {
    day: "2026-11-27",
    guests: [WEB_02, { ...DB, config: { scsi0: "local:2,size=32G" } }, MAIL, BUILD],
    record: {
      exit_code: 6,
      error: "Cannot reach grpcs://diode.example.net/diode: connection refused",
      push: pushed({ state: "partial", sent: 2 }),
    },
  },
  { day: "2026-11-28", guests: [WEB_02, MAIL, BUILD] },
  { day: "2026-11-29", guests: [WEB_02, MAIL], record: { resumed: true } },
];

function pushed(push: Partial<NonNullable<RunRecord["push"]>>): NonNullable<RunRecord["push"]> {
  return { target: TARGET, mode: "differences", sent: 0, rejected: 0, state: "confirmed", ...push };
}

export function runOfDay(day: string): string {
  return `${day}T06-00-00Z`;
}

export async function recordedHistory(folder: string): Promise<void> {
  const history = await openStore(folder);
  for (const { day, guests, record } of DAYS) {
    const run = runOfDay(day);
    const site = labSite({ guests, nodes: { pve1: {}, pve2: {} }, capturedAt: capturedAtOf(run) });
    await writeRunFiles(await buildRunFiles(site), join(folder, run));
    if (record === undefined) continue;
    const set = await openEntities(folderIn(history, run));
    const { counts, lines } = await changesBetween(storedRuns(history, run), set);
    const { counts: steps, left_out: leftOut } = set.manifest;
    await writeRunRecord(history, {
      format: RUN_RECORD_FORMAT,
      // The records are golden files, which a release does not change.
      tool: { ...TOOL, version: "0.1.0" },
      run,
      started_at: capturedAtOf(run),
      ended_at: `${day}T06:00:42Z`,
      exit_code: 0,
      stages: { capture: 30, transform: 2, push: 10 },
      capture: { outcome: "complete", guests: guests.length, nodes: 2, missing: {} },
      entities: { total: total(steps), left_out: total(leftOut) },
      ...(counts && { changes: counts }),
      ...record,
    }, lines);
  }
  await rm(join(folder, runOfDay("2026-11-24")), { recursive: true });
  await rm(join(folder, runOfDay("2026-11-25")), { recursive: true });
  const interrupted = runNameOf("2026-11-30T06:00:00Z");
  await history.write(`${interrupted}/${CAPTURE_JOURNAL_FILE}`, new Uint8Array());
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
