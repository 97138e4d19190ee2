/** Random faults of `serve`: the same for the same seed, path and attempt. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { faultFor, parseServeFault } from "../../src/rehearse/serve/rehearsal.ts";
import { ask, envelopeOf, keepAliveAgent } from "../helpers/pve-client.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";

const PATHS = Array.from({ length: 40 }, (_, i) => `/nodes/pve1/qemu/${100 + i}/config`);

function faultsOf(...texts: readonly string[]): { faults: ReturnType<typeof parseServeFault>[] } {
  return { faults: texts.map(parseServeFault) };
}

describe("the choice of faults by serve", () => {
  test("does not depend on the order of requests", () => {
    const faults = [parseServeFault("503:0.3"), parseServeFault("reset:0.2")];
    const attempts = PATHS.flatMap((path) => [1, 2, 3].map((number) => ({ path, number })));
    const drawn = (list: typeof attempts, seed: number) =>
      new Map(list.map((each) => [
        `${each.path} ${each.number}`,
        faultFor(faults, { ...each, seed }),
      ]));
    fc.assert(fc.property(
      fc.integer(),
      fc.shuffledSubarray(attempts, { minLength: attempts.length }),
      (seed, shuffled) => {
        const [inOrder, reordered] = [drawn(attempts, seed), drawn(shuffled, seed)];
        for (const [key, kind] of inOrder) expect(reordered.get(key)).toBe(kind);
      },
    ));
  });

  test.each([
    ["503:0.05", 0.05],
    ["reset:.2", 0.2],
    ["cut:1", 1],
    ["timeout:0", 0],
  ])("hits the share of attempts in %s", (text, share) => {
    const fault = parseServeFault(text);
    const failed = Array.from({ length: 4000 }, (_, i) =>
      faultFor([fault], { seed: 3, path: "/nodes", number: i + 1 })).filter(Boolean).length;
    expect(failed / 4000).toBeGreaterThanOrEqual(share * 0.8);
    expect(failed / 4000).toBeLessThanOrEqual(share * 1.2);
  });

  test("adds up the shares of several faults, with at most one fault per attempt", () => {
    const faults = ["503:0.5", "reset:0.5"].map(parseServeFault);
    const kinds = Array.from(
      { length: 200 },
      (_, number) => faultFor(faults, { seed: 1, path: "/version", number }),
    );
    expect(new Set(kinds)).toEqual(new Set(["503", "reset"]));
  });

  test("can differ between attempts at the same path", () => {
    const faults = [parseServeFault("503:0.5")];
    const drawn = Array.from(
      { length: 64 },
      (_, number) => faultFor(faults, { seed: 1, path: "/version", number }),
    );
    expect(new Set(drawn).size).toBe(2);
  });

  test.each([
    ["503x2@/nodes/pve1/*", "/nodes/pve1/status", 2, "503"],
    ["503x2@/nodes/pve1/*", "/nodes/pve1/status", 3, undefined],
    ["503x2@/nodes/pve1/*", "/nodes/pve10/status", 1, undefined],
    ["503x1@*/config", "/nodes/pve1/qemu/100/config", 1, undefined],
    ["resetx9@/nodes", "/nodes/pve1/status", 1, undefined],
    ["resetx9@/*type=vm", "/cluster/resources?type=vm", 9, "reset"],
  ])("for %s at %s, attempt %i, is %s", (text, path, number, kind) => {
    const faults = text.includes("@/") ? [parseServeFault(text)] : [];
    expect(faultFor(faults, { seed: 1, path, number })).toBe(kind);
  });

  test.each([
    "503",
    "418:0.1",
    "503:2",
    "503:-1",
    "503:5%",
    "503x",
    "constructor:1",
    "503:1@nodes",
  ])(
    "rejects %s with what is allowed",
    (text) => {
      expect(() => parseServeFault(text)).toThrow(expect.objectContaining({
        kind: "usage",
        message: `Invalid fault "${text}"`,
        hint: expect.stringContaining("reset, cut, timeout") as string,
      }));
    },
  );
});

