/** Parallel calls stay within the limits, and the snapshot does not depend on them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseServeFault } from "../../src/rehearse/serve/rehearsal.ts";
import { answersIn, captured } from "../helpers/capturing.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { served, simulated } from "../helpers/serving.ts";

describe("parallel calls of capture", () => {
  test("stay within PROXMOX_CONCURRENCY, PROXMOX_NODE_CONCURRENCY and PROXMOX_AGENT_CONCURRENCY", async () => {
    const server = await served(await simulated(4, 120), { latencyMs: 5 });
    const { progress } = await captured(server, {
      settings: {
        PROXMOX_CONCURRENCY: "6",
        PROXMOX_NODE_CONCURRENCY: "2",
        PROXMOX_AGENT_CONCURRENCY: "1",
      },
    });
    const { most, mostByNode, mostAgentsByNode } = server.traffic;
    expect(Math.max(...mostAgentsByNode.values())).toBe(1);
    expect(Math.max(...mostByNode.values())).toBe(3);
    expect(most).toBeGreaterThan(6);
    expect(most).toBeLessThanOrEqual(12);
    expect(progress.at(-1)).toMatchObject({
      nodes: { done: 4, total: 4 },
      guests: { done: 120, total: 120 },
    });
  });

  test("are limited to 2 for the agents of a node by default", async () => {
    const server = await served(await simulated(6, 150), { latencyMs: 5 });
    await captured(server);
    expect(Math.max(...server.traffic.mostAgentsByNode.values())).toBe(2);
    expect(Math.max(...server.traffic.mostByNode.values())).toBeLessThanOrEqual(6);
    expect(server.traffic.most).toBeLessThanOrEqual(16);
  });

  test("reuse their connections", async () => {
    const server = await served(await simulated(2, 60));
    const { summary } = await captured(server);
    const failures = summary.manifest.counts.failed;
    expect(server.traffic.connections).toBeLessThanOrEqual(16 + 2 * failures);
    expect(server.traffic.requests).toBeGreaterThan(100);
  });
});

test("a snapshot does not depend on the concurrency, the order of answers or the order of keys", async () => {
  const snapshot = await simulated(2, 25);
  const { folder } = await captured(await served(snapshot));
  const expected = await answersIn(folder);
  const whole = (max: number): fc.Arbitrary<string> => fc.integer({ min: 1, max }).map(String);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        latencyMs: fc.constantFrom(0, 1, 3),
        share: fc.constantFrom("0", "0.1"),
        settings: fc.record({
          PROXMOX_CONCURRENCY: whole(32),
          PROXMOX_NODE_CONCURRENCY: whole(8),
          PROXMOX_AGENT_CONCURRENCY: whole(2),
        }),
      }),
      async ({ seed, latencyMs, share, settings }) => {
        const faults = share === "0" ? [] : [parseServeFault(`503:${share}`)];
        const again = await captured(await served(snapshot, { seed, latencyMs, faults }), {
          settings,
        });
        expect(await answersIn(again.folder)).toEqual(expected);
      },
    ),
    { numRuns: numRuns(8) },
  );
});
