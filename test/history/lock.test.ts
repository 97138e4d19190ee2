/** One run at a time in a history, also after a crash, a pause, and with several programs that try at the same time. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { hostname, platform } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import process from "node:process";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import { type Lock, lockHolder, type LockOptions, takeLock } from "../../src/history/lock.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { EXIT_CODES } from "../../src/terminal/process.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { COMPILE_CACHE } from "../helpers/run-process.ts";
import { storeIn } from "../helpers/run-in-memory.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const START = Date.parse("2026-11-28T23:32:21Z");
const MINUTE_MS = 60_000;

/** Another machine, whose processes cannot be seen from here. */
const OTHER = { host: "backup", pid: 1, pid_scope: "another start of the kernel pid:[1]" };

function at(minutes: number): LockOptions {
  return { now: () => new Date(START + minutes * MINUTE_MS), renewedEveryMs: 3_600_000 };
}

async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(() => undefined, (cause: unknown) => cause);
  if (error instanceof AppError) return error;
  throw new Error("Nothing was refused", { cause: error });
}

async function files(store: Store): Promise<string[]> {
  return (await store.keys("lock")).sort();
}

describe("a lock", () => {
  test("is refused with exit code 6 and the name of its holder", async () => {
    const store = await openStore(await tempFolder());
    const lock = await takeLock(store, { ...at(0), self: OTHER });
    const error = await refusalOf(takeLock(store, at(1)));
    expect(EXIT_CODES[error.kind]).toBe(6);
    expect(error.message).toBe(
      `Cannot start a run in ${store.place}: backup (process 1, since 2026-11-28T23:32:21Z) is at work`,
    );
    expect(error.hint).toContain("2026-11-28T23:37:21Z");
    expect(await lockHolder(store)).toMatchObject(OTHER);
    await lock.release();
    expect(await lockHolder(store)).toBeUndefined();
  });

  test("is free after its release, and one file is left of all holders", async () => {
    const store = await openStore(await tempFolder());
    for (let i = 1; i < 4; i += 1) {
      const lock = await takeLock(store);
      await lock.check();
      expect(lock.isExclusive).toBe(true);
      expect(await files(store)).toEqual([`lock/${i}.json`]);
      await lock.release();
      await lock.release();
    }
    expect(await files(store)).toEqual(["lock/3.json"]);
  });

  test("of another machine is stale when it was not renewed for 5 minutes", async () => {
    const store = await openStore(await tempFolder());
    await takeLock(store, { ...at(0), self: OTHER });
    await refusalOf(takeLock(store, at(4.9)));
    const lock = await takeLock(store, at(5));
    await lock.check();
    await lock.release();
  });

  test("that was taken away is noticed by its holder, who leaves the new one alone", async () => {
    const store = await openStore(await tempFolder());
    const paused = await takeLock(store, { ...at(0), self: OTHER });
    const lock = await takeLock(store, at(6));
    const error = await refusalOf(paused.check());
    expect(error.kind).toBe("remote");
    expect(error.message).toContain(`${hostname()} (process ${process.pid}`);
    await paused.release();
    await lock.check();
    expect(await files(store)).toEqual(["lock/2.json"]);
    await lock.release();
    expect((await refusalOf(paused.check())).kind).toBe("remote");
  });

  test("that was removed by hand is lost", async () => {
    const store = await openStore(await tempFolder());
    const lock = await takeLock(store, at(0));
    await store.removeFolder("lock");
    expect((await refusalOf(lock.check())).message).toContain("it was removed");
    await lock.release();
    expect(await files(store)).toEqual([]);
  });

  test("is renewed while it is held", async () => {
    const store = await openStore(await tempFolder());
    let minutes = 0;
    const now = (): Date => new Date(START + (minutes += 1) * MINUTE_MS);
    const lock = await takeLock(store, { now, renewedEveryMs: 5, self: OTHER });
    const first = (await lockHolder(store))?.renewed_at;
    await expect.poll(async () => (await lockHolder(store))?.renewed_at, { timeout: 30_000 }).not
      .toBe(first);
    await lock.check();
    await lock.release();
  });

  test("file that is no lock is an error that says what to do", async () => {
    const store = await openStore(await tempFolder());
    await store.write("lock/7.json", encodeUtf8("{}"));
    const error = await refusalOf(takeLock(store));
    expect(error.kind).toBe("input");
    expect(error.hint).toContain("Remove the file");
  });

  test("in a store that creates a file twice says so", async () => {
    const files = storeIn(new Map());
    const careless: Store = {
      ...files,
      create: (key, bytes) => files.write(key, bytes).then(() => true),
    };
    expect((await takeLock(careless, at(0))).isExclusive).toBe(false);
  });
});

/** Of a holder on this machine; tests change what it says about its process. */
async function ownHolder() {
  const store = await openStore(await tempFolder());
  const lock = await takeLock(store);
  const holder = await lockHolder(store);
  await lock.release();
  if (holder === undefined) throw new Error("The lock has no holder");
  return { store, holder };
}

