/** The SDK's client, which sends to `receive`. */
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { received } from "../helpers/receiving.ts";
import { converse, describeSdk } from "./sdk.ts";

interface Sent {
  readonly errors: readonly string[];
  readonly sent: readonly object[];
}

const TOKEN_LIFE_MS = 1000;

describeSdk("DiodeClient of the SDK", () => {
  test.each([["h2c", false], ["TLS", true]])(
    "sends its entities to receive over %s",
    async (_, isTls) => {
      const receiver = await received({ isTls });
      const sdk = await converse("ingest.py", receiver);
      const { errors, sent } = await sdk.ask() as Sent;
      expect(errors).toEqual([]);
      expect(sent.length).toBeGreaterThan(10);
      expect(receiver.entities()).toEqual(sent);
      expect(receiver.requests).toMatchObject([{ stream: "latest", producerAppName: "inventory" }]);
    },
  );

  test("requests a new token after HTTP 401", async () => {
    const receiver = await received({ tokenLifeMs: TOKEN_LIFE_MS });
    const sdk = await converse("ingest.py", receiver);
    await sdk.ask();
    // The token expires by time alone.
    await wait(TOKEN_LIFE_MS + 50);
    expect(await sdk.ask()).toMatchObject({ errors: [] });
    expect(receiver.requests).toHaveLength(2);
    expect(receiver.countTokens()).toBeGreaterThanOrEqual(2);
  });

  test("retries a token endpoint that answers 503", async () => {
    const receiver = await received({ faults: [{ name: "token-503", first: 1 }] });
    const sdk = await converse("ingest.py", receiver);
    expect(await sdk.ask()).toMatchObject({ errors: [] });
    expect(receiver.faults).toEqual({ "token-503": 1 });
  });

  test.each(
    [
      ["unavailable", "UNAVAILABLE", "the server is shutting down"],
      ["resource-exhausted", "RESOURCE_EXHAUSTED", "redis at maxmemory; retry with backoff"],
      ["internal", "INTERNAL", ""],
      ["bad-gateway", "UNAVAILABLE", /502/],
      ["forbidden", "PERMISSION_DENIED", /403/],
      ["reset", "UNAVAILABLE", /./],
      ["lost-answer", "UNAVAILABLE", /./],
    ] as const,
  )("reports the fault %s as %s", async (name, status, details) => {
    const receiver = await received({ faults: [{ name, first: 1 }] });
    const sdk = await converse("ingest.py", receiver);
    const text: unknown = typeof details === "string" ? details : expect.stringMatching(details);
    expect(await sdk.ask()).toEqual({ status, details: text });
    expect(await sdk.ask()).toMatchObject({ errors: [] });
  });

  test("gets the errors of rejected entities", async () => {
    const receiver = await received({ faults: [{ name: "rejected", first: 1 }] });
    const sdk = await converse("ingest.py", receiver);
    expect(await sdk.ask()).toMatchObject({ errors: ["entity at index 0 is nil"] });
  });
});
