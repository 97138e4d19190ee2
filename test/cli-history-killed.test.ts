/** run --history that is killed at random moments, while the cluster changes: the next run makes up for it. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { lockHolder } from "../src/history/lock.ts";
import { serve, type Served, type ServeOptions } from "../src/rehearse/serve/serve.ts";
import { CAPTURE_JOURNAL_FILE } from "../src/run-folder/capture-journal.ts";
import { openEntities } from "../src/run-folder/entity-set.ts";
import { runsIn } from "../src/run-folder/history.ts";
import { readRunRecord, recordedRuns } from "../src/run-folder/run-record.ts";
import { MANIFEST_FILE } from "../src/run-folder/snapshot.ts";
import { folderIn, openStore, type Store } from "../src/run-folder/store/store.ts";
import { ModelNetBox } from "./helpers/applied.ts";
import { compareWith, verdicts } from "./helpers/comparing.ts";
import {
  type DiodeAndNetBox,
  diodeAndNetBox,
  type Disturbances,
  doubledIn,
} from "./helpers/diode-and-netbox.ts";
import { IS_FULL } from "./helpers/full-tests.ts";
import type { LabGuest } from "./helpers/lab.ts";
import { type Finished, runCli, type Started } from "./helpers/run-cli.ts";
import { startProcess } from "./helpers/run-process.ts";
import { numbersFrom } from "./helpers/shuffled.ts";
import { ended, settingsOf, siteGuest, siteOf } from "./helpers/site-runs.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const ROUNDS = IS_FULL ? 10 : 1;
const KILLS_IN_A_ROUND = 5;
/** Of a run without a kill: about two seconds, of which half a second is the start. */
const LONGEST_LIFE_MS = 2500;
/** So that a capture takes half a second. */
const LATENCY_MS = 25;

const NAMES = ["web", "db", "mail", "dns", "proxy", "cache", "queue", "search"];
const GUESTS = NAMES.map((name, i) =>
  siteGuest(101 + i, name, { address: `10.0.0.${11 + i}/24`, tags: i % 2 === 0 ? "prod" : "test" })
);

/** Some of the guests, some of them with a description. */
function changedGuests(random: () => number): LabGuest[] {
  return GUESTS.filter(() => random() < 0.8).map((guest) => ({
    ...guest,
    config: { ...guest.config, description: `change ${Math.floor(random() * 3)}` },
  }));
}

/** Where a resumed capture asks again, or where a new run starts. */
type Port = "the same port" | "another port";

/** A cluster, a Diode and a NetBox, and the history. */
class Site {
  readonly both: DiodeAndNetBox;
  readonly place: string;
  readonly history: Store;
  readonly #args: readonly string[];
  readonly #settings: Readonly<Record<string, string>>;
  #served: Served | undefined;
  #guests: readonly LabGuest[] = [];

  private constructor(both: DiodeAndNetBox, history: Store, { args, env }: Variant) {
    this.both = both;
    this.place = history.place;
    this.history = history;
    this.#args = ["run", "--history", this.place, ...args];
    this.#settings = env;
  }

  static async open(variant: Variant, disturbances: Disturbances): Promise<Site> {
    const model = new ModelNetBox();
    model.make("site", { name: "HQ" });
    // A push takes some time.
    const both = await diodeAndNetBox({ model, batchMs: 30, ...disturbances });
    const history = await openStore(join(await tempFolder(), "history"));
    const site = new Site(both, history, variant);
    onTestFinished(() => site.#close());
    await site.serve(GUESTS, "another port");
    return site;
  }

  async serve(guests: readonly LabGuest[], on: Port, options: ServeOptions = {}): Promise<void> {
    const port = on === "the same port" ? this.#served?.port : undefined;
    await this.#close();
    this.#guests = guests;
    this.#served = await serve(siteOf(guests), { port, latencyMs: LATENCY_MS, ...options });
  }

  async #close(): Promise<void> {
    await this.#served?.close();
    this.#served = undefined;
  }

