/** push --confirm with a Diode and a NetBox at their worst: it ends with everything equal, or says what is not. */
import { describe, expect, test } from "vitest";
import { parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import type { ConfirmOptions } from "../../src/push/confirm.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import { foreignTags } from "../helpers/background-diode.ts";
import { compareWith, verdicts } from "../helpers/comparing.ts";
import {
  type DiodeAndNetBox,
  diodeAndNetBox,
  type Disturbances,
  doubledIn,
} from "../helpers/diode-and-netbox.ts";
import { type SiteSize, transformedSet } from "../helpers/disturbed-site.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { pushInto, type PushRun } from "../helpers/pushing.ts";
import { AUTHORIZATION } from "../helpers/small-netbox.ts";

interface Outcome {
  readonly both: DiodeAndNetBox;
  readonly set: TransformedSet;
  readonly run: PushRun;
}

function confirmOptions({ url }: { readonly url: string }, timeoutMs = 20_000): ConfirmOptions {
  const netbox = parseNetBoxSettings({
    NETBOX_URL: url,
    NETBOX_TOKEN: AUTHORIZATION,
    NETBOX_RETRY_DELAY: "1ms",
    NETBOX_MAX_RETRIES: "0",
  });
  return {
    netbox: { ...netbox, certificates: undefined, proxy: undefined },
    timeoutMs,
    resendAfterMs: 20,
    watch: {
      onOpened: () => undefined,
      onLooked: () => undefined,
      onResend: () => undefined,
      onUnreachable: () => undefined,
    },
  };
}

async function confirmed(
  disturbances: Disturbances,
  { timeoutMs, ...size }: SiteSize & { readonly timeoutMs?: number } = {},
): Promise<Outcome> {
  const set = await transformedSet(size);
  const both = await diodeAndNetBox(disturbances);
  const confirm = confirmOptions(both.netbox, timeoutMs);
  return { both, set, run: await pushInto(both.receiver, set, { confirm }) };
}

async function expectAllEqual({ both, set, run }: Outcome): Promise<void> {
  expect(run.error).toBeUndefined();
  expect(run.confirmed).toMatchObject({ open: [], doubled: [], isStopped: false });
  expect(run.confirmed?.arrived).toBe(run.confirmed?.entities);
  await both.settled();
  const { judged } = await compareWith(both.netbox, set);
  expect(verdicts(judged)).toEqual({});
  expect(doubledIn(both.model)).toEqual([]);
}

/** "ip-address 10.0.0.9/24" */
function doubledNames({ run }: Outcome): readonly string[] {
  return (run.confirmed?.doubled ?? []).map(({ step, entity }) => `${step} ${entity}`);
}

describe("push --confirm ends with everything equal", () => {
  const seeds = Array.from({ length: numRuns(25) }, (_, i) => i);

  test.each(seeds)("in any order inside a batch (seed %i)", async (seed) => {
    await expectAllEqual(await confirmed({ seed }));
  });

  test.each(seeds)("though NetBox is away for a while (seed %i)", async (seed) => {
    const answer = seed % 2 === 0 ? {} : { answer: 502 as const };
    const outage = { afterApplied: 1 + seed * 20 % 120, forMs: 200, ...answer };
    const outcome = await confirmed({ seed, outage });
    await expectAllEqual(outcome);
    expect(outcome.both.wasAway).toBe(true);
  });

  test("behind the entities of another producer, and no machine fails", async () => {
    const outcome = await confirmed({ foreign: foreignTags(1500) }, { guests: 5 });
    await expectAllEqual(outcome);
    expect(outcome.both.model.refused).toEqual([]);
  });

  test("when some entities fail the first three times", async () => {
    const times = new Map<unknown, number>();
    const outcome = await confirmed({
      refuses(type, { name }) {
        if (type !== "platform" && type !== "vlan") return undefined;
        times.set(name, (times.get(name) ?? 0) + 1);
        return (times.get(name) ?? 0) <= 3 ? "not now" : undefined;
      },
    });
    await expectAllEqual(outcome);
  });
});

describe("push --confirm names", () => {
  test("what NetBox has twice after each batch was posted twice, and nothing else", async () => {
    const outcome = await confirmed({ isPostedTwice: () => true });
    expect(outcome.run.error).toBeUndefined();
    expect(outcome.run.confirmed?.arrived).toBe(outcome.run.confirmed?.entities);
    expect(doubledNames(outcome).length).toBe(doubledIn(outcome.both.model).length);
    for (const { doubled } of outcome.run.confirmed?.doubled ?? []) {
      expect(doubled?.urls.length).toBeGreaterThan(1);
    }
  });

  test("what NetBox has twice because of several workers", async () => {
    const outcome = await confirmed(
      { workers: 4, batchMs: 30, foreign: foreignTags(800) },
      { guests: 80, vlans: 80 },
    );
    expect(outcome.run.error).toBeUndefined();
    expect(outcome.run.confirmed?.arrived).toBe(outcome.run.confirmed?.entities);
    expect(doubledNames(outcome).length).toBe(doubledIn(outcome.both.model).length);
  });

  test("what NetBox refuses for good, and what needs it", async () => {
    const { run } = await confirmed({
      refuses: (type, { name }) =>
        type === "virtual-machine" && name === "guest-7" ? "no" : undefined,
    });
    expect(run.error).toBeUndefined();
    expect(run.confirmed?.examples.map(({ step, entity }) => `${step} ${entity}`)).toEqual([
      "vm-interface guest-7/net0",
      "ip-address 10.0.0.17/24",
      "virtual-machine guest-7",
      "virtual-disk guest-7/scsi0",
    ]);
  });

  test("everything when the reconciler does not run", async () => {
    const { run, both } = await confirmed({ isIdle: true }, { timeoutMs: 300 });
    expect(run.error).toBeUndefined();
    expect(run.confirmed).toMatchObject({ arrived: 0, isStopped: true });
    expect(both.model.rows.get("virtual-machine") ?? []).toEqual([]);
  });
});
