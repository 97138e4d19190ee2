/** Faults of `receive`, as a client sees them. */
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/catalog.ts";
import { IngestResponseSchema } from "../../src/netbox/diode/ingester.ts";
import {
  createDice,
  type FaultName,
  parseReceiveFault,
  RECEIVE_FAULTS,
  type ReceiveFault,
} from "../../src/rehearse/receive/faults.ts";
import type { Receiver } from "../../src/rehearse/receive/receive.ts";
import { askToken, call, type GrpcAnswer, statusOf, tokenOf } from "../helpers/diode-client.ts";
import { received, requestBytes, tag } from "../helpers/receiving.ts";

const BYTES = requestBytes([tag("x")]);
/** Errors of a broken connection differ between the runtimes. */
const BROKEN = /ECONNRESET|reset|broke|hang up|ECANCELED|socket|closed|close/i;

async function ingest(receiver: Receiver, token: string): Promise<string> {
  const answer = await call(receiver, BYTES, { token }).catch((error: Error) => error);
  return answer instanceof Error ? broken(answer) : shown(answer);
}

function broken(error: Error): string {
  expect(error.message).toMatch(BROKEN);
  return "broken";
}

function shown(answer: GrpcAnswer): string {
  if (answer.status !== 200) return `HTTP ${answer.status}`;
  const { errors } = fromBinary(IngestResponseSchema, answer.body.subarray(5));
  return [statusOf(answer), ...errors].join("; ");
}

/** Fault → what the client gets, and how many requests are stored. */
const AT_INGEST = {
  "unavailable": ["14 the server is shutting down", 0],
  "resource-exhausted": ["8 redis at maxmemory; retry with backoff", 0],
  "internal": ["13", 0],
  "bad-gateway": ["HTTP 502", 0],
  "unauthorized": ["HTTP 401", 0],
  "forbidden": ["HTTP 403", 0],
  "no-scope": ["16 missing required scope", 0],
  "reset": ["broken", 0],
  "lost-answer": ["broken", 1],
  "rejected": ["0; entity at index 0 is nil", 1],
} as const satisfies Partial<Record<FaultName, readonly [string, number]>>;

const AT_TOKEN = {
  "token-429": "429",
  "token-no-scope": "400",
  "token-500": "500",
  "token-502": "502",
  "token-503": "503",
  "token-reset": "broken",
} as const satisfies Partial<Record<FaultName, string>>;

test("receive --help names every fault", () => {
  const description = COMMANDS["receive"]?.options["fail"]?.description;
  for (const name of Object.keys(RECEIVE_FAULTS)) expect(description).toContain(name);
});

test("the tests cover every fault", () => {
  expect(Object.keys({ ...AT_INGEST, ...AT_TOKEN })).toEqual(Object.keys(RECEIVE_FAULTS));
});

describe.each([false, true])("receive with TLS: %s", (isTls) => {
  test.each(Object.entries(AT_INGEST))(
    "%s affects one ingest request and no token request",
    async (name, [
      expected,
      stored,
    ]) => {
      const fault = { name: name as FaultName, first: 1 };
      const receiver = await received({ isTls, faults: [fault] });
      const token = await tokenOf(receiver);
      expect([await ingest(receiver, token), receiver.requests.length]).toEqual([expected, stored]);
      expect(await ingest(receiver, token)).toBe("0");
      expect(receiver.requests).toHaveLength(stored + 1);
      expect(receiver.faults).toEqual({ [name]: 1 });
    },
  );
});

test.each(Object.entries(AT_TOKEN))(
  "%s affects one token request and no ingest request",
  async (name, expected) => {
    const fault = { name: name as FaultName, first: 1 };
    const receiver = await received({ faults: [fault] });
    const status = askToken(receiver).then(({ status }) => String(status), broken);
    expect(await status).toBe(expected);
    expect(await ingest(receiver, await tokenOf(receiver))).toBe("0");
  },
);

test("HTTP 429 of receive has a Retry-After header", async () => {
  const receiver = await received({ faults: [{ name: "token-429", first: 1 }] });
  expect((await askToken(receiver)).headers["retry-after"]).toBe("1");
});

test.each(["lost-answer", "rejected"] as const)(
  "%s does not store a request that is rejected without the fault",
  async (name) => {
    const receiver = await received({ faults: [{ name, share: 1 }] });
    expect(await ingest(receiver, "made-up")).toBe("HTTP 401");
    expect(receiver.requests).toEqual([]);
  },
);

describe("the choice of faults by receive", () => {
  const FAULTY: readonly ReceiveFault[] = [
    { name: "unavailable", share: 0.2 },
    { name: "reset", share: 0.1 },
    { name: "token-503", share: 0.5 },
  ];

  function draw(
    faults: readonly ReceiveFault[],
    seed: number,
    times: number,
  ): (FaultName | "none")[] {
    const dice = createDice(faults, seed);
    return Array.from({ length: times }, () => dice("ingest") ?? "none");
  }

  test("is the same for the same seed, and differs for another", () => {
    expect(draw(FAULTY, 7, 200)).toEqual(draw(FAULTY, 7, 200));
    expect(draw(FAULTY, 7, 200)).not.toEqual(draw(FAULTY, 8, 200));
  });

  test("matches the requested shares", () => {
    const drawn = draw(FAULTY, 1, 10_000);
    const count = (name: string): number => drawn.filter((one) => one === name).length;
    expect(count("unavailable")).toBeGreaterThan(1850);
    expect(count("unavailable")).toBeLessThan(2150);
    expect(count("reset")).toBeGreaterThan(900);
    expect(count("reset")).toBeLessThan(1100);
    expect(count("token-503")).toBe(0);
  });

  test("of ingest requests does not depend on token requests", () => {
    const [alone, mixed] = [createDice(FAULTY, 3), createDice(FAULTY, 3)];
    for (let i = 0; i < 100; i++) {
      if (i % 3 === 0) mixed("token");
      expect(mixed("ingest")).toBe(alone("ingest"));
    }
  });

  test("is the same for later requests when the first ones fail", () => {
    const early: readonly ReceiveFault[] = [{ name: "bad-gateway", first: 3 }, ...FAULTY];
    expect(draw(early, 5, 50).slice(0, 3)).toEqual(Array(3).fill("bad-gateway"));
    expect(draw(early, 5, 50).slice(3)).toEqual(draw(FAULTY, 5, 50).slice(3));
  });
});

describe("parseReceiveFault", () => {
  test.each<[string, ReceiveFault]>([
    ["unavailable:0.1", { name: "unavailable", share: 0.1 }],
    ["reset:.05", { name: "reset", share: 0.05 }],
    ["token-503:1", { name: "token-503", share: 1 }],
    ["token-503x2", { name: "token-503", first: 2 }],
  ])("accepts %s", (text, fault) => {
    expect(parseReceiveFault(text)).toEqual(fault);
  });

  test.each(["", "unavailable", "unavailable:", "unavailable:2", "unavailable:-1", "nonsense:0.1"])(
    "rejects %j",
    (text) => {
      expect(() => parseReceiveFault(text)).toThrow(`Invalid fault "${text}"`);
    },
  );

  test.each(["toString:1", "constructor:1"])("rejects %s, a property of every object", (text) => {
    expect(() => parseReceiveFault(text)).toThrow("Invalid fault");
  });
});