  /** In a process that can be killed. */
  start(): Started {
    return startProcess(this.#args, { env: this.#env() });
  }

  async run(): Promise<Finished> {
    return await runCli(this.#args, { env: this.#env() });
  }

  #env(): Readonly<Record<string, string>> {
    if (this.#served === undefined) throw new Error("No cluster is served");
    return { ...settingsOf(this.both, this.#served), ...this.#settings };
  }

  /** The names of its guests, sorted. */
  get guests(): readonly unknown[] {
    return this.#guests.map(({ row }) => row?.["name"]).toSorted();
  }

  /** The names of NetBox's machines, sorted. */
  get machines(): readonly unknown[] {
    return this.both.model.all("virtual-machine").map(({ name }) => name).toSorted();
  }

  async newest(): Promise<string> {
    return (await runsIn(this.history)).at(-1) ?? "";
  }
}

interface Variant {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const PLAIN: Variant = { args: [], env: {} };
const TIDY: Variant = { args: ["--tidy"], env: {} };

/** A continued capture may ask for a guest that is gone since the listing was read: "moved", and exit code 4. */
function endedOrMoved(finished: Finished): void {
  if (finished.code !== 4) return ended(finished);
  expect(finished.stderr).toContain("Continuing the run");
  expect(finished.stdout).toMatch(/Not read\n\n +Cause.*\n\n? +moved [^\n]*\n\n/);
}

/** After a run that has ended: NetBox is as the newest run, and nothing is left that blocks or misleads. */
async function expectRight({ both, history, place }: Site): Promise<void> {
  await both.settled();
  const runs = await runsIn(history);
  const newest = runs.at(-1) ?? "";
  const set = await openEntities(folderIn(history, newest));
  const { judged, error } = await compareWith(both.netbox, set);
  expect([error, verdicts(judged), doubledIn(both.model)]).toEqual([undefined, {}, []]);
  expect(judged.length).toBeGreaterThan(10);
  expect(await lockHolder(history)).toBeUndefined();
  // A program that is killed while it writes may leave a file with another name.
  const locks = (await history.keys("lock")).filter((key) => /^lock\/\d+\.json$/.test(key));
  expect(locks).toHaveLength(1);
  const recorded = await recordedRuns(history);
  expect(recorded).toContain(newest);
  const log = await runCli(["log", place, "--json"]);
  ended(log);
  const listed = JSON.parse(log.stdout).runs.map(({ run }: { readonly run: string }) => run);
  expect(listed).toEqual([...new Set([...runs, ...recorded])].sort());
  for (const run of runs) {
    const verified = await runCli(["verify", join(place, run)]);
    if (recorded.includes(run)) ended(verified);
    else await expectInterrupted(folderIn(history, run), verified);
  }
  ended(await runCli(["verify", `${place}@latest`]));
}

/** Of a run that was killed, and not continued as the port had changed. */
async function expectInterrupted(run: Store, { code, stdout, stderr }: Finished): Promise<void> {
  if (await run.read(MANIFEST_FILE) === undefined) {
    const keys = await run.keys();
    // Empty: it was killed when it had made the folder.
    if (keys.length > 0) expect(keys).toContain(CAPTURE_JOURNAL_FILE);
    return;
  }
  // It was killed twice: before its record, and when it had captured again.
  const problems = stdout.match(/^ {2}origin +netbox\/manifest\.json.*run transform again$/gm) ??
    [];
  const expected = problems.length > 0 ? "Found 1 problem in" : "No problems found in";
  expect(code, stdout + stderr).toBe(problems.length > 0 ? 5 : 0);
  expect(stdout).toContain(expected);
}

interface Moment {
  readonly disturbances: Disturbances;
  /** `requests`: of the capture. */
  isReached(site: Site, requests: number): boolean;
}

/** TABLE: when a run is killed. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  "in its capture": { disturbances: {}, isReached: (_, requests) => requests >= 8 },
  "in its push": {
    // NetBox goes away meanwhile.
    disturbances: { outage: { afterApplied: 20, forMs: 600_000 } },
    isReached: ({ both }) => both.isAway,
  },
};

describe.each(Object.entries(MOMENTS))(
  "a run that is killed %s",
  (_, { disturbances, isReached }) => {
    test.each(["the same port", "another port"] as const)(
      "is continued or followed by another one, when the cluster has changed and is at %s",
      async (port) => {
        const site = await Site.open(PLAIN, disturbances);
        let requests = 0;
        await site.serve(GUESTS, "another port", { onRequest: () => void (requests += 1) });
        const program = site.start();
        while (!isReached(site, requests)) {
          await Promise.race([
            wait(5),
            program.ended.then(({ stderr }) => {
              throw new Error(`It has ended: ${stderr}`);
            }),
          ]);
        }
        expect(await program.stop("SIGKILL")).toMatchObject({ code: null });
        const killed = await site.newest();
        expect(await recordedRuns(site.history)).toEqual([]);
        await site.serve(changedGuests(numbersFrom(1)), port);
        const isContinued = port === "the same port";
        if (site.both.isAway) site.both.goAway(0);
        const next = await site.run();
        endedOrMoved(next);
        expect(next.stderr.includes(`Continuing the run ${killed}`)).toBe(isContinued);
        await expectRight(site);
        const runs = await runsIn(site.history);
        expect([runs[0], runs.length]).toEqual([killed, isContinued ? 1 : 2]);
        const log = await runCli(["log", site.place]);
        ended(log);
        for (const run of runs) expect(log.stdout).toContain(run);
      },
      60_000,
    );
  },
);

/** TABLE: options of runs that are killed anywhere. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  "run --history": PLAIN,
  "run --history --tidy": TIDY,
  "run --history --tidy --keep-last 2": { ...TIDY, env: { KEEP_LAST: "2" } },
};

describe.each(Object.entries(VARIANTS))("%s", (_, variant) => {
  test.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))(
    `that is killed ${KILLS_IN_A_ROUND} times leaves nothing that stops the next one: round %i`,
    async (seed) => {
      const random = numbersFrom(seed);
      const site = await Site.open(variant, { seed });
      const { history, both: { model } } = site;
      const seen = new Set<string>();
      for (let kill = 0; kill < KILLS_IN_A_ROUND; kill += 1) {
        const program = site.start();
        await Promise.race([wait(random() * LONGEST_LIFE_MS), program.ended]);
        const killed = await program.stop("SIGKILL");
        // Or it has ended: it found no lock that blocks it, and nothing that it cannot read.
        if (killed.code !== null) endedOrMoved(killed);
        for (const run of await runsIn(history)) seen.add(run);
        const isChanged = random();
        if (isChanged < 0.3) await site.serve(changedGuests(random), "the same port");
        else if (isChanged < 0.6) await site.serve(changedGuests(random), "another port");
      }
      endedOrMoved(await site.run());
      await expectRight(site);
      // log lists each of them.
      seen.add(await site.newest());
      if (variant.env["KEEP_LAST"] === undefined) {
        expect(await runsIn(history)).toEqual([...seen].sort());
      }

      // It may have continued a capture of the cluster as it was before.
      ended(await site.run());
      await expectRight(site);
      if (variant.args.includes("--tidy")) expect(site.machines).toEqual(site.guests);
      else expect(site.machines).toEqual(expect.arrayContaining([...site.guests]));

      // There is nothing left to do.
      const newest = await site.newest();
      const made = model.changes.length;
      ended(await site.run());
      const record = await readRunRecord(history, await site.newest());
      expect(record).toMatchObject({
        exit_code: 0,
        push: { mode: "differences", since: newest, state: "confirmed" },
      });
      // With a survey, entities have other fields once NetBox has the objects.
      if (variant === PLAIN) expect(record?.push?.sent).toBe(0);
      expect(model.changes.slice(made)).toEqual([]);
    },
    120_000,
  );
});
