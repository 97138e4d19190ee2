/** HTTP requests on both runtimes: a complete answer, or a failure with its cause. */
import { getEventListeners } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { USER_AGENT } from "../../src/base/tool.ts";
import { type Http, type HttpOptions, openHttp, withTimeout } from "../../src/http/client.ts";
import { RemoteFailure } from "../../src/http/failure.ts";
import { listen } from "../../src/rehearse/server.ts";

const HINTS = {
  "certificate": "certificate",
  "no-tls": "no TLS",
  "needs-tls": "needs TLS",
  "unknown-host": "host",
  "bad-port": "port",
  "proxy": "proxy",
};

async function serverThat(answers: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => answers(response));
  const port = await listen(server, 0);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

function client(options: Partial<HttpOptions> = {}): Http {
  const http = openHttp({
    server: "The server",
    hints: HINTS,
    certificates: undefined,
    isUnverified: false,
    proxy: undefined,
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    ...options,
  });
  onTestFinished(() => http.close());
  return http;
}

const GET = { method: "GET", headers: {} } as const;

test("a request returns status, headers and text for every status", async () => {
  const url = await serverThat((response) => {
    response.writeHead(418, { "retry-after": "2" });
    response.end("kettle ☕");
  });
  expect(await client().request(url, GET)).toEqual({
    status: 418,
    reason: "I'm a Teapot",
    retryAfterMs: 2000,
    location: undefined,
    text: "kettle ☕",
  });
});

test("a request accepts headers and a reason phrase in any script", async () => {
  const raw = Buffer.from("/名前").toString("latin1");
  const url = await serverThat((response) => {
    response.writeHead(302, raw, { location: raw, "x-name": raw });
    response.end();
  });
  expect(await client().request(url, GET)).toMatchObject({ status: 302, text: "" });
});

test("a request sends method, headers, body and the name of this program", async () => {
  const url = await serverThat((response) => {
    const { method, headers } = response.req;
    let body = "";
    response.req.on("data", (text: string) => (body += text)).on(
      "end",
      () =>
        response.end(JSON.stringify({
          method,
          body,
          agent: headers["user-agent"],
          mine: headers["x-mine"],
          type: headers["content-type"],
        })),
    );
  });
  const { text } = await client().request(url, {
    method: "POST",
    headers: { "x-mine": "1", "content-type": "text/plain" },
    body: "a=1&b=2",
  });
  expect(JSON.parse(text)).toEqual({
    method: "POST",
    body: "a=1&b=2",
    agent: USER_AGENT,
    mine: "1",
    type: "text/plain",
  });
});

test("a request decompresses the answer", async () => {
  const url = await serverThat((response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(gzipSync("x".repeat(10_000)));
  });
  expect((await client().request(url, GET)).text).toHaveLength(10_000);
});

test("a request does not follow a redirect", async () => {
  let asked = 0;
  const url = await serverThat((response) => {
    asked += 1;
    response.writeHead(302, { location: "/elsewhere" });
    response.end();
  });
  const answer = await client().request(url, GET);
  expect([answer.status, answer.location, asked]).toEqual([302, "/elsewhere", 1]);
});

test.each([
  ["nginx", 400, "<center>The plain HTTP request was sent to HTTPS port</center>"],
  ["Apache", 400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"],
  ["Go", 400, "Client sent an HTTP request to an HTTPS server.\n"],
])(
  "plain HTTP to a port with TLS is a failure with a hint: %s",
  async (_, status, text) => {
    const url = await serverThat((response) => response.writeHead(status).end(text));
    const failure = await client().request(url, GET).catch((error: unknown) => error);
    expect(failure).toMatchObject({ verdict: "refused", hint: "needs TLS" });
  },
);

test.each([[200, "The plain HTTP request was sent to HTTPS port"], [400, "Bad Request"]])(
  "a similar answer is not a failure: HTTP %s, %s",
  async (status, text) => {
    const url = await serverThat((response) => response.writeHead(status).end(text));
    expect(await client().request(url, GET)).toMatchObject({ status, text });
  },
);

describe("an incomplete answer is a transient failure", () => {
  test.each<[string, Record<string, string>]>([
    ["of known length", { "content-length": "1000" }],
    ["in chunks", {}],
  ])("when it is cut off, %s", async (_, headers) => {
    const url = await serverThat((response) => {
      response.writeHead(200, headers);
      response.write("the first half", () => response.req.socket.destroy());
    });
    const failure = await client().request(url, GET).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RemoteFailure);
    expect(failure).toMatchObject({ verdict: "passing" });
  });

  test.each([
    ["before its first byte", () => undefined],
    ["half way", (response: ServerResponse) => void response.write("the first half")],
  ])("when it times out %s", async (_, begin) => {
    const url = await serverThat(begin);
    const failure = await client({ timeoutMs: 200 }).request(url, GET).catch((e: unknown) => e);
    expect(failure).toMatchObject({
      verdict: "passing",
      message: "The server did not answer within 200ms",
    });
  });

  test("unless the signal aborts it, which throws the signal's reason", async () => {
    const controller = new AbortController();
    const url = await serverThat((response) => {
      response.write("the first half", () => controller.abort(new Error("enough")));
    });
    await expect(client({ signal: controller.signal }).request(url, GET)).rejects.toThrow("enough");
  });
});

test.each([
  ["1", 1000],
  ["0", 0],
  ["999", 60_000],
  ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
  ["soon", undefined],
])("Retry-After %s is %s ms", async (header, ms) => {
  const url = await serverThat((response) => {
    response.writeHead(429, { "retry-after": header });
    response.end();
  });
  expect((await client().request(url, GET)).retryAfterMs).toBe(ms);
});

/** Rejects with the reason of its signal. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

test("a task that takes too long is aborted with a TimeoutError", async () => {
  const { signal } = new AbortController();
  await expect(withTimeout({ signal, ms: 5 }, untilAborted)).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

test("a task is aborted with the reason of the outer signal, also before it starts", async () => {
  const stop = new AbortController();
  const running = withTimeout({ signal: stop.signal, ms: 60_000 }, untilAborted);
  stop.abort(new Error("cancelled"));
  await expect(running).rejects.toThrow("cancelled");
  await expect(withTimeout({ signal: stop.signal, ms: 60_000 }, untilAborted))
    .rejects.toThrow("cancelled");
});

test("a finished task leaves no timer and no listener", async () => {
  vi.useFakeTimers();
  try {
    const { signal } = new AbortController();
    for (const outcome of ["done", "failed"]) {
      const task = async () => await (outcome === "done" ? outcome : Promise.reject(outcome));
      const result = await withTimeout({ signal, ms: 60_000 }, task).catch((reason: unknown) =>
        reason
      );
      expect(result).toBe(outcome);
    }
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
