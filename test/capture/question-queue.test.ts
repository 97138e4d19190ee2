/** Limits of parallel calls, which adapt to the load of the cluster. */
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { CallLimits, Pace } from "../../src/capture/question-queue.ts";

function observed(pace: Pace, calls: number, call: { ms?: number; isBusy?: boolean } = {}): number {
  for (let i = 0; i < calls; i += 1) pace.observe({ ms: 20, isBusy: false, ...call });
  return pace.allowed;
}

describe("the pace", () => {
  test("starts at the limit and stays there while calls succeed", () => {
    const pace = new Pace(8);
    expect(pace.allowed).toBe(8);
    expect(observed(pace, 100)).toBe(8);
  });

  test("is halved while the cluster is busy, down to one call, and recovers afterwards", () => {
    const pace = new Pace(8);
    const steps = [1, 2, 3, 4].map(() => observed(pace, 20, { isBusy: true }));
    expect(steps).toEqual([4, 2, 1, 1]);
    expect([1, 2, 3].map(() => observed(pace, 20))).toEqual([2, 3, 4]);
    expect(observed(pace, 200)).toBe(8);
  });

  test("ignores one failed call in ten", () => {
    const pace = new Pace(8);
    for (let i = 0; i < 50; i += 1) pace.observe({ ms: 20, isBusy: i % 10 === 0 });
    expect(pace.allowed).toBe(8);
  });

  test("is halved when calls take far longer than before", () => {
    const pace = new Pace(8);
    observed(pace, 20);
    expect(observed(pace, 20, { ms: 110 })).toBe(8);
    expect(observed(pace, 20, { ms: 200 })).toBe(4);
  });

  test("stays the same for a cluster that is always slow", () => {
    const pace = new Pace(8);
    expect(observed(pace, 200, { ms: 900 })).toBe(8);
  });
});

/** Tasks that end on demand. */
function pendingTasks() {
  const ends: (() => void)[] = [];
  return {
    task: () => new Promise<void>((resolve) => ends.push(resolve)),
    get running() {
      return ends.length;
    },
    async endAll() {
      while (ends.length > 0) {
        ends.splice(0).forEach((end) => end());
        await setImmediate();
      }
    },
  };
}

describe("limits", () => {
  const options = { total: 5, perNode: 3, agentsPerNode: 1 };

  test("apply to a node, to its agents and in total, with a separate limit for agents", async () => {
    const limits = new CallLimits(options);
    const counts: Record<string, number> = {};
    const pending = pendingTasks();
    for (const node of ["pve1", "pve2", "pve3"]) {
      for (const isAgent of [false, true]) {
        for (let i = 0; i < 10; i += 1) {
          void limits.run({ node, isAgent }, () => {
            counts[`${node} ${isAgent}`] = (counts[`${node} ${isAgent}`] ?? 0) + 1;
            return pending.task();
          });
        }
      }
    }
    await setImmediate();
    expect(counts).toEqual({
      "pve1 false": 3,
      "pve1 true": 1,
      "pve2 false": 2,
      "pve2 true": 1,
      "pve3 true": 1,
    });
    await pending.endAll();
    expect(Object.values(counts)).toEqual([10, 10, 10, 10, 10, 10]);
  });

  test("shrink with the pace, and waiting calls still run", async () => {
    const limits = new CallLimits(options);
    for (let i = 0; i < 40; i += 1) limits.observe({ ms: 20, isBusy: true });
    const pending = pendingTasks();
    const done = Promise.all(
      Array.from({ length: 6 }, () => limits.run({ isAgent: false }, pending.task)),
    );
    await setImmediate();
    expect(pending.running).toBe(1);
    await pending.endAll();
    await done;
  });

  test("release a task that fails", async () => {
    const limits = new CallLimits({ ...options, total: 1 });
    const failing = limits.run(
      { node: "pve1", isAgent: false },
      () => Promise.reject(new Error("no")),
    );
    await expect(failing).rejects.toThrow("no");
    await expect(limits.run({ node: "pve1", isAgent: false }, () => Promise.resolve(7))).resolves
      .toBe(7);
  });
});