describe.skipIf(platform() !== "linux")("a process id of this machine", () => {
  test("that is used by a later process does not hold a lock", async () => {
    const { store, holder } = await ownHolder();
    const self = { ...holder, process_started: "1" };
    await takeLock(store, { renewedEveryMs: 3_600_000, self });
    await (await takeLock(store)).release();
  });

  test("says nothing about a container with the same host name", async () => {
    const { store, holder } = await ownHolder();
    const scope = holder.pid_scope?.replace(/\d+/g, "1") ?? "";
    const self = { ...holder, pid: 4_194_305, pid_scope: scope };
    await takeLock(store, { renewedEveryMs: 3_600_000, self });
    await refusalOf(takeLock(store));
  });

  test("that does not exist does not hold a lock", async () => {
    const { store, holder } = await ownHolder();
    await takeLock(store, { renewedEveryMs: 3_600_000, self: { ...holder, pid: 4_194_305 } });
    await (await takeLock(store)).release();
  });
});

interface Child {
  readonly process: ChildProcess;
  /** What it says: "taken", or why not. */
  readonly said: Promise<string>;
}

function startChild(folder: string): Child {
  const flags = "Deno" in globalThis ? ["run", "-A"] : [];
  const script = join(ROOT, "test/helpers/lock-child.ts");
  const child = spawn(process.execPath, [...flags, script, folder], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  return { process: child, said: once(lines, "line").then(([line]) => String(line)) };
}

describe("of several processes", () => {
  test("one gets the lock, and the next one when it was killed", async () => {
    const folder = await tempFolder();
    for (let round = 0; round < 2; round += 1) {
      const children = Array.from({ length: 4 }, () => startChild(folder));
      const said = await Promise.all(children.map((child) => child.said));
      expect(said.filter((line) => line === "taken")).toHaveLength(1);
      const holder = children[said.indexOf("taken")]?.process;
      for (const line of said.filter((each) => each !== "taken")) {
        expect(line).toContain(
          `remote: Cannot start a run in ${folder}: ${hostname()} (process ${holder?.pid},`,
        );
      }
      holder?.kill("SIGKILL");
      if (holder !== undefined) await once(holder, "close");
    }
    await (await takeLock(await openStore(folder))).release();
  });
});

/** Each operation of the store waits until the scheduler lets it. */
function scheduled(store: Store, scheduler: fc.Scheduler): Store {
  const wait = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await scheduler.schedule(Promise.resolve());
    return await work();
  };
  return {
    ...store,
    keys: (folder) => wait(() => store.keys(folder)),
    read: (key) => wait(() => store.read(key)),
    write: (key, bytes) => wait(() => store.write(key, bytes)),
    create: (key, bytes) => wait(() => store.create(key, bytes)),
    remove: (key) => wait(() => store.remove(key)),
  };
}

describe("in any order of their steps", () => {
  const OPTIONS = { ...at(10), self: OTHER };

  test("one of several programs that find a stale lock gets it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, count) => {
        const store = storeIn(new Map());
        const paused = await takeLock(store, { ...at(0), self: OTHER });
        const slow = scheduled(store, scheduler);
        const tries = Array.from({ length: count }, () => takeLock(slow, OPTIONS));
        const results = await scheduler.waitFor(Promise.allSettled(tries));
        const taken = results.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
        expect(taken).toHaveLength(1);
        await scheduler.waitFor((taken[0] as Lock).check());
        expect((await refusalOf(paused.check())).kind).toBe("remote");
        expect(await files(store)).toHaveLength(1);
      }),
      { numRuns: numRuns(2500) },
    );
  });

  test("a program that was paused before it took a number does not take one that was used since", async () => {
    const store = storeIn(new Map());
    await takeLock(store, { ...at(0), self: OTHER });
    const [reached, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow: Store = {
      ...store,
      async create(key, bytes) {
        reached.resolve();
        await resumed.promise;
        return await store.create(key, bytes);
      },
    };
    const paused = takeLock(slow, OPTIONS);
    await reached.promise;
    await (await takeLock(store, OPTIONS)).release();
    const lock = await takeLock(store, OPTIONS);
    resumed.resolve();
    expect((await refusalOf(paused)).message).toContain("is at work");
    await lock.check();
    expect(await files(store)).toEqual(["lock/3.json"]);
  });

  test("never two programs are at work, and after all ended the lock is free", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = storeIn(new Map());
        await takeLock(store, { ...at(0), self: OTHER });
        const slow = scheduled(store, scheduler);
        let atWork = 0;
        let worked = 0;
        const work = async (): Promise<void> => {
          for (let attempt = 0; attempt < 3; attempt += 1) {
            const lock = await takeLock(slow, OPTIONS).catch((error: unknown) => {
              if (!(error instanceof AppError)) throw error;
            });
            if (lock === undefined) continue;
            atWork += 1;
            worked += 1;
            expect(atWork).toBe(1);
            await lock.check();
            expect(atWork).toBe(1);
            atWork -= 1;
            await lock.release();
          }
        };
        await scheduler.waitFor(Promise.all([work(), work(), work()]));
        expect(worked).toBeGreaterThan(0);
        const [key = "", ...others] = await files(store);
        expect(others).toEqual([]);
        const last = JSON.parse(decodeUtf8(await store.read(key) ?? new Uint8Array(), key));
        expect(last).toHaveProperty("released_at");
      }),
      { numRuns: numRuns(2500) },
    );
  });
});
