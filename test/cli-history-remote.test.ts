/**
 * run --history in Redis and in S3: the same as in a folder, and what only a remote history has: a folder of this
 * machine for the capture, copies of it, and credentials.
 */
import {
  chmod,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { takeLock } from "../src/history/lock.ts";
import { openEntities } from "../src/run-folder/entity-set.ts";
import { runsIn } from "../src/run-folder/history.ts";
import { readRunRecord, recordedRuns, type RunRecord } from "../src/run-folder/run-record.ts";
import { folderIn, openStore, type Store } from "../src/run-folder/store/store.ts";
import { compareWith, verdicts } from "./helpers/comparing.ts";
import {
  type DiodeAndNetBox,
  diodeAndNetBox,
  type Disturbances,
  doubledIn,
} from "./helpers/diode-and-netbox.ts";
import type { LabGuest } from "./helpers/lab.ts";
import { hasRedis, type RedisServer, startRedis } from "./helpers/redis-server.ts";
import { type Finished, runCli, startCli } from "./helpers/run-cli.ts";
import { startProcess } from "./helpers/run-process.ts";
import { type S3Options, startS3 } from "./helpers/s3-server.ts";
import { clockAt, ended, siteGuest, siteOf, siteSettings } from "./helpers/site-runs.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const WEB = siteGuest(101, "web", { address: "10.0.0.11/24", tags: "prod" });
const DB = siteGuest(102, "db", { address: "10.0.0.12/24" });
const GUESTS = [WEB, DB];
/** The same with another description. */
const NEW_DB = { ...DB, config: { ...DB.config, description: "replica" } };

const DAY_MS = 86_400_000;
const PASSWORD = "hunter2-of-redis";
const S3_SECRET = "hunter2-of-s3";
const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD), S3_SECRET];

let redisFolder: string;
let redis: RedisServer | undefined;
beforeAll(async () => {
  redisFolder = await mkdtemp(join(tmpdir(), "redis-"));
  if (hasRedis) redis = await startRedis(redisFolder, PASSWORD);
});
afterAll(async () => {
  await redis?.stop();
  await rm(redisFolder, { recursive: true, force: true });
});

