/** run --history: what a run of a history sends, keeps and records, with a cluster that changes between the runs. */
import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../src/base/text.ts";
import { takeLock } from "../src/history/lock.ts";
import { runsIn } from "../src/run-folder/history.ts";
import { readRunRecord, recordedRuns, type RunRecord } from "../src/run-folder/run-record.ts";
import { openStore, readRequired, type Store } from "../src/run-folder/store/store.ts";
import { ModelNetBox } from "./helpers/applied.ts";
import { expectError } from "./helpers/cli-folders.ts";
import {
  type DiodeAndNetBox,
  diodeAndNetBox,
  type Disturbances,
} from "./helpers/diode-and-netbox.ts";
import type { LabGuest } from "./helpers/lab.ts";
import { type Finished, runCli, startCli } from "./helpers/run-cli.ts";
import { clockAt, ended, siteGuest, siteOf, siteSettings } from "./helpers/site-runs.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const WEB = siteGuest(101, "web", { address: "10.0.0.11/24", tags: "prod" });
const DB = siteGuest(102, "db", { address: "10.0.0.12/24" });
const MAIL = siteGuest(103, "mail", { address: "10.0.0.13/24" });
const GUESTS = [WEB, DB, MAIL];
/** The same with another description. */
const NEW_DB = { ...DB, config: { ...DB.config, description: "replica" } };

const DAY_MS = 86_400_000;

/** While the first run pushes. */
const GOES_AWAY = { outage: { afterApplied: 10, forMs: 60_000 } };

interface Site {
  readonly both: DiodeAndNetBox;
  readonly place: string;
  readonly history: Store;
  /** Servers of clusters with these guests. */
  settings(guests: readonly LabGuest[]): Promise<Record<string, string>>;
  run(guests: readonly LabGuest[], options?: RunOptions): Promise<Finished>;
  /** The records, oldest first. */
  records(): Promise<RunRecord[]>;
}

interface RunOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function newSite(disturbances: Disturbances = {}): Promise<Site> {
  const both = await diodeAndNetBox(disturbances);
  const place = join(await tempFolder(), "history");
  const history = await openStore(place);
  const settings = (guests: readonly LabGuest[]) => siteSettings(both, siteOf(guests));
  return {
    both,
    place,
    history,
    settings,
    async run(guests, { args = [], env = {} } = {}) {
      const all = { ...await settings(guests), ...env };
      return await runCli(["run", "--history", place, ...args], { env: all });
    },
    async records() {
      const runs = await recordedRuns(history);
      return (await Promise.all(runs.map((run) => readRunRecord(history, run))))
        .filter((record) => record !== undefined);
    },
  };
}

describe("run --history", () => {
  test("sends all entities at first, then nothing, then only what changed", async () => {
    const site = await newSite();
    const first = await site.run(GUESTS);
    ended(first);
    expect(first.stderr).toContain("Sending all entities: it is the first run");
    const made = site.both.model.changes.length;
    const second = await site.run(GUESTS);
    ended(second);
    expect(second.stderr).toContain("Sending what differs from the run");
    expect(site.both.model.changes).toHaveLength(made);
    ended(await site.run([WEB, NEW_DB, MAIL]));
    expect(site.both.model.changes.slice(made).map(({ name, field }) => [name, field])).toEqual([
      ["db", "comments"],
    ]);
    const records = await site.records();
    expect(records.map(({ exit_code, push }) => [exit_code, push?.mode, push?.state])).toEqual([
      [0, "whole", "confirmed"],
      [0, "differences", "confirmed"],
      [0, "differences", "confirmed"],
    ]);
    expect(records.map(({ push }) => push?.sent)).toEqual([records[0]?.entities?.total, 0, 1]);
    expect(records.map(({ changes }) => changes?.changed)).toEqual([undefined, 0, 1]);
    expect(records[2]).toMatchObject({
      capture: { outcome: "complete", guests: 3, nodes: 1, missing: {} },
      push: { since: records[1]?.run },
    });
    expect(await runsIn(site.history)).toEqual(records.map(({ run }) => run));
  });

  test("captures nothing when the cluster cannot be reached, and recovers", async () => {
    const site = await newSite();
    ended(await site.run(GUESTS));
    const away = await site.run(GUESTS, { env: { PROXMOX_PORT: "1" } });
    expectError({ ...away, stderr: errorIn(away) }, 6, "127.0.0.1");
    ended(await site.run([WEB, NEW_DB]));
    const records = await site.records();
    expect(records.map(({ exit_code, push }) => [exit_code, push?.sent])).toEqual([
      [0, records[0]?.entities?.total],
      [6, undefined],
      [0, 1],
    ]);
    expect(records[1]?.error).toContain("127.0.0.1");
    // Compared with the first one.
    expect(records[2]?.changes).toMatchObject({ since: records[0]?.run, changed: 1 });
  });
});

