/** The command log, on a history of six days; the golden files are written again with `vitest -u`. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { recordedRuns } from "../../src/run-folder/run-record.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { cliFolders, expectError } from "../helpers/cli-folders.ts";
import { ROOT } from "../helpers/golden.ts";
import { recordedHistory, runOfDay } from "../helpers/recorded-history.ts";
import { runCli } from "../helpers/run-cli.ts";

const GOLDEN = join(ROOT, "test/golden/history");

const { fresh } = cliFolders();
let history = "";

beforeAll(async () => {
  history = fresh();
  await recordedHistory(history);
});

async function log(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(["log", history, ...args]);
  const isThing = args[0]?.includes("/");
  const warning = `What changed is not known completely in ${
    runOfDay("2026-11-28")
  }: it has no record`;
  expect([code, stderr.trim()]).toEqual([0, isThing ? expect.stringContaining(warning) : ""]);
  return stdout;
}

async function logJson(...args: string[]) {
  return JSON.parse(await log(...args, "--json"));
}

async function expectGolden(text: string, file: string): Promise<void> {
  await expect(text.replaceAll(history, "snapshots/lab")).toMatchFileSnapshot(join(GOLDEN, file));
}

test("the records of the history", async () => {
  const store = await openStore(history);
  for (const run of await recordedRuns(store)) {
    const file = `log/${run}.jsonl`;
    await expectGolden(await readFile(join(history, file), "utf8"), file);
  }
  expect(await recordedRuns(store)).toHaveLength(5);
});

const FORMATS = { txt: [], md: ["--markdown"], json: ["--json"] } as const;

describe.each(Object.entries(FORMATS))("the output as %s", (ending, args) => {
  test("lists the runs", async () => {
    await expectGolden(await log(...args), `log.${ending}`);
  });

  test("shows what changed on a guest", async () => {
    await expectGolden(await log("vm/101", ...args), `log-vm-101.${ending}`);
  });
});

describe("one thing", () => {
  /** Run and change, one pair a line. */
  const changesOf = async (thing: string, ...args: string[]): Promise<string[]> => {
    const { found } = await logJson(thing, ...args);
    return found.flatMap((
      { changes }: { changes: { run: string; what: string; change: string }[] },
    ) => changes.map(({ run, what, change }) => `${run.slice(8, 10)} ${what} ${change}`));
  };

  test("that could not be read and was changed meanwhile", async () => {
    expect(await changesOf("vm/102")).toMatchInlineSnapshot(`
      [
        "24 vm/102 present",
        "26 vm/102 unread",
        "27 vm/102 read",
        "27 vm/102/scsi0 changed",
      ]
    `);
  });

  test("that gave its VMID to a guest of another kind", async () => {
    expect(await changesOf("vm/103")).toMatchInlineSnapshot(`
      [
        "24 vm/103 present",
        "27 vm/103 changed",
        "27 vm/103/net0 added",
      ]
    `);
    expect(await log("vm/103")).toContain("custom_fields.proxmox_vm_type.text: lxc → qemu\n");
  });

  test("has the same log under all of its names", async () => {
    const expected = await changesOf("vm/101");
    expect(await changesOf("vm/web-01")).toEqual(expected);
    expect(await changesOf("vm/web-02")).toEqual(expected);
    expect(await changesOf("virtual-machine/101")).toEqual(expected);
  });

  test("is a part of a guest, an address, a MAC address, a node or a shared object", async () => {
    expect(await changesOf("disk/102/scsi0")).toMatchInlineSnapshot(`
      [
        "24 vm/102 present",
        "26 vm/102 unread",
        "27 vm/102 read",
        "27 vm/102/scsi0 changed",
      ]
    `);
    expect(await changesOf("nic/101/net0")).toEqual(["24 vm/101 present"]);
    expect(await changesOf("ip/10.0.0.5")).toEqual(["24 vm/101 present"]);
    expect(await changesOf("mac/bc-24-11-00-00-03")).toEqual(["27 vm/103/net0 added"]);
    expect(await changesOf("node/PVE1")).toEqual(["24 node/pve1 present"]);
    expect(await changesOf("vlan/30")).toEqual(["24 vlan/30 present"]);
  });

  test("that returns", async () => {
    const { found: [{ changes }] } = await logJson("vm/104");
    expect(changes).toMatchInlineSnapshot(`
      [
        {
          "change": "present",
          "entity": "virtual-machine build",
          "kept": false,
          "node": "pve1",
          "parts": [
            "scsi0",
          ],
          "run": "2026-11-24T06-00-00Z",
          "what": "vm/104",
        },
        {
          "change": "gone",
          "entity": "virtual-machine build",
          "kept": true,
          "node": "pve1",
          "parts": [
            "scsi0",
          ],
          "run": "2026-11-26T06-00-00Z",
          "what": "vm/104",
        },
        {
          "change": "added",
          "entity": "virtual-machine build",
          "gone_since": "2026-11-26T06-00-00Z",
          "kept": true,
          "node": "pve1",
          "parts": [
            "scsi0",
          ],
          "run": "2026-11-27T06-00-00Z",
          "what": "vm/104",
        },
        {
          "change": "gone",
          "entity": "virtual-machine build",
          "kept": true,
          "node": "pve1",
          "parts": [
            "scsi0",
          ],
          "run": "2026-11-29T06-00-00Z",
          "what": "vm/104",
        },
      ]
    `);
  });

  test("has only its changes in the selected runs", async () => {
    expect(await changesOf("vm/101", "--since", "2026-11-25")).toHaveLength(1);
    expect(await changesOf("vm/101", "--last", "2")).toEqual([]);
    expect(await log("vm/101", "--last", "2")).toContain("No recorded change");
  });

  test("is unknown, and similar names are suggested", async () => {
    expectError(
      await runCli(["log", history, "vm/web-03"]),
      2,
      `No "vm/web-03" in any run of ${history}`,
      "Did you mean vm/web-02, vm/web-01?",
    );
    expectError(await runCli(["log", history, "vm"]), 2, "Write a thing as kind/name", "mac");
  });

  test("is in the files of a history without records", async () => {
    const copied = fresh();
    await recordedHistory(copied);
    const store = await openStore(copied);
    await store.removeFolder("log");
    const { stdout } = await runCli(["log", copied, "vm/web-02"]);
    expect(stdout).toContain("vm/101: virtual-machine web-02\n\nNo recorded change");
  });
});

