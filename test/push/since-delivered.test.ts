/**
 * push --since after runs that did not arrive in whole: what NetBox was not seen to have is sent again, and so is what
 * a run that was killed may have left there.
 */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import type { VLAN } from "../../src/netbox/types/vlan.ts";
import type { ConfirmOptions } from "../../src/push/confirm.ts";
import type { Since } from "../../src/push/push.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import {
  type Delivery,
  openPushJournal,
  type PushJournalPlace,
} from "../../src/run-folder/push-journal.ts";
import { compareWith, verdicts } from "../helpers/comparing.ts";
import { type DiodeAndNetBox, diodeAndNetBox } from "../helpers/diode-and-netbox.ts";
import { buildSet, vlan } from "../helpers/entity-set.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { startDiodeAndNetBox } from "../helpers/lossy-diode.ts";
import { placeFor, pushInto, type PushOverrides, type PushRun } from "../helpers/pushing.ts";
import { AUTHORIZATION } from "../helpers/small-netbox.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** VID → name. */
type Vlans = Readonly<Record<`${number}`, string>>;

/** One cluster, run after run, into one NetBox. */
class Runs {
  readonly both: DiodeAndNetBox;
  readonly #root: string;
  #count = 0;

  constructor(both: DiodeAndNetBox, root: string) {
    this.both = both;
    this.#root = root;
  }