describe("a history with a NetBox that cannot be read", () => {
  test("builds on what Diode has acknowledged, with a warning", async () => {
    const site = await newSite();
    const env = { NETBOX_URL: "", NETBOX_TOKEN: "", PUSH_BOOTSTRAP_WAIT: "0" };
    const first = await site.run(GUESTS, { env });
    ended(first);
    const second = await site.run([WEB, NEW_DB, MAIL], { env });
    ended(second);
    expect(second.stderr).toContain("The earlier run is acknowledged, not confirmed");
    const [, record] = await site.records();
    expect(record?.push).toMatchObject({ mode: "differences", state: "acknowledged", sent: 1 });
  });
});

describe("all entities are sent again", () => {
  test("after --full-every, counted from the last time", async () => {
    const clock = clockAt("2026-11-02T06:00:00Z");
    const site = await newSite();
    for (let day = 0; day < 5; day += 1) {
      ended(await site.run([WEB], { args: ["--full-every", "2d"] }));
      clock.advance(DAY_MS);
    }
    const records = await site.records();
    expect(records.map(({ push }) => push?.mode)).toEqual([
      "whole",
      "differences",
      "whole",
      "differences",
      "whole",
    ]);
    expect(records[2]?.push?.why).toContain("FULL_EVERY");
    expect(records.map(({ run }) => run)).toEqual(
      [2, 3, 4, 5, 6].map((day) => `2026-11-0${day}T06-00-00Z`),
    );
  });

  test("with --again", async () => {
    const site = await newSite();
    ended(await site.run([WEB]));
    ended(await site.run([WEB], { args: ["--again"] }));
    const [first, second] = await site.records();
    expect(second?.push).toMatchObject({ mode: "whole", sent: first?.push?.sent });
  });
});

describe("settings that name objects", () => {
  test("stop the run when they change, with a list of what would be doubled", async () => {
    const site = await newSite();
    const env = { CLUSTER_NAME: "lab" };
    ended(await site.run(GUESTS, { env }));
    const made = site.both.model.changes.length;
    const renamed = { env: { CLUSTER_NAME: "prod", PUSH_CONFIRM_TIMEOUT: "1s" } };
    const stopped = await site.run(GUESTS, renamed);
    ended(stopped, 2);
    expect(stopped.stderr).toContain('CLUSTER_NAME was "lab" and is "prod"');
    expect(stopped.stderr).toMatch(
      /NetBox would have these twice: clusters lab; .*virtual machines web, db, mail;/,
    );
    expect(site.both.model.changes).toHaveLength(made);
    // It stops each time, until somebody decides.
    ended(await site.run(GUESTS, renamed), 2);
    const accepted = await site.run(GUESTS, { ...renamed, args: ["--accept-identity-change"] });
    // The old machines keep their addresses.
    ended(accepted, 7);
    expect(site.both.model.all("virtual-machine")).toHaveLength(6);
    ended(await site.run(GUESTS, renamed), 7);
    const pushes = (await site.records()).map(({ exit_code, push }) => [exit_code, push?.mode]);
    expect(pushes).toEqual([
      [0, "whole"],
      [2, undefined],
      [2, undefined],
      [7, "whole"],
      [7, "differences"],
    ]);
  });
});

describe("PUSH_MAX_CHANGED", () => {
  test("stops a run with too many changes, whether it sends all or the differences", async () => {
    const site = await newSite();
    const args = ["--max-changed", "20%"];
    // The first run has nothing that could change.
    ended(await site.run(GUESTS, { args }));
    const fewer = await site.run([WEB], { args });
    ended(fewer, 2);
    expect(fewer.stderr).toContain("Refused to push: ");
    ended(await site.run([WEB], { args: [...args, "--again"] }), 2);
    ended(await site.run([WEB], { args: [...args, "--yes"] }));
    const records = await site.records();
    expect(records.map(({ push }) => push?.mode)).toEqual([
      "whole",
      undefined,
      undefined,
      "differences",
    ]);
  });
});

