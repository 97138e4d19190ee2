/** One GET of the API: the answer that is recorded for every kind of response. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Client, openClient } from "../../src/capture/client.ts";
import type { CaptureTexts } from "../../src/capture/settings.ts";
import { optionsFor, QUICK, type Server } from "../helpers/capturing.ts";
import { rawServer, SECRET } from "../helpers/raw-server.ts";

interface Opened {
  readonly client: Client;
  readonly controller: AbortController;
}

const IMPATIENT = { PROXMOX_API_TIMEOUT: "1" };

async function opened(server: Server, settings: CaptureTexts = {}): Promise<Opened> {
  const controller = new AbortController();
  const { signal } = controller;
  const client = await openClient(optionsFor(server, settings), { retry: QUICK, signal });
  onTestFinished(() => client.close());
  return { client, controller };
}

/** The result of one GET, and how many attempts it took. */
async function answerTo(
  respond: (response: ServerResponse, request: IncomingMessage) => void,
  settings?: CaptureTexts,
) {
  const server = await rawServer((request, response) => respond(response, request));
  const { client } = await opened(server, settings);
  return await client.get("/nodes");
}

function responding(status: number, reason: string, body: string) {
  return (response: ServerResponse) => response.writeHead(status, reason).end(body);
}

describe("an answer of Proxmox VE", () => {
  test("keeps other keys next to the data", async () => {
    const body = '{"data":[1],"total":1,"changes":"--- a"}';
    expect(await answerTo(responding(200, "OK", body))).toEqual({
      answer: { status: 200, data: [1], total: 1, changes: "--- a" },
      attempts: 1,
    });
  });

  test("takes its error from the reason phrase when the body has none, as up to 8.3", async () => {
    const { answer } = await answerTo(responding(500, "VM 101 is not running", '{"data":null}'));
    expect(answer).toEqual({ status: 500, error: "VM 101 is not running" });
  });

  test("takes its error from the body, as since 8.4, with the errors of parameters", async () => {
    const body = '{"data":null,"message":"Parameter failed\\nsee below\\n","errors":{"a":"b"}}';
    const { answer } = await answerTo(responding(400, "Parameter failed", body));
    expect(answer).toEqual({
      status: 400,
      error: "Parameter failed\nsee below",
      errors: { a: "b" },
    });
  });

  test("has no body when pveproxy cannot reach the node", async () => {
    expect((await answerTo(responding(595, "No route to host", ""))).answer)
      .toEqual({ status: 595, error: "No route to host" });
  });

  test("is requested with compression and decompressed", async () => {
    const { answer } = await answerTo((response, { headers }) => {
      const packed = gzipSync(JSON.stringify({ data: headers["accept-encoding"] }));
      response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
    });
    expect(answer).toEqual({ status: 200, data: "gzip" });
  });

  test("cannot set the reserved keys of a snapshot", async () => {
    const body = '{"data":[],"failed":"x","skipped":"template","status":7,"error":"y"}';
    expect((await answerTo(responding(200, "OK", body))).answer).toEqual({ status: 200, data: [] });
  });

  test.each([
    ["<html>Log in</html>", "The body is not an answer of Proxmox VE"],
    ["", "The body is not an answer of Proxmox VE"],
    ['["data"]', "The body is not an answer of Proxmox VE"],
    ['{"rows":[]}', "The body has no data"],
    [
      `{"data":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "The body is nested deeper than 100 levels",
    ],
  ])("is a failure when it does not come from Proxmox VE: %.20s", async (body, error) => {
    expect((await answerTo(responding(200, "OK", body))).answer).toMatchObject({
      status: 200,
      error,
    });
  });

  test("is not followed when it redirects, so the token is not sent elsewhere", async () => {
    let followed = 0;
    const elsewhere = await rawServer((_, response) => {
      followed += 1;
      response.end("{}");
    });
    const location = `https://127.0.0.1:${elsewhere.port}/api2/json/nodes`;
    const { answer } = await answerTo((response) => response.writeHead(301, { location }).end());
    expect(answer).toMatchObject({ status: 301 });
    expect(followed).toBe(0);
  });
});

describe("a connection", () => {
  test("that ends in the middle of an answer is recorded as a reset after retries", async () => {
    const { answer, attempts } = await answerTo((response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"data":');
      setTimeout(() => response.destroy(), 5);
    });
    expect({ answer, attempts }).toEqual({ answer: { failed: "reset" }, attempts: 5 });
  });

  test("without an answer times out and is not retried", async () => {
    const { answer, attempts } = await answerTo(() => undefined, IMPATIENT);
    expect({ answer, attempts }).toEqual({ answer: { failed: "timeout" }, attempts: 1 });
  });

  test("that sends too slowly times out", async () => {
    const { answer } = await answerTo((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
    }, IMPATIENT);
    expect(answer).toEqual({ failed: "timeout" });
  });

  test("that is closed between two calls is opened again", async () => {
    const server = await rawServer((_, response) => response.end('{"data":1}'));
    const { client } = await opened(server);
    await client.get("/nodes");
    server.server.closeAllConnections();
    expect((await client.get("/nodes")).answer).toEqual({ status: 200, data: 1 });
  });

  test("to a host that stopped is recorded as refused after five attempts", async () => {
    const server = await rawServer((_, response) => response.end('{"data":1}'));
    const { client } = await opened(server);
    await client.get("/nodes");
    const closed = once(server.server, "close");
    server.server.close();
    server.server.closeAllConnections();
    await closed;
    expect(await client.get("/nodes")).toEqual({ answer: { failed: "refused" }, attempts: 5 });
  });
});

describe("the API token", () => {
  test("is sent in Proxmox VE's Authorization header, without a body", async () => {
    const { answer } = await answerTo((response, { headers, method }) => {
      response.end(JSON.stringify({ data: [method, headers["authorization"]?.slice(0, 29)] }));
    });
    expect(answer).toMatchObject({ data: ["GET", "PVEAPIToken=netbox@pve!sync=5"] });
  });

  test("is redacted in answers when the server echoes it", async () => {
    const { answer } = await answerTo((response, { headers }) => {
      const header = headers["authorization"] ?? "";
      const message = `refused ${header}`;
      response.writeHead(500, header).end(JSON.stringify({ message, said: header }));
    });
    expect(answer).toEqual({
      status: 500,
      error: "refused PVEAPIToken=netbox@pve!sync=[redacted]",
      said: "PVEAPIToken=netbox@pve!sync=[redacted]",
    });
  });
});

test("HTTP 401 stops the capture at once, with a hint about what to check", async () => {
  let asked = 0;
  const server = await rawServer((_, response) => {
    asked += 1;
    response.writeHead(401, `invalid token value! ${SECRET}`).end();
  });
  const { client } = await opened(server);
  const error: unknown = await client.get("/nodes").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    kind: "remote",
    message: "Proxmox VE refuses the API token netbox@pve!sync: invalid token value! [redacted]",
    hint: expect.stringContaining("pveum user token list netbox@pve"),
  });
  expect(asked).toBe(1);
});

test("an interruption aborts a call and the pause before a retry", async () => {
  const reason = new Error("enough");
  const server = await rawServer((_, response) => {
    response.writeHead(503, { "retry-after": "60" }).end();
  });
  const { client, controller } = await opened(server);
  const waiting = client.get("/nodes");
  const silent = await opened(await rawServer(() => undefined));
  const calling = silent.client.get("/nodes");
  controller.abort(reason);
  silent.controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(calling).rejects.toBe(reason);
});