  /** Two VLANs in a file. */
  async set(vlans: Vlans): Promise<TransformedSet> {
    const all = Object.entries(vlans).map(([vid, name]) => named(vid as `${number}`, name));
    const files = all.flatMap((_, i) => i % 2 === 0 ? [all.slice(i, i + 2)] : []);
    return await buildSet(join(this.#root, `run-${this.#count++}`), { "vlan": files });
  }

  async push(set: TransformedSet, overrides: PushOverrides = {}): Promise<PushRun> {
    const confirm = confirmOptions(this.both.netbox);
    return await pushInto(this.both.receiver, set, { confirm, ...overrides });
  }

  /** The place of the journal in the folder of the run. */
  async placeOf({ place }: TransformedSet): Promise<PushJournalPlace> {
    return await placeFor(place, this.both.receiver.target);
  }

  async since(set: TransformedSet, ...sent: readonly TransformedSet[]): Promise<Since> {
    const open = async (each: TransformedSet) => ({
      set: each,
      journalPlace: await this.placeOf(each),
    });
    return { ...await open(set), sentSince: await Promise.all(sent.map(open)) };
  }

  async delivery(set: TransformedSet): Promise<Delivery | undefined> {
    return (await openPushJournal(await this.placeOf(set))).deliveryOf(set);
  }

  /** "20 wan", in the order of arrival. */
  get received(): readonly string[] {
    return this.both.receiver.entities().map((entity) => {
      const { vid, name } = entity["vlan"] as object as VLAN;
      return `${vid} ${name}`;
    });
  }
}

function named(vid: `${number}`, name: string): VLAN {
  return { ...vlan(vid as `${bigint}`), name };
}

function confirmOptions({ url }: { readonly url: string }): ConfirmOptions {
  const netbox = parseNetBoxSettings({
    NETBOX_URL: url,
    NETBOX_TOKEN: AUTHORIZATION,
    NETBOX_RETRY_DELAY: "1ms",
  });
  return {
    netbox: { ...netbox, certificates: undefined, proxy: undefined },
    timeoutMs: 20_000,
    resendAfterMs: 4,
    watch: {
      onOpened: () => undefined,
      onLooked: () => undefined,
      onResend: () => undefined,
      onUnreachable: () => undefined,
    },
  };
}

/** `refuses`: names of VLANs that NetBox does not take. */
async function runs(refuses = new Set<string>()): Promise<Runs> {
  const both = await diodeAndNetBox({
    batchMs: 0,
    refuses: (_, { name }) => refuses.has(String(name)) ? "no" : undefined,
  });
  return new Runs(both, await tempFolder());
}

/** The place of a journal of which the process is killed at a write, from 0. */
function killedAt(write: number, place: PushJournalPlace): PushJournalPlace {
  let writes = 0;
  const { store } = place;
  const unlessKilled = async (
    { key, bytes }: { readonly key: string; readonly bytes: Uint8Array },
    work: () => Promise<void>,
  ): Promise<void> => {
    if (key === place.key && bytes.length > 0 && writes++ >= write) throw new Error("killed");
    await work();
  };
  return {
    ...place,
    store: {
      ...store,
      append: (key, bytes) => unlessKilled({ key, bytes }, () => store.append(key, bytes)),
      write: (key, bytes) => unlessKilled({ key, bytes }, () => store.write(key, bytes)),
    },
  };
}

describe("a run of which NetBox refuses an entity", () => {
  test("is one to build on: the next push sends its changes and that entity, not the rest", async () => {
    const cluster = await runs(new Set(["bad"]));
    const monday = await cluster.set({ 10: "lan", 20: "bad", 30: "wan", 40: "dmz" });
    await cluster.push(monday);
    const delivery = await cluster.delivery(monday);
    expect(delivery).toMatchObject({
      state: "confirmed",
      except: [{ file: { path: monday.files[0]?.path }, only: [1] }],
    });
    const tuesday = await cluster.set({ 10: "lan", 20: "bad", 30: "wan", 40: "office" });
    const before = cluster.received.length;
    const run = await cluster.push(tuesday, { since: await cluster.since(monday) });
    expect(run.planned?.base).toEqual(delivery);
    expect(run.planned?.differences?.counts).toMatchObject({ same: 2, repeated: 1, changed: 1 });
    expect(new Set(cluster.received.slice(before))).toEqual(new Set(["20 bad", "40 office"]));
    expect(await cluster.delivery(tuesday)).toMatchObject({
      state: "confirmed",
      except: [{ file: { path: tuesday.files[0]?.path }, only: [1] }],
    });
  });

  test("is confirmed in whole by a run of which NetBox takes it", async () => {
    const refuses = new Set(["bad"]);
    const cluster = await runs(refuses);
    const monday = await cluster.set({ 10: "lan", 20: "bad" });
    const tuesday = await cluster.set({ 10: "lan", 20: "bad" });
    await cluster.push(monday);
    refuses.clear();
    await cluster.push(tuesday, { since: await cluster.since(monday) });
    const journal = await openPushJournal(await cluster.placeOf(tuesday));
    expect([await cluster.delivery(tuesday), journal.isConfirmed(tuesday)]).toEqual([
      { state: "confirmed", except: [] },
      true,
    ]);
  });

  test("is sent again once by each later push, which does not wait for what has never arrived", async () => {
    const cluster = await runs(new Set(["bad"]));
    const monday = await cluster.set({ 10: "lan", 20: "bad" });
    const tuesday = await cluster.set({ 10: "lan", 20: "bad" });
    await cluster.push(monday);
    const before = cluster.received.length;
    await cluster.push(tuesday, { since: await cluster.since(monday) });
    expect(cluster.received.slice(before)).toEqual(["20 bad", "20 bad"]);
  });

  test("is looked at again by the same command, and is confirmed when NetBox takes it", async () => {
    const refuses = new Set(["bad"]);
    const cluster = await runs(refuses);
    const monday = await cluster.set({ 10: "lan", 20: "bad" });
    await cluster.push(monday);
    refuses.clear();
    await cluster.push(monday);
    expect(await cluster.delivery(monday)).toEqual({ state: "confirmed", except: [] });
  });

  test("is resumed with the entities that were chosen first, when one journal serves all runs", async () => {
    const cluster = await runs(new Set(["bad"]));
    const monday = await cluster.set({ 10: "lan", 20: "bad", 30: "wan" });
    const tuesday = await cluster.set({ 10: "office", 20: "bad", 30: "wan" });
    const shared = await cluster.placeOf(await cluster.set({}));
    await cluster.push(monday, { journalPlace: shared });
    const since = { ...await cluster.since(monday), journalPlace: undefined };
    await cluster.push(tuesday, { since, journalPlace: killedAt(1, shared) });
    const resumed = await cluster.push(tuesday, { since, journalPlace: shared });
    expect(resumed.error).toBeUndefined();
    const journal = await openPushJournal(shared);
    expect(journal.deliveryOf(tuesday)).toMatchObject({
      state: "confirmed",
      except: [{ only: [1] }],
    });
  });

  test("is one to build on even if Diode doubles another entity, but not confirmed", async () => {
    const both = await diodeAndNetBox({ batchMs: 0, isPostedTwice: () => true });
    const cluster = new Runs(both, await tempFolder());
    const monday = await cluster.set({ 10: "lan" });
    expect((await cluster.push(monday)).confirmed?.doubled).toHaveLength(1);
    const journal = await openPushJournal(await cluster.placeOf(monday));
    expect([journal.deliveryOf(monday), journal.isConfirmed(monday)]).toEqual([
      { state: "confirmed", except: [] },
      false,
    ]);
  });
});

describe("push --sent-since", () => {
  test("sends what a killed run may have changed, though it equals the run to build on", async () => {
    const cluster = await runs();
    const monday = await cluster.set({ 10: "lan", 20: "wan" });
    const killed = await cluster.set({ 10: "office", 20: "wan" });
    const tuesday = await cluster.set({ 10: "lan", 20: "wan" });
    await cluster.push(monday);
    const since = await cluster.since(monday);
    await cluster.push(killed, {
      since,
      journalPlace: killedAt(1, await cluster.placeOf(killed)),
    });
    await cluster.both.settled();
    expect(verdicts((await compareWith(cluster.both.netbox, monday)).judged)).toEqual({
      "vlan 10 at HQ": "different",
    });
    const run = await cluster.push(tuesday, { since: await cluster.since(monday, killed) });
    expect(run.planned?.differences?.counts).toMatchObject({ same: 1, repeated: 1, changed: 0 });
    expect(verdicts((await compareWith(cluster.both.netbox, tuesday)).judged)).toEqual({});
    expect(await cluster.delivery(tuesday)).toEqual({ state: "confirmed", except: [] });
  });

  test("sends what the killed run lacked, since it may have been removed from NetBox", async () => {
    const cluster = await runs();
    const monday = await cluster.set({ 10: "lan", 20: "wan" });
    const killed = await cluster.set({ 20: "dmz" });
    await cluster.push(monday);
    await cluster.push(killed, {
      since: await cluster.since(monday),
      journalPlace: killedAt(1, await cluster.placeOf(killed)),
    });
    await cluster.both.settled();
    const { model } = cluster.both;
    for (const { id, vid } of model.all("vlan")) if (vid === 10) model.remove("vlan", { id });
    const tuesday = await cluster.set({ 10: "lan", 20: "wan" });
    await cluster.push(tuesday, { since: await cluster.since(monday, killed) });
    expect(verdicts((await compareWith(cluster.both.netbox, tuesday)).judged)).toEqual({});
  });

  test("sends nothing more for files that the killed run did not come to", async () => {
    const cluster = await runs();
    const monday = await cluster.set({ 10: "lan", 20: "wan", 30: "dmz" });
    const killed = await cluster.set({ 10: "office", 20: "wan", 30: "guests" });
    await cluster.push(monday);
    await cluster.push(killed, {
      since: await cluster.since(monday),
      texts: { PUSH_CONCURRENCY: "1" },
      journalPlace: killedAt(1, await cluster.placeOf(killed)),
    });
    const tuesday = await cluster.set({ 10: "lan", 20: "wan", 30: "dmz" });
    const run = await cluster.push(tuesday, { since: await cluster.since(monday, killed) });
    expect(run.planned?.differences?.counts).toMatchObject({ same: 2, repeated: 1 });
  });
});

type Course =
  | { readonly kind: "clean" }
  /** Names that NetBox does not take this time. */
  | { readonly kind: "refused"; readonly names: readonly string[] }
  | { readonly kind: "killed"; readonly write: number };

interface Step {
  readonly vlans: Vlans;
  readonly course: Course;
  /** What this run lacks is removed from NetBox afterwards, as `tidy` does. */
  readonly isTidied: boolean;
}

const NAMES = ["lan", "wan"];
/** Refused for good. */
const BAD = { "90": "bad" } as const;

const step = fc.record<Step>({
  vlans: fc.record(
    { 10: fc.constantFrom(...NAMES), 20: fc.constantFrom(...NAMES), 30: fc.constantFrom(...NAMES) },
    { requiredKeys: [] },
  ).map((vlans) => ({ ...vlans, ...BAD }) as Vlans),
  course: fc.oneof(
    fc.constant<Course>({ kind: "clean" }),
    fc.record({ kind: fc.constant("refused" as const), names: fc.subarray(NAMES) }),
    fc.record({ kind: fc.constant("killed" as const), write: fc.nat(6) }),
  ),
  isTidied: fc.boolean(),
});

/** Returns what NetBox has otherwise than the last run. */
async function lived(steps: readonly Step[]): Promise<object> {
  const refuses = new Set<string>();
  const both = await startDiodeAndNetBox({
    batchMs: 0,
    refuses: (_, { name }) => refuses.has(String(name)) ? "no" : undefined,
  });
  const cluster = new Runs(both, await tempFolder());
  const pushed: TransformedSet[] = [];
  const last: Step = {
    vlans: { ...steps.at(-1)?.vlans },
    course: { kind: "clean" },
    isTidied: false,
  };
  try {
    for (const { vlans, course, isTidied } of [...steps, last]) {
      const set = await cluster.set(vlans);
      const later: TransformedSet[] = [];
      let base: TransformedSet | undefined;
      for (const earlier of pushed.toReversed()) {
        base = (await cluster.delivery(earlier))?.state === "confirmed" ? earlier : undefined;
        if (base !== undefined) break;
        later.push(earlier);
      }
      refuses.clear();
      for (const name of ["bad", ...course.kind === "refused" ? course.names : []]) {
        refuses.add(name);
      }
      const place = await cluster.placeOf(set);
      await cluster.push(set, {
        since: base && await cluster.since(base, ...later),
        journalPlace: course.kind === "killed" ? killedAt(course.write, place) : place,
        confirm: { ...confirmOptions(both.netbox), timeoutMs: 300, resendAfterMs: 1 },
      });
      pushed.push(set);
      await both.settled();
      for (const { id, vid } of isTidied ? [...both.model.all("vlan")] : []) {
        if (!(String(vid) in vlans)) both.model.remove("vlan", { id });
      }
    }
    const newest = pushed.at(-1);
    return newest === undefined ? {} : verdicts((await compareWith(both.netbox, newest)).judged);
  } finally {
    await both.close();
  }
}

test(
  "whatever became of the pushes before, NetBox equals the last run after a push that ended",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        expect(await lived(steps)).toEqual({ "vlan 90 at HQ": "missing" });
      }),
      { numRuns: numRuns(60) },
    );
  },
  600_000,
);