describe("the list", () => {
  test("has only the selected runs", async () => {
    const runsOf = async (...args: string[]): Promise<string[]> =>
      (await logJson(...args)).runs.map(({ run }: { run: string }) => run.slice(8, 10));
    expect(await runsOf("--last", "2")).toEqual(["29", "30"]);
    expect(await runsOf("--since", "2026-11-28")).toEqual(["28", "29", "30"]);
    expect(await runsOf("--since", "2026-11-28T06:00:01Z", "--last", "1")).toEqual(["30"]);
    expectError(await runCli(["log", history, "--last", "0"]), 2, "--last must be a whole number");
    const wrongDay = await runCli(["log", history, "--since", "2026-13-01"]);
    expectError(wrongDay, 2, "--since must be a date");
    expect(await log("--since", "2027-01-01")).toBe("\nNo run since then\n\n");
  });

  test("names a damaged record, and shows the other runs", async () => {
    const copied = fresh();
    await recordedHistory(copied);
    const file = join(copied, `log/${runOfDay("2026-11-26")}.jsonl`);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("timed-out", "timed-otu"));
    const { code, stdout } = await runCli(["log", copied]);
    expect(code).toBe(0);
    expect(stdout.split("\n").filter((line) => line.includes("2026-11-"))).toHaveLength(7);
    expect(stdout).toContain("damaged: Cannot read the record");
    const one = await runCli(["log", copied, "vm/101"]);
    expect(one.code).toBe(0);
    expect(one.stderr).toContain(
      "What changed is not known completely in 2026-11-26T06-00-00Z: Cannot",
    );
    await writeFile(file, text.slice(0, -2));
    const cut = await runCli(["log", copied, "vm/101", "--json"]);
    expect(JSON.parse(cut.stdout).unreadable).toEqual([
      { run: runOfDay("2026-11-26"), why: "the file was cut off: 1 change lost" },
      { run: runOfDay("2026-11-28"), why: "it has no record" },
    ]);
  });
});

test("wrong arguments are refused", async () => {
  expectError(await runCli(["log"]), 2, "Missing argument: a history");
  expectError(await runCli(["log", history, "--since", "yesterday"]), 2, "--since must be a date");
  expectError(await runCli(["log", history, "--last=-1"]), 2, "--last must be a whole number");
  expectError(await runCli(["log", history, "--json", "--markdown"]), 2, "exclude each other");
  expectError(await runCli(["log", join(ROOT, "src")]), 5, "it is no history, or is empty");
});