describe("a place", () => {
  /** As the user names it, in the current folder → the folder. */
  test.each([
    [".", "."],
    ["./", "."],
    ["./lab", "lab"],
    ["lab/", "lab"],
    ["lab//", "lab"],
    ["./sites//lab/", "sites/lab"],
    ["sites/../lab", "lab"],
    ["my lab", "my lab"],
    [" lab ", " lab "],
    ["lab #1?", "lab #1?"],
    ["100%25", "100%25"],
    ["Zürich/東京", "Zürich/東京"],
    ["lab@latest", "lab@latest"],
    ["lab@example.com", "lab@example.com"],
    ["it's", "it's"],
    ["C:/histories/lab", "C:/histories/lab"],
    [String.raw`C:\histories\lab`, String.raw`C:\histories\lab`],
    [String.raw`.\lab${"\\"}`, String.raw`.\lab${"\\"}`],
    ["2026-11-28T23-32-21Z", "2026-11-28T23-32-21Z"],
  ])("called %j", async (place, folder) => {
    const site = await newSite();
    const settings = [await site.settings(GUESTS), await site.settings([WEB, NEW_DB, MAIL])];
    const home = await tempFolder();
    const before = process.cwd();
    process.chdir(home);
    onTestFinished(() => process.chdir(before));
    for (const env of settings) ended(await runCli(["run", "--history", place], { env }));
    const history = await openStore(join(home, folder));
    const runs = await runsIn(history);
    expect(await recordedRuns(history)).toEqual(runs);
    expect(await readRunRecord(history, runs[1] ?? "")).toMatchObject({
      changes: { since: runs[0], changed: 1 },
      push: { mode: "differences", since: runs[0], sent: 1, state: "confirmed" },
    });
    // Nothing is beside it.
    expect(await readdir(home)).toEqual(
      folder === "." ? expect.anything() : [folder.split("/")[0]],
    );
    const log = await runCli(["log", place, "--json"]);
    ended(log);
    expect(JSON.parse(log.stdout).runs).toHaveLength(2);
    const diff = await runCli(["diff", `${place}@latest~1`, `${place}@latest`, "--exit-code"]);
    ended(diff, 3);
    expect(diff.stdout).toContain("replica");
    ended(await runCli(["verify", `${place}@${runs[0]}`]));
    // Its chapter on the history has both.
    const page = join(home, "page.html");
    ended(await runCli(["report", `${place}@latest`, "--out", page]));
    const html = await readFile(page, "utf8");
    expect(runs.filter((run) => !html.includes(run))).toEqual([]);
  });
});

describe("a second run at the same time", () => {
  test("ends with 6 and the name of the holder, and leaves no record", async () => {
    const site = await newSite();
    const lock = await takeLock(site.history);
    const second = await site.run(GUESTS);
    expectError(second, 6, `process ${process.pid}`);
    expect(await recordedRuns(site.history)).toEqual([]);
    await lock.release();
    ended(await site.run(GUESTS));
  });

  test("is seen in the log, where the run at work has no record yet", async () => {
    const site = await newSite();
    ended(await site.run([WEB]));
    const [run = ""] = await runsIn(site.history);
    await site.history.remove(`log/${run}.jsonl`);
    const log = async () => (await runCli(["log", site.place])).stdout;
    expect(await log()).toMatch(/no record\s*$/);
    const lock = await takeLock(site.history);
    expect(await log()).toContain(`no record; at work, or killed: ${hostname()} (process`);
    await lock.release();
  });

  test("that takes the lock of a paused one makes the paused one stop", async () => {
    const site = await newSite(GOES_AWAY);
    const env = await site.settings(GUESTS);
    const program = startCli(["run", "--history", site.place], { env });
    await vi.waitFor(() => expect(site.both.isAway).toBe(true), { timeout: 10_000 });
    // For the clock of the other machine it has shown no sign of life for long.
    const lock = await takeLock(site.history, {
      now: () => new Date(Date.now() + DAY_MS),
      self: { host: "other", pid: 1 },
    });
    site.both.goAway(0);
    const paused = await program.ended;
    ended(paused, 6);
    expect(paused.stderr).toContain("other");
    expect(await recordedRuns(site.history)).toEqual([]);
    await lock.release();
  });
});

