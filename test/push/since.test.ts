/** push --since sends only the differences from an earlier run, if the target has that run. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { decodeUtf8 } from "../../src/base/text.ts";
import type { Receiver } from "../../src/rehearse/receive/receive.ts";
import {
  addressOf,
  buildSet,
  disk,
  type SetFacts,
  type SetParts,
  tag,
  vm,
} from "../helpers/entity-set.ts";
import { placeFor, pushInto, type PushOverrides, receiver } from "../helpers/pushing.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const EARLIER: SetParts = {
  "tag": [[tag("a"), tag("b")]],
  "ip-address": [[addressOf("web-01", "10.0.0.5/24")]],
  "virtual-machine": [[vm("web-01"), vm("web-02", {}, 102)], [vm("web-03", {}, 103)]],
  "virtual-disk": [[disk("web-01", "scsi0"), disk("web-01", "scsi1")]],
};
const LATER: SetParts = {
  "tag": [[tag("a"), tag("b"), tag("c")]],
  "virtual-machine": [[vm("web-01", { memory: "2048" }), vm("web-02", {}, 102)], [
    vm("web-03", {}, 103),
  ]],
  "virtual-disk": [[disk("web-01", "scsi0")]],
};

async function runs(facts: SetFacts = {}) {
  const root = await tempFolder();
  const earlier = await buildSet(join(root, "monday"), EARLIER);
  const later = await buildSet(join(root, "tuesday"), LATER, {
    time: "2026-02-03T04:05:06Z",
    ...facts,
  });
  return { root, earlier, later };
}

async function pushSince(
  diode: Receiver,
  { earlier, later }: { earlier: TransformedSet; later: TransformedSet },
  overrides: PushOverrides = {},
) {
  const journalPlace = await placeFor(earlier.place, diode.target);
  return await pushInto(diode, later, { since: { set: earlier, journalPlace }, ...overrides });
}

describe("push --since", () => {
  test("sends changed and new entities, each file as one request with its own id", async () => {
    const diode = await receiver();
    const both = await runs();
    await pushInto(diode, both.earlier);
    const before = diode.requests.length;
    const { error, planned } = await pushSince(diode, both);
    expect(error).toBeUndefined();
    expect(planned?.differences?.counts).toEqual({
      same: 5,
      repeated: 0,
      changed: 1,
      added: 1,
      disappeared: 2,
      not_read: 0,
    });
    const requests = diode.requests.slice(before);
    expect(requests.map(({ entities }) => entities)).toEqual([1, 1]);
    expect(diode.entities().slice(-2)).toMatchObject([
      { timestamp: "2026-02-03T04:05:06Z", tag: { name: "c" } },
      { virtual_machine: { name: "web-01", memory: "2048" } },
    ]);
    expect(new Set(diode.requests.map(({ id }) => id)).size).toBe(diode.requests.length);
  });

  test("writes a file of entities that disappeared, and separately of those that were not read", async () => {
    const diode = await receiver();
    const leftOut = [{ what: "vm/101/agent", reason: "agent-not-running" }] as const;
    const both = await runs({ leftOut });
    await pushInto(diode, both.earlier);
    const { planned } = await pushSince(diode, both);
    const store = await openStore(both.later.place);
    const file = planned?.missingFile ?? "";
    expect(file).toMatch(/^push\/.*\.disappeared\.json$/);
    expect(JSON.parse(decodeUtf8(await store.read(file) ?? new Uint8Array(), file))).toEqual({
      disappeared: [{ step: "virtual-disk", entity: "web-01/scsi1" }],
      not_read: [{
        step: "ip-address",
        entity: "10.0.0.5/24",
        reason: "agent-not-running",
        what: "vm/101/agent",
      }],
    });
  });

  test("records that the target has the later run, so that the next push can use it", async () => {
    const diode = await receiver();
    const both = await runs();
    await pushInto(diode, both.earlier);
    await pushSince(diode, both);
    expect((await pushInto(diode, both.later)).sent).toEqual([]);
    const third = await buildSet(join(both.root, "wednesday"), LATER);
    const { error, sent } = await pushSince(diode, { earlier: both.later, later: third });
    expect([error, sent]).toEqual([undefined, []]);
    expect((await pushInto(diode, third)).planned?.acknowledged).toBe(third.files.length);
  });

  test("sends nothing for a field that the later run does not have: Diode would leave it", async () => {
    const diode = await receiver();
    const root = await tempFolder();
    const machine = vm("web-01", { memory: "2048" });
    const earlier = await buildSet(join(root, "monday"), { "virtual-machine": [[machine]] });
    const later = await buildSet(join(root, "tuesday"), { "virtual-machine": [[vm("web-01")]] });
    await pushInto(diode, earlier);
    const { error, sent, planned } = await pushSince(diode, { earlier, later });
    expect([error, sent]).toEqual([undefined, []]);
    expect(planned?.differences?.counts).toMatchObject({ same: 1, changed: 0 });
  });

  test("works from run to run with one journal, as in a pipeline with a fresh checkout", async () => {
    const diode = await receiver();
    const both = await runs();
    const journalPlace = {
      ...await placeFor(join(both.root, "cache"), diode.target),
      key: "push.journal",
    };
    await pushInto(diode, both.earlier, { journalPlace });
    const withoutJournal = {
      set: both.earlier,
      journalPlace: await placeFor(both.earlier.place, diode.target),
    };
    const { error, sent } = await pushInto(diode, both.later, {
      journalPlace,
      since: withoutJournal,
    });
    expect([error, sent.length]).toEqual([undefined, 2]);
    const [[, ...others] = [], ...more] = EARLIER["virtual-machine"] ?? [];
    const third = await buildSet(join(both.root, "wednesday"), {
      ...EARLIER,
      "virtual-machine": [[vm("web-01", { memory: "1024" }), ...others], ...more],
    });
    const next = await pushInto(diode, third, {
      journalPlace,
      since: { set: both.later, journalPlace: undefined },
    });
    expect(next.error).toBeUndefined();
    expect(next.planned?.differences?.counts).toMatchObject({
      changed: 1,
      added: 2,
      disappeared: 1,
    });
  });

  test("resumes after an interruption, although its journal replaced that of the earlier run", async () => {
    const diode = await receiver({ faults: [] });
    const both = await runs();
    const journalPlace = {
      ...await placeFor(join(both.root, "cache"), diode.target),
      key: "push.journal",
    };
    const since = { set: both.earlier, journalPlace: undefined };
    await pushInto(diode, both.earlier, { journalPlace });
    const controller = new AbortController();
    const stopped = await pushInto(diode, both.later, {
      journalPlace,
      since,
      signal: controller.signal,
      onSent: () => controller.abort(),
    });
    expect(stopped.error).toMatchObject({ kind: "interrupted" });
    const before = diode.requests.length;
    const { error, sent } = await pushInto(diode, both.later, { journalPlace, since });
    expect([error, sent.length]).toEqual([undefined, 1]);
    expect(diode.requests).toHaveLength(before + 1);
  });
});

describe("push --since is rejected", () => {
  test("when no journal shows that the target has the earlier run completely", async () => {
    const diode = await receiver();
    const both = await runs();
    const unknown = await pushSince(diode, both);
    expect(unknown.error).toMatchObject({ kind: "usage" });
    expect((unknown.error as Error).message).toContain("no journal shows");
    await pushInto(diode, both.earlier, { choices: { steps: ["tag"] } });
    const partly = await pushSince(diode, both);
    expect((partly.error as Error).message).toContain("only a part");
    expect(diode.requests).toHaveLength(1);
  });

  test("when Diode refused entities of the earlier run", async () => {
    const diode = await receiver({ faults: [{ name: "rejected", first: 1 }] });
    const both = await runs();
    await pushInto(diode, both.earlier);
    expect((await pushSince(diode, both)).error).toMatchObject({ kind: "usage" });
  });

  test("when only another target has the earlier run", async () => {
    const [first, second] = [await receiver(), await receiver()];
    const both = await runs();
    await pushInto(first, both.earlier);
    expect((await pushSince(second, both)).error).toMatchObject({ kind: "usage" });
  });

  test("when more changed and disappeared than PUSH_MAX_CHANGED allows, except with --yes", async () => {
    const diode = await receiver();
    const both = await runs();
    await pushInto(diode, both.earlier);
    const before = diode.requests.length;
    // One changed, two disappeared, of eight.
    const texts = { PUSH_MAX_CHANGED: "37%" };
    const { error } = await pushSince(diode, both, { texts });
    expect(error).toMatchObject({ kind: "usage" });
    expect((error as Error).message).toContain("1 changed and 2 disappeared, 37.5%");
    expect(diode.requests).toHaveLength(before);
    const allowed = { texts: { PUSH_MAX_CHANGED: "38%" }, choices: { isDryRun: true } };
    expect((await pushSince(diode, both, allowed)).error).toBeUndefined();
    expect((await pushSince(diode, both, { texts, choices: { isSure: true } })).error)
      .toBeUndefined();
  });
});