describe("serve", () => {
  test.each([
    [429, "Too Many Requests", "text/html"],
    [500, "Internal Server Error", "application/json;charset=UTF-8"],
    [502, "Bad Gateway", "text/html"],
    [503, "Service Unavailable", "text/html"],
    [504, "Gateway Timeout", "text/html"],
    [595, "Connection refused", undefined],
    [596, "Connection timed out", undefined],
    [597, "Connection reset by peer", undefined],
  ])("answers the fault %i with %s", async (status, reason, type) => {
    const server = await served(EXAMPLE, faultsOf(`${status}x1`));
    const agent = keepAliveAgent(server);
    const failed = await ask(server, "/version", { agent });
    expect([failed.status, failed.reason, failed.headers["content-type"]])
      .toEqual([status, reason, type]);
    expect(failed.headers["retry-after"]).toBeUndefined();
    expect((await ask(server, "/version", { agent })).status).toBe(200);
  });

  test("sends Retry-After in seconds with 429 and 503", async () => {
    const faults = faultsOf("429x1@/nodes", "503x1@/version", "502x1@/cluster/status");
    const server = await served(EXAMPLE, { ...faults, retryAfterSeconds: 2 });
    const answers = ["/nodes", "/version", "/cluster/status"].map((path) => ask(server, path));
    expect((await Promise.all(answers)).map(({ headers }) => headers["retry-after"]))
      .toEqual(["2", "2", undefined]);
  });

  test("drops the connection before an answer for the fault reset", async () => {
    const server = await served(EXAMPLE, faultsOf("resetx1"));
    await expect(ask(server, "/version")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await ask(server, "/version")).status).toBe(200);
  });

  test("closes the connection in the middle of an answer for the fault cut", async () => {
    const server = await served(EXAMPLE, faultsOf("cutx1"));
    await expect(ask(server, "/nodes")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(server.traffic.answered.get(200)).toBe(1);
    expect(envelopeOf(await ask(server, "/nodes"))["data"]).toHaveLength(4);
  });

  test("resets an answer without a body for the fault cut", async () => {
    const server = await served(EXAMPLE, faultsOf("cutx1"));
    await expect(ask(server, "/nodes/pve4/status")).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("sends no answer for the fault timeout", async () => {
    const server = await served(EXAMPLE, { ...faultsOf("timeoutx1"), idleMs: 50 });
    await expect(ask(server, "/version", { patienceMs: 300 })).rejects.toThrow("gave up");
    await vi.waitUntil(() => server.traffic.answered.get(0) === 1);
    expect((await ask(server, "/version")).status).toBe(200);
  });

  test("has the same faults for the same seed, in any order of requests", async () => {
    const faults = faultsOf("503:0.3");
    const [first, second] = [await served(EXAMPLE, faults), await served(EXAMPLE, faults)];
    const statuses = async (server: typeof first, paths: readonly string[]) => {
      const agent = keepAliveAgent(server, 4);
      const answers = paths.map(async (path) =>
        [path, (await ask(server, path, { agent })).status] as const
      );
      return Object.fromEntries(await Promise.all(answers));
    };
    const inOrder = await statuses(first, PATHS);
    expect(await statuses(second, PATHS.toReversed())).toEqual(inOrder);
    expect(new Set(Object.values(inOrder))).toContain(503);
  });

  test("applies faults to requests with an invalid token, and still requires a valid one", async () => {
    const server = await served(EXAMPLE, { ...faultsOf("503x1"), refusalMs: 0 });
    const authorization = "PVEAPIToken=a@b1!c1=d";
    expect((await ask(server, "/version", { authorization })).status).toBe(503);
    expect((await ask(server, "/version", { authorization })).status).toBe(401);
  });

  test("can change its faults while it runs", async () => {
    const server = await served(EXAMPLE, faultsOf("503:1"));
    expect((await ask(server, "/version")).status).toBe(503);
    server.disturb({});
    expect((await ask(server, "/version")).status).toBe(200);
    server.disturb(faultsOf("500x1"));
    expect((await ask(server, "/version")).status).toBe(500);
  });
});