describe("a run that somebody stops", () => {
  test("is recorded, and continued by the next one", async () => {
    const site = await newSite(GOES_AWAY);
    const env = await site.settings(GUESTS);
    const program = startCli(["run", "--history", site.place], { env });
    await vi.waitFor(() => expect(site.both.isAway).toBe(true), { timeout: 10_000 });
    ended(await program.stop("SIGINT"), 130);
    const [stopped] = await site.records();
    expect(stopped).toMatchObject({ exit_code: 130, push: { mode: "whole", state: "partial" } });
    site.both.goAway(0);
    const next = await runCli(["run", "--history", site.place], { env });
    ended(next);
    expect(next.stderr).toContain(`Continuing the run ${stopped?.run}`);
    const records = await site.records();
    expect(
      records.map(({ run, exit_code, resumed, push }) => [run, exit_code, resumed, push?.state]),
    )
      .toEqual([[stopped?.run, 0, true, "confirmed"]]);
  });

  test("sends the rest of all entities if it had begun to send all", async () => {
    const site = await newSite();
    const env = await site.settings([WEB]);
    const args = ["run", "--history", site.place];
    ended(await runCli(args, { env }));
    ended(await runCli([...args, "--again"], { env }));
    const [, run = ""] = await runsIn(site.history);
    // As if it had been killed after a few requests.
    await site.history.remove(`log/${run}.jsonl`);
    const [journal = ""] = await site.history.keys(`${run}/push`);
    const text = decodeUtf8(await readRequired(site.history, journal), journal);
    const lines = text.split("\n").slice(0, 6);
    await site.history.write(journal, encodeUtf8(`${lines.join("\n")}\n`));
    const next = await runCli(args, { env });
    ended(next);
    expect(next.stderr).toContain("Sending all entities: it continues a push of all entities");
    const [first, second] = await site.records();
    expect(second?.push).toMatchObject({ mode: "whole", sent: first?.push?.sent });
  });

  test("is not continued with other settings of the capture", async () => {
    const site = await newSite();
    ended(await site.run([WEB]));
    const [run = ""] = await runsIn(site.history);
    await site.history.remove(`log/${run}.jsonl`);
    // Another port.
    const next = await site.run([WEB]);
    ended(next);
    expect(next.stderr).not.toContain("Continuing");
    expect(await runsIn(site.history)).toHaveLength(2);
  });

  test("is not continued after an hour", async () => {
    const clock = clockAt("2026-11-02T06:00:00Z");
    const site = await newSite();
    const env = await site.settings([WEB]);
    ended(await runCli(["run", "--history", site.place], { env }));
    const [run = ""] = await runsIn(site.history);
    await site.history.remove(`log/${run}.jsonl`);
    clock.advance(DAY_MS / 24 + 1000);
    const next = await runCli(["run", "--history", site.place], { env });
    ended(next);
    expect(next.stderr).not.toContain("Continuing");
    expect(await runsIn(site.history)).toEqual([run, "2026-11-02T07-00-01Z"]);
  });
});

describe("retention", () => {
  test("removes old runs, and leaves their records", async () => {
    const clock = clockAt("2026-11-02T06:00:00Z");
    const site = await newSite();
    const env = { KEEP_LAST: "1", KEEP_DAILY: "2" };
    let last: Finished | undefined;
    for (let run = 0; run < 6; run += 1) {
      last = await site.run([WEB], { env, args: ["--survey"] });
      ended(last);
      clock.advance(DAY_MS / 2);
    }
    const kept = ["2026-11-02T06-00-00Z", "2026-11-03T18-00-00Z", "2026-11-04T18-00-00Z"];
    // The first one is the last that was sent as a whole.
    expect(await runsIn(site.history)).toEqual(kept);
    expect((await site.history.folders()).toSorted()).toEqual(
      [...kept.flatMap((run) => [run, `${run}-netbox`]), "lock", "log"].toSorted(),
    );
    expect(await recordedRuns(site.history)).toHaveLength(6);
    expect(last?.stderr).toContain("Removed 1 run: ");
    const log = await runCli(["log", site.place]);
    ended(log);
    expect(log.stdout.match(/folder removed/g)).toHaveLength(3);
  });
});