interface Remote {
  readonly place: string;
  /** What the program needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
}

let databases = 0;

function inRedis(): Promise<Remote> {
  const path = `runs${databases++}/lab`;
  return Promise.resolve({
    place: `redis://default:${PASSWORD}@127.0.0.1:${redis?.port}/0/${path}`,
    env: {},
  });
}

async function inS3(options: S3Options = {}): Promise<Remote> {
  const { endpoint } = await startS3({ pageSize: 50, ...options });
  const env = {
    AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
    AWS_SECRET_ACCESS_KEY: S3_SECRET,
    AWS_ENDPOINT_URL: endpoint,
  };
  return { place: "s3://bucket/runs/lab", env };
}

interface Site {
  readonly both: DiodeAndNetBox;
  readonly place: string;
  readonly history: Store;
  /** The folder for temporary files, which no other test uses. */
  readonly temporary: string;
  /** Of everything that was run so far. */
  readonly printed: string[];
  /** Servers of clusters with these guests. */
  settings(
    guests: readonly LabGuest[],
    options?: Parameters<typeof siteSettings>[2],
  ): Promise<Record<string, string>>;
  run(guests: readonly LabGuest[], options?: RunOptions): Promise<Finished>;
  /** Any command. */
  cli(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** The records, oldest first. */
  records(): Promise<RunRecord[]>;
}

interface RunOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function newSite(remote: Remote, disturbances: Disturbances = {}): Promise<Site> {
  const both = await diodeAndNetBox(disturbances);
  const { place, env } = remote;
  const history = await openStore(place, {
    accessKeyId: env["AWS_ACCESS_KEY_ID"],
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"],
    endpoint: env["AWS_ENDPOINT_URL"],
  });
  onTestFinished(() => history.close());
  const temporary = await tempFolder();
  vi.stubEnv("TMPDIR", temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const printed: string[] = [];
  const settings: Site["settings"] = async (guests, options) => ({
    ...await siteSettings(both, siteOf(guests), options),
    ...env,
  });
  const cli: Site["cli"] = async (args, more = {}) => {
    const finished = await runCli(args, { env: { ...env, ...more } });
    printed.push(finished.stdout, finished.stderr);
    return finished;
  };
  return {
    both,
    place,
    history,
    temporary,
    printed,
    settings,
    cli,
    async run(guests, { args = [], env: more = {} } = {}) {
      return await cli(["run", "--history", place, ...args], {
        ...await settings(guests),
        ...more,
      });
    },
    async records() {
      const runs = await recordedRuns(history);
      return (await Promise.all(runs.map((run) => readRunRecord(history, run))))
        .filter((record) => record !== undefined);
    },
  };
}

/** NetBox has exactly the entities of the newest run. */
async function expectArrived({ both, history }: Site): Promise<void> {
  await both.settled();
  const [newest = ""] = (await runsIn(history)).slice(-1);
  const { judged, error } = await compareWith(
    both.netbox,
    await openEntities(folderIn(history, newest)),
  );
  expect([error, verdicts(judged), doubledIn(both.model)]).toEqual([undefined, {}, []]);
  expect(judged.length).toBeGreaterThan(10);
}

/** Names and bytes of all files. */
async function expectNoSecret(history: Store): Promise<void> {
  const keys = await history.keys();
  expect(keys.length).toBeGreaterThan(10);
  for (const key of keys) {
    const text = `${key}\n${Buffer.from(await history.read(key) ?? "").toString("utf8")}`;
    for (const secret of SECRETS) expect(text.includes(secret), key).toBe(false);
  }
}

function expectNothingPrinted({ printed }: Pick<Site, "printed">): void {
  for (const text of printed) for (const secret of SECRETS) expect(text).not.toContain(secret);
}

/** A capture that takes so long that it can be stopped: resolves when it has asked a few questions. */
function slowCapture() {
  const asked = Promise.withResolvers<void>();
  let requests = 0;
  return {
    options: {
      latencyMs: 100,
      onRequest() {
        requests += 1;
        if (requests === 8) asked.resolve();
      },
    },
    underWay: asked.promise,
  };
}

const missing = hasRedis ? "" : " (skipped: redis-server is not on the PATH)";

describe.skipIf(!hasRedis)(`a history in Redis${missing}`, () => testsOf(inRedis));
describe("a history in S3", () => testsOf(inS3));

function testsOf(remote: () => Promise<Remote>): void {
  test("sends all entities at first, then nothing, then only what changed", async () => {
    const site = await newSite(await remote());
    const { place } = site;
    ended(await site.run(GUESTS));
    ended(await site.run(GUESTS));
    ended(await site.run([WEB, NEW_DB]));
    const records = await site.records();
    expect(records.map(({ exit_code, push }) => [exit_code, push?.mode, push?.sent])).toEqual([
      [0, "whole", records[0]?.entities?.total],
      [0, "differences", 0],
      [0, "differences", 1],
    ]);
    expect(records[2]?.changes).toMatchObject({ since: records[1]?.run, changed: 1 });
    expect(await runsIn(site.history)).toEqual(records.map(({ run }) => run));
    await expectArrived(site);
    const log = await site.cli(["log", place, "--json"]);
    ended(log);
    expect(JSON.parse(log.stdout).runs).toHaveLength(3);
    const ofDb = await site.cli(["log", place, "vm/102"]);
    ended(ofDb);
    expect(ofDb.stdout).toContain("replica");
    const diff = ["diff", `${place}@latest~1`, `${place}@latest`, "--exit-code"];
    const changed = await site.cli(diff);
    ended(changed, 3);
    expect(changed.stdout).toContain("replica");
    ended(await site.cli(["diff", `${place}@latest~2`, `${place}@latest~1`, "--exit-code"]));
    ended(await site.cli(["verify", `${place}@latest`]));
    const page = join(site.temporary, "page.html");
    ended(await site.cli(["report", `${place}@latest`, "--out", page]));
    const html = await readFile(page, "utf8");
    // The chapter on the history.
    expect(records.filter(({ run }) => !html.includes(run))).toEqual([]);
    site.printed.push(html);
    await rm(page);
    expectNothingPrinted(site);
    await expectNoSecret(site.history);
    // The capture was made there.
    expect(await readdir(site.temporary)).toEqual([]);
  });

  test("removes old runs with their surveys, and leaves their records", async () => {
    const clock = clockAt("2026-11-02T06:00:00Z");
    const site = await newSite(await remote());
    const env = { KEEP_LAST: "1", KEEP_DAILY: "2" };
    for (let run = 0; run < 6; run += 1) {
      ended(await site.run([WEB], { env, args: ["--survey"] }));
      clock.advance(DAY_MS / 2);
    }
    const kept = ["2026-11-02T06-00-00Z", "2026-11-03T18-00-00Z", "2026-11-04T18-00-00Z"];
    expect(await runsIn(site.history)).toEqual(kept);
    expect((await site.history.folders()).toSorted()).toEqual(
      [...kept.flatMap((run) => [run, `${run}-netbox`]), "lock", "log"].toSorted(),
    );
    expect(await recordedRuns(site.history)).toHaveLength(6);
    expect(await site.history.keys("lock")).toHaveLength(1);
    await expectNoSecret(site.history);
  });

  test("is continued from the folder of this machine when the capture was interrupted", async () => {
    const site = await newSite(await remote());
    ended(await site.run([WEB]));
    const { options, underWay } = slowCapture();
    const env = await site.settings(GUESTS, options);
    const program = startCli(["run", "--history", site.place], { env });
    await underWay;
    const stopped = await program.stop("SIGINT");
    ended(stopped, 130);
    const [, record] = await site.records();
    expect(record).toMatchObject({ exit_code: 130 });
    // Nothing of it is in the history but its record.
    expect(await runsIn(site.history)).toHaveLength(1);
    const [folder = "", ...others] = await readdir(site.temporary);
    expect(others).toEqual([]);
    expect((await stat(join(site.temporary, folder))).mode & 0o777).toBe(0o700);
    const next = await site.cli(["run", "--history", site.place], env);
    ended(next);
    expect(next.stderr).toContain(`Continuing the run ${record?.run}`);
    const records = await site.records();
    expect(records.map(({ run, resumed, push }) => [run, resumed, push?.mode, push?.state]))
      .toEqual([
        [records[0]?.run, undefined, "whole", "confirmed"],
        [record?.run, true, "differences", "confirmed"],
      ]);
    await expectArrived(site);
    ended(await site.cli(["verify", `${site.place}@latest`]));
    expect(await readdir(site.temporary)).toEqual([]);
    expect(stopped.stdout + stopped.stderr).not.toContain(PASSWORD);
    expectNothingPrinted(site);
    await expectNoSecret(site.history);
  });

  test("does not continue a run when another machine has made one since", async () => {
    const elsewhere = await tempFolder();
    const site = await newSite(await remote());
    const { options, underWay } = slowCapture();
    const env = await site.settings(GUESTS, options);
    const program = startCli(["run", "--history", site.place], { env });
    await underWay;
    ended(await program.stop("SIGINT"), 130);
    const [first] = await site.records();
    vi.stubEnv("TMPDIR", elsewhere);
    ended(await site.run([WEB, NEW_DB]));
    vi.stubEnv("TMPDIR", site.temporary);
    const next = await site.cli(["run", "--history", site.place], env);
    ended(next);
    expect(next.stderr).not.toContain("Continuing");
    const runs = await runsIn(site.history);
    expect([runs.length, runs.includes(first?.run ?? "")]).toEqual([2, false]);
    await expectArrived(site);
    expect(await readdir(site.temporary)).toEqual([]);
  });

  test("shows no secret, whatever goes wrong", async () => {
    const site = await newSite(await remote());
    const { place } = site;
    for (const args of [[], ["--json"], ["--survey"], ["--tidy", "--json"], ["--tidy"]]) {
      ended(await site.run(GUESTS, { args }));
    }
    const [run = ""] = await runsIn(site.history);
    const runPlace = `${place}/${run}`;
    const settings = await site.settings(GUESTS);
    ended(await site.run(GUESTS, { env: { PROXMOX_PORT: "1" } }), 6);
    ended(await site.run(GUESTS, { env: { CLUSTER_NAME: "other" } }), 2);
    ended(await site.run(GUESTS, { args: ["--verbose"], env: { DIODE_CLIENT_SECRET: "no" } }), 6);
    for (
      const [code, ...args] of [
        [0, "inspect", runPlace],
        [0, "transform", runPlace],
        [0, "transform", runPlace, "--json"],
        [0, "push", runPlace, "--dry-run"],
        [0, "push", runPlace, "--dry-run", "--json"],
        [0, "report", runPlace, "--out", `${place}-page/page.html`, "--json"],
        [2, "capture", "--out", place],
        [2, "inspect", runPlace, runPlace],
        [0, "simulate", "--out", `${place}-simulated`, "--guests", "3"],
        [0, "survey", "--out", `${place}-netbox`],
        [0, "report", runPlace, "--against", runPlace, "--out", `${place}-page/page.html`],
        [5, "verify", `${place}/none`],
        [5, "log", `${place}-empty`],
        [5, "diff", `${place}@2020-01-01`, runPlace],
        [2, "run", "--history", runPlace],
      ] as const
    ) {
      ended(await site.cli(args, settings), code);
    }
    const lock = await takeLock(site.history);
    ended(await site.run(GUESTS), 6);
    await lock.release();
    expectNothingPrinted(site);
    await expectNoSecret(site.history);
  });
}

describe("the folder for the capture", () => {
  /** A site with an interrupted run, and the folder that it has left. */
  async function interrupted() {
    const site = await newSite(await inS3());
    const { options, underWay } = slowCapture();
    const env = await site.settings(GUESTS, options);
    const program = startCli(["run", "--history", site.place], { env });
    await underWay;
    ended(await program.stop("SIGINT"), 130);
    const [name = ""] = await readdir(site.temporary);
    return { site, env, folder: join(site.temporary, name) };
  }

  test("is refused when other users can write to it or read it", async () => {
    const { site, env, folder } = await interrupted();
    for (const mode of [0o777, 0o720, 0o702, 0o740, 0o704]) {
      await chmod(folder, mode);
      const refused = await site.cli(["run", "--history", site.place], env);
      ended(refused, 2);
      expect(refused.stderr).toContain(`Cannot capture into ${folder}`);
    }
    // The lock is not left, and nothing is lost.
    await chmod(folder, 0o700);
    const next = await site.cli(["run", "--history", site.place], env);
    ended(next);
    expect(next.stderr).toContain("Continuing the run");
  });

  test("is refused when it is a link, or no folder", async () => {
    const { site, env, folder } = await interrupted();
    await rename(folder, `${folder}-moved`);
    await symlink(`${folder}-moved`, folder);
    ended(await site.cli(["run", "--history", site.place], env), 2);
    await rm(folder);
    await writeFile(folder, "", { mode: 0o600 });
    ended(await site.cli(["run", "--history", site.place], env), 2);
    expect(await runsIn(site.history)).toEqual([]);
  });

  test("is another one for another history, whatever the spelling of its place", async () => {
    const { site, env } = await interrupted();
    const { endpoint } = await startS3();
    const elsewhere = { ...env, AWS_ENDPOINT_URL: endpoint };
    for (
      const [place, more] of [["s3://bucket/runs/other", env], [site.place, elsewhere]] as const
    ) {
      const other = await site.cli(["run", "--history", place], more);
      ended(other);
      expect(other.stderr).not.toContain("Continuing");
    }
    const same = await site.cli(["run", "--history", `${site.place}/`], env);
    ended(same);
    expect(same.stderr).toContain("Continuing the run");
    expect(await readdir(site.temporary)).toEqual([]);
  });
});

describe("a run in S3 that is killed", () => {
  const RUN = String.raw`^PUT bucket/runs/lab/\d{4}-[^/]*Z/`;

  /** Which request is the last one that the server gets, and what the next run does. */
  test.each([
    ["before anything is copied", String.raw`pve/`, true],
    ["before the last file is copied", String.raw`manifest\.json$`, true],
    ["between copy and push", String.raw`netbox/manifest\.json$`, false],
    ["before its first line in the journal", String.raw`push/`, false],
    ["before its record", String.raw`^PUT bucket/runs/lab/log/`, false],
  ])("%s: the next one makes up for it", async (_, last, isContinued) => {
    const pattern = new RegExp(last.startsWith("^") ? last : RUN + last);
    const reached = Promise.withResolvers<void>();
    let isArmed = true;
    const remote = await inS3({
      async before(request) {
        if (!isArmed || !pattern.test(request)) return;
        reached.resolve();
        // It is never answered.
        await new Promise(() => undefined);
      },
    });
    const site = await newSite(remote);
    const env = { ...await site.settings(GUESTS), TMPDIR: site.temporary };
    const args = ["run", "--history", site.place];
    const program = startProcess(args, { env });
    await Promise.race([
      reached.promise,
      program.ended.then(({ stderr }) => {
        throw new Error(`It ended before: ${stderr}`);
      }),
    ]);
    const killed = await program.stop("SIGKILL");
    site.printed.push(killed.stdout, killed.stderr);
    isArmed = false;
    expect(await recordedRuns(site.history)).toEqual([]);
    // The lock of a process that has ended is taken at once.
    const next = await site.cli(args, env);
    ended(next);
    expect(next.stderr.includes("Continuing the run")).toBe(isContinued);
    await expectArrived(site);
    const runs = await runsIn(site.history);
    expect(runs).toHaveLength(isContinued ? 1 : 2);
    const records = await site.records();
    expect(records.map(({ run, exit_code, push }) => [run, exit_code, push?.state])).toEqual([
      [runs.at(-1), 0, "confirmed"],
    ]);
    const log = await site.cli(["log", site.place]);
    ended(log);
    for (const run of runs) expect(log.stdout).toContain(run);
    ended(await site.cli(["verify", `${site.place}@latest`]));
    expect(await readdir(site.temporary)).toEqual([]);
    expectNothingPrinted(site);
    await expectNoSecret(site.history);
  }, 60_000);
});
