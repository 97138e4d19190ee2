/** Failures of Diode, its proxy or the network: push recovers, or its error explains the cause. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { EntitySet } from "../../src/run-folder/entity-set.ts";
import type { PushTexts } from "../../src/push/settings.ts";
import type { ReceiveFault } from "../../src/rehearse/receive/faults.ts";
import { plainOnTlsPort } from "../../src/rehearse/receive/nginx.ts";
import { connectProxy } from "../helpers/connect-proxy.ts";
import { buildSet, tag, vm } from "../helpers/entity-set.ts";
import { journalLines, pushInto, type PushOverrides, receiver } from "../helpers/pushing.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

async function guests(files: number): Promise<EntitySet> {
  return await buildSet(await tempFolder(), {
    "tag": [[tag("a")]],
    "virtual-machine": Array.from({ length: files }, (_, i) => [vm(`guest-${i}`)]),
  });
}

/** Starts a server that gives every request the same answer; returns the target. */
async function respondingTarget(
  status: number,
  { body = "", location }: { readonly body?: string; readonly location?: string },
): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, location === undefined ? {} : { location }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `grpc://127.0.0.1:${(server.address() as AddressInfo).port}/diode`;
}

/** Starts a server that speaks only HTTP/1.1, as nginx without `http2 on`; returns the target. */
async function tokenOnlyTarget(): Promise<string> {
  const body = '{"access_token":"for-nothing"}';
  const token = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const server = createTcpServer((client) => {
    client.once("data", (head: Buffer) => {
      client.end(head.toString("latin1").startsWith("POST") ? token : plainOnTlsPort());
    }).on("error", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `grpc://127.0.0.1:${(server.address() as AddressInfo).port}/diode`;
}

const ALL_FAULTS: readonly ReceiveFault[] = [
  { name: "unavailable", share: 0.05 },
  { name: "resource-exhausted", share: 0.03 },
  { name: "internal", share: 0.02 },
  { name: "bad-gateway", share: 0.03 },
  { name: "reset", share: 0.03 },
  { name: "lost-answer", share: 0.04 },
  { name: "token-500", share: 0.1 },
  { name: "token-reset", share: 0.1 },
];

describe("push delivers every entity", () => {
  test.each([["without TLS", false], ["with TLS", true]])(
    "when 20 % of requests fail and tokens expire every second, %s",
    async (_, isTls) => {
      const diode = await receiver({ isTls, faults: ALL_FAULTS, tokenLifeMs: 1000, latencyMs: 16 });
      const entities = await guests(240);
      const { error, sent, retries } = await pushInto(diode, entities, {
        texts: { PUSH_MAX_RETRIES: "12" },
      });
      expect(error).toBeUndefined();
      expect(sent).toHaveLength(241);
      const arrived = new Set(diode.entities().map((entity) => JSON.stringify(entity)));
      expect(arrived.size).toBe(241);
      expect(retries.length).toBeGreaterThan(20);
      for (const { name } of ALL_FAULTS.slice(0, 6)) {
        expect(diode.faults[name], name).toBeGreaterThan(0);
      }
      expect(diode.countTokens()).toBeGreaterThan(1);
    },
  );

  test("when tokens are refused before they expire", async () => {
    const diode = await receiver({ faults: [{ name: "unauthorized", share: 0.2 }] });
    const { error, sent } = await pushInto(diode, await guests(60), {
      texts: { DIODE_MAX_AUTH_RETRIES: "10" },
    });
    expect([error, sent.length]).toEqual([undefined, 61]);
    expect(diode.countTokens()).toBeGreaterThan(2);
  });

  test("when the token endpoint sends Retry-After", async () => {
    const diode = await receiver({ faults: [{ name: "token-429", first: 1 }] });
    const started = performance.now();
    const { error, retries } = await pushInto(diode, await guests(1));
    expect([error, retries.length]).toEqual([undefined, 1]);
    expect(retries[0]).toContain("HTTP 429");
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  test("with one token for all requests, which it renews before it expires", async () => {
    const diode = await receiver({ tokenLifeMs: 600, latencyMs: 20 });
    const started = performance.now();
    const { error } = await pushInto(diode, await guests(160));
    const elapsed = performance.now() - started;
    expect(error).toBeUndefined();
    // Renewed after three quarters of its life. A refused token would add to the count.
    expect(diode.countTokens()).toBeGreaterThan(1);
    expect(diode.countTokens()).toBeLessThanOrEqual(1 + elapsed / 450);
  });
});

describe("the error of push has a hint", () => {
  async function failing(
    faults: readonly ReceiveFault[],
    overrides: PushOverrides = {},
    options: Parameters<typeof receiver>[0] = {},
  ) {
    const diode = await receiver({ faults, ...options });
    const entities = await guests(3);
    const texts = { PUSH_MAX_RETRIES: "2", ...overrides.texts };
    const { error } = await pushInto(diode, entities, { ...overrides, texts });
    const { kind, message, hint } = (error ?? {}) as {
      kind: string;
      message: string;
      hint: string;
    };
    return { kind, message, hint, diode };
  }

  test.each<readonly [ReceiveFault["name"], string, string, string]>([
    [
      "unavailable",
      "remote",
      "UNAVAILABLE: the server is shutting down",
      "without --again resumes",
    ],
    ["resource-exhausted", "remote", "redis at maxmemory", "without --again resumes"],
    ["forbidden", "remote", "HTTP 403", "diode:ingest"],
    ["unauthorized", "remote", "HTTP 401", "token endpoint"],
    ["no-scope", "remote", "missing required scope", "scope diode:ingest"],
    ["token-no-scope", "remote", "invalid_scope", "scope diode:ingest"],
    ["token-500", "remote", "HTTP 500", "without --again resumes"],
  ])("when each request fails with %s", async (name, kind, words, hint) => {
    const failure = await failing([{ name, share: 1 }]);
    expect(failure).toMatchObject({ kind });
    expect(failure.message).toContain("netbox/01-tag-0001.json");
    expect(failure.message).toContain(words);
    expect(failure.hint).toContain(hint);
  });

  test.each<ReceiveFault["name"]>(["forbidden", "no-scope", "token-no-scope"])(
    "after one attempt for the permanent failure %s",
    async (name) => {
      const { diode } = await failing([{ name, share: 1 }]);
      expect(diode.faults).toEqual({ [name]: 1 });
    },
  );

  test.each([
    ["invalid_client", 401, "DIODE_CLIENT_SECRET"],
    ["unauthorized_client", 400, "client_credentials"],
    ["unsupported_grant_type", 400, "path in DIODE_TARGET"],
    ["invalid_scope", 400, "scope diode:ingest"],
    ["something_else", 400, "DIODE_CLIENT_SECRET"],
  ])("when the token endpoint answers %s", async (error, status, hint) => {
    const failure = await failingAt(
      await respondingTarget(status, { body: JSON.stringify({ error }) }),
    );
    expect(failure).toMatchObject({ kind: "remote" });
    expect(failure.message).toContain(`HTTP ${status} (${error})`);
    expect(failure.hint).toContain(hint);
  });

  test.each([
    ["a client that Diode does not know", { DIODE_CLIENT_ID: "absent" }, "DIODE_CLIENT_ID"],
    ["a wrong secret", { DIODE_CLIENT_SECRET: "wrong-s3cr3t" }, "DIODE_CLIENT_SECRET"],
  ])("for %s", async (_, texts, hint) => {
    const failure = await failing([], { texts });
    expect(failure).toMatchObject({ kind: "remote" });
    expect(failure.message).toContain("HTTP 401");
    expect(failure.hint).toContain(hint);
  });

  test("for a path that is not Diode's", async () => {
    const { target } = await receiver();
    const texts = { DIODE_TARGET: target.replace("/diode", "/elsewhere") };
    const failure = await failing([], { texts });
    expect(failure).toMatchObject({ kind: "remote" });
    expect(failure.message).toContain("HTTP 404");
    expect(failure.hint).toContain("/diode");
  });

  test("for a host that does not exist, and a port without a server", async () => {
    const nowhere = await failing([], { texts: { DIODE_TARGET: "grpc://no.such.host.invalid/d" } });
    expect(nowhere).toMatchObject({ kind: "remote", hint: expect.stringContaining("host name") });
    const closed = await receiver();
    await closed.close();
    const silent = await failing([], { texts: { DIODE_TARGET: closed.target } });
    expect(silent).toMatchObject({ kind: "remote" });
    expect(silent.message).toContain("ECONNREFUSED");
  });

  test("for an answer that exceeds PUSH_TIMEOUT", async () => {
    const texts = { PUSH_TIMEOUT: "40ms", PUSH_MAX_RETRIES: "1" };
    const failure = await failing([], { texts }, { latencyMs: 2000 });
    expect(failure.message).toContain("did not answer within 40ms");
  });

  test("for an untrusted certificate, unless verification is off", async () => {
    const untrusted = await failing([], { certificates: undefined }, { isTls: true });
    expect(untrusted).toMatchObject({ kind: "remote" });
    expect(untrusted.hint).toContain("DIODE_CERT_FILE");
    expect(untrusted.diode.requests).toHaveLength(0);
    const texts = { DIODE_SKIP_TLS_VERIFY: "true" };
    const unverified = await failing([], { certificates: undefined, texts }, { isTls: true });
    expect(unverified.kind).toBeUndefined();
    expect(unverified.diode.requests).toHaveLength(4);
  });

  test.each([["grpcs://", "grpc://"], ["https://", "http://"]])(
    "for %s to a port without TLS: try %s",
    async (used, suggested) => {
      const { port } = await receiver();
      const failure = await failingAt(`${used}127.0.0.1:${port}/diode`);
      expect(failure).toMatchObject({ kind: "remote" });
      expect(failure.hint).toMatch(new RegExp(`TLS: try ${suggested} in DIODE_TARGET`));
    },
  );

  test.each([["grpc://", "grpcs://"], ["http://", "https://"]])(
    "for %s to a port with TLS: use %s",
    async (used, suggested) => {
      const { port } = await receiver({ isTls: true });
      const failure = await failingAt(`${used}127.0.0.1:${port}/diode`);
      expect(failure).toMatchObject({ kind: "remote" });
      expect(failure.message).toContain("plain HTTP was sent to a port that speaks TLS");
      expect(failure.hint).toContain(`use ${suggested} in DIODE_TARGET`);
    },
  );

  test.each([
    // The texts of Apache, and of servers in Go, such as Caddy and Traefik.
    [400, { body: "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />" }],
    [400, { body: "Client sent an HTTP request to an HTTPS server.\n" }],
    [301, { location: "https://diode.example.com/diode/auth/token" }],
    [308, { location: "HTTPS://diode.example.com/diode/auth/token" }],
  ])("when a server with TLS answers plain HTTP with %s %o", async (status, answer) => {
    const failure = await failingAt(await respondingTarget(status, answer));
    expect(failure).toMatchObject({ kind: "remote" });
    expect(failure.hint).toContain("use grpcs:// in DIODE_TARGET");
  });

  test.each([
    ["a redirect that stays without TLS", 302, { location: "http://elsewhere.example.com/" }],
    ["a page that has nothing to do with TLS", 400, { body: "<h1>400 Bad Request</h1>" }],
  ])("that suggests no other scheme for %s", async (_, status, answer) => {
    const failure = await failingAt(await respondingTarget(status, answer));
    expect(failure.hint).not.toContain("://");
  });

  test("for a server that issues tokens and does not support HTTP/2", async () => {
    const failure = await failingAt(await tokenOnlyTarget());
    expect(failure).toMatchObject({ kind: "remote", hint: expect.stringContaining("HTTP/2") });
  });

  async function failingAt(target: string) {
    return await failing([], { texts: { DIODE_TARGET: target, PUSH_MAX_RETRIES: "0" } });
  }
});

describe("errors that Diode reports for an entity", () => {
  test("are returned with the entity, and its file is sent again", async () => {
    const diode = await receiver({ faults: [{ name: "rejected", first: 1 }] });
    const entities = await guests(2);
    const { sent, error } = await pushInto(diode, entities);
    expect(error).toBeUndefined();
    expect(sent.flatMap(({ errors }) => errors)).toEqual([{
      file: "netbox/01-tag-0001.json",
      line: 2,
      entity: 'tag "a"',
      error: "entity at index 0 is nil",
    }]);
    const lines = await journalLines(entities.place, diode.target);
    expect(lines.get("netbox/01-tag-0001.json")?.errors).toEqual(["entity at index 0 is nil"]);
    expect((await pushInto(diode, entities)).sent.map(({ file }) => file.step)).toEqual(["tag"]);
  });
});

describe("an interrupted push", () => {
  test("keeps the acknowledgements and resumes from there", async () => {
    const diode = await receiver();
    const entities = await guests(20);
    const controller = new AbortController();
    let acknowledged = 0;
    const { error } = await pushInto(diode, entities, {
      signal: controller.signal,
      onSent: () => {
        acknowledged += 1;
        if (acknowledged === 7) controller.abort();
      },
    });
    expect(error).toMatchObject({ kind: "interrupted" });
    const lines = await journalLines(entities.place, diode.target);
    expect((error as Error).message).toBe(
      `Interrupted: ${lines.size} of 21 files are acknowledged`,
    );
    expect(lines.size).toBeLessThan(21);
    const { sent, planned } = await pushInto(diode, entities);
    expect(planned?.acknowledged).toBe(lines.size);
    expect(sent).toHaveLength(21 - lines.size);
    expect(diode.requests).toHaveLength(21);
    expect(new Set(diode.requests.map(({ id }) => id)).size).toBe(21);
  });

  test("ends at once during a pause, and soon when the server does not answer", async () => {
    const controller = new AbortController();
    const diode = await receiver({ latencyMs: 30_000 });
    const started = performance.now();
    setTimeout(() => controller.abort(), 100);
    const { error } = await pushInto(diode, await guests(1), { signal: controller.signal });
    expect(error).toMatchObject({ kind: "interrupted" });
    expect(performance.now() - started).toBeLessThan(10_000);
    const paused = new AbortController();
    const pausing = await pushInto(await receiver(), await guests(1), {
      signal: paused.signal,
      texts: { PUSH_STEP_PAUSE: "5m" },
      onSent: () => setTimeout(() => paused.abort(), 20),
    });
    expect(pausing.error).toMatchObject({ kind: "interrupted" });
  });

  test("reports when nothing was sent", async () => {
    const diode = await receiver();
    const entities = await guests(2);
    const { error } = await pushInto(diode, entities, { signal: AbortSignal.abort() });
    expect(error).toMatchObject({
      kind: "interrupted",
      message: expect.stringContaining("nothing"),
    });
    expect(diode.countTokens()).toBe(0);
  });

  test("sends the remaining files next time, also after an error", async () => {
    const diode = await receiver({ faults: [{ name: "forbidden", first: 1 }] });
    const entities = await guests(5);
    expect((await pushInto(diode, entities)).error).toMatchObject({ kind: "remote" });
    const { sent, error } = await pushInto(diode, entities);
    expect([error, sent.length]).toEqual([undefined, 6]);
  });
});

describe("push through a proxy", () => {
  test.each([["without TLS", false], ["with TLS", true]])(
    "requests tokens and sends entities, %s",
    async (_, isTls) => {
      const diode = await receiver({ isTls });
      const proxy = await connectProxy("user:password");
      const { error, sent } = await pushInto(diode, await guests(5), { proxy: proxy.url });
      expect([error, sent.length]).toEqual([undefined, 6]);
      expect(new Set(proxy.tunnels)).toEqual(new Set([`127.0.0.1:${diode.port}`]));
      expect(proxy.tunnels.length).toBeGreaterThan(1);
    },
  );

  test("reports that the proxy refuses it, without printing the password", async () => {
    const diode = await receiver();
    const proxy = await connectProxy("user:right");
    const url = new URL(proxy.url);
    url.password = "wr0ng-s3cr3t";
    const { error } = await pushInto(diode, await guests(1), { proxy: url });
    expect(error).toMatchObject({ kind: "remote" });
    expect((error as { hint: string }).hint).toContain("HTTPS_PROXY");
    expect(inspect(error, { depth: 20 })).not.toContain("wr0ng-s3cr3t");
  });
});

test("errors of push contain no secret and no token at any depth", async () => {
  const secret = "s3cr3t-of-the-client";
  const client = { id: "me", secret };
  const texts: PushTexts = { DIODE_CLIENT_SECRET: secret, PUSH_MAX_RETRIES: "0" };
  const names = ["forbidden", "unauthorized", "unavailable", "reset", "token-500", "token-reset"];
  for (const name of names as ReceiveFault["name"][]) {
    const diode = await receiver({ client, faults: [{ name, share: 1 }] });
    const { error, retries } = await pushInto(diode, await guests(1), { texts });
    expect(error, name).toMatchObject({ name: "AppError" });
    const all = inspect([error, retries], { depth: 20, showHidden: true });
    expect(all).not.toContain(secret);
    // Tokens of `receive` are UUIDs. Ids of requests are UUIDs too and may be printed.
    expect(all).not.toMatch(/Bearer|[0-9a-f]{8}-[0-9a-f]{4}-4/);
  }
});