describe("run --history --tidy", () => {
  test("removes a guest when it was gone for GONE_AFTER, and not before", async () => {
    const clock = clockAt("2026-11-02T06:00:00Z");
    const model = new ModelNetBox();
    model.make("site", { name: "HQ" });
    const site = await newSite({ model });
    const env = { GONE_AFTER: "2d", GONE_STATUS: "decommissioning" };
    const args = ["--tidy"];
    const states: unknown[] = [];
    for (let day = 0; day < 5; day += 1) {
      ended(await site.run(day === 0 ? GUESTS : [WEB, DB], { args, env }));
      const mail = model.all("virtual-machine").find(({ name }) => name === "mail");
      states.push((mail?.["status"] as { value?: string } | undefined)?.value);
      clock.advance(DAY_MS);
    }
    expect(states).toEqual(["active", "decommissioning", "decommissioning", undefined, undefined]);
    const records = await site.records();
    expect(records.map(({ tidied }) => (tidied ?? 0) > 0)).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe("run --metrics", () => {
  test("writes what the run did, and the time of the last success", async () => {
    const clock = clockAt("2026-11-02T06:00:00Z");
    const site = await newSite();
    const file = join(await tempFolder(), "lab.prom");
    const args = ["--metrics", file];
    ended(await site.run(GUESTS, { args }));
    expect(await readFile(file, "utf8")).toContain(
      'proxmox_diode_guests{proxmox_host="127.0.0.1"} 3',
    );
    clock.advance(DAY_MS);
    ended(await site.run(GUESTS, { args, env: { PROXMOX_PORT: "1" } }), 6);
    const text = await readFile(file, "utf8");
    const success = Date.parse("2026-11-02T06:00:00Z") / 1000;
    expect(text).toContain('proxmox_diode_last_run_exit_code{proxmox_host="127.0.0.1"} 6');
    expect(text).toContain(
      `proxmox_diode_last_success_timestamp_seconds{proxmox_host="127.0.0.1"} ${success}`,
    );
    // A file that cannot be written does not fail the run.
    const lost = await site.run(GUESTS, { args: ["--metrics", join(file, "lost.prom")] });
    ended(lost);
    expect(lost.stderr).toContain("lost.prom");
  });
});

test("a history, or a wrong selector, where a run is needed says what to write", async () => {
  const site = await newSite();
  ended(await site.run([WEB]));
  expectError(await runCli(["inspect", site.place]), 5, "a history of 1 run", "@latest");
  const wrong = await runCli(["inspect", `${site.place}@yesterday`]);
  expectError(wrong, 5, "Name a run of a history by @latest");
  expectError(await runCli(["inspect", `${site.place}@2026-02-30`]), 5, "Name a run of a history");
});

describe("run --history refuses", () => {
  test.each([
    [["--out", "x"], "--history and --out exclude each other"],
    [["--since", "x"], "--history and --since exclude each other"],
    [["--resume"], "--history and --resume exclude each other"],
    [["--bootstrap"], "BOOTSTRAP (--bootstrap) excludes --survey, --tidy and --history"],
    [["--metrics", "x.txt"], ".prom"],
    [["--keep-last", "0"], "KEEP_LAST (--keep-last)"],
    [["--elsewhere", "x"], "--elsewhere requires --survey"],
  ])("%j", async (args, sentence) => {
    const site = await newSite();
    expectError(await site.run(GUESTS, { args }), 2, sentence);
    expect(await site.history.keys()).toEqual([]);
  });

  test("a run folder, and a place with a comma", async () => {
    const env = await (await newSite()).settings([WEB]);
    const run = await runCli(["run", "--history", "snapshots/example"], { env });
    expectError(run, 2, "snapshots/example", "it is a run folder");
    const comma = await runCli(["run", "--history", "a,b"], { env });
    expectError(comma, 2, "must not contain a comma");
  });

  test("a file, and a run of a history", async () => {
    const site = await newSite();
    ended(await site.run([WEB]));
    const env = await site.settings([WEB]);
    const file = await runCli(["run", "--history", "README.md"], { env });
    expectError(file, 2, "README.md");
    const selected = await runCli(["run", "--history", `${site.place}@latest`], { env });
    expectError(selected, 2, "it names a run", 'without "@latest"');
  });

  test("options that are for a history, without one", async () => {
    const env = await (await newSite()).settings([WEB]);
    const out = join(await tempFolder(), "run");
    for (const option of ["--metrics=x.prom", "--accept-identity-change", "--keep-last=2"]) {
      const run = await runCli(["run", "--out", out, option], { env });
      expectError(run, 2, `${option.split("=", 1)[0]} requires --history`);
    }
  });
});

/** Without what is logged before. */
function errorIn({ stderr }: Finished): string {
  return stderr.slice(stderr.indexOf("\n Error: "));
}
