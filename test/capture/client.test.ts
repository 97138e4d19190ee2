/** One GET of the API: the answer that is recorded, whatever the server sends. */
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

/** What a client makes of one answer. */
async function heard(
  say: (response: ServerResponse, request: IncomingMessage) => void,
  settings?: CaptureTexts,
) {
  const server = await rawServer((request, response) => say(response, request));
  const { client } = await opened(server, settings);
  return await client.get("/nodes");
}

function says(status: number, reason: string, body: string) {
  return (response: ServerResponse) => response.writeHead(status, reason).end(body);
}

describe("an answer", () => {
  test("keeps what is beside the data", async () => {
    const body = '{"data":[1],"total":1,"changes":"--- a"}';
    expect(await heard(says(200, "OK", body))).toEqual({
      answer: { status: 200, data: [1], total: 1, changes: "--- a" },
      attempts: 1,
    });
  });

  test("has the error of the reason phrase when the body has none, as up to 8.3", async () => {
    const { answer } = await heard(says(500, "VM 101 is not running", '{"data":null}'));
    expect(answer).toEqual({ status: 500, error: "VM 101 is not running" });
  });

  test("has the error of the body when there is one, as since 8.4, with the errors of parameters", async () => {
    const body = '{"data":null,"message":"Parameter failed\\nsee below\\n","errors":{"a":"b"}}';
    const { answer } = await heard(says(400, "Parameter failed", body));
    expect(answer).toEqual({
      status: 400,
      error: "Parameter failed\nsee below",
      errors: { a: "b" },
    });
  });

  test("of a node that the proxy cannot reach has no body at all", async () => {
    expect((await heard(says(595, "No route to host", ""))).answer)
      .toEqual({ status: 595, error: "No route to host" });
  });

  test("is requested compressed, and decompressed", async () => {
    const { answer } = await heard((response, { headers }) => {
      const packed = gzipSync(JSON.stringify({ data: headers["accept-encoding"] }));
      response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
    });
    expect(answer).toEqual({ status: 200, data: "gzip" });
  });

  test("cannot set the reserved keys of a snapshot", async () => {
    const body = '{"data":[],"failed":"x","skipped":"template","status":7,"error":"y"}';
    expect((await heard(says(200, "OK", body))).answer).toEqual({ status: 200, data: [] });
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
  ])("that does not come from Proxmox VE is a failure: %.20s", async (body, error) => {
    expect((await heard(says(200, "OK", body))).answer).toMatchObject({ status: 200, error });
  });

  test("that redirects is not followed, and the token is not sent there", async () => {
    let followed = 0;
    const elsewhere = await rawServer((_, response) => {
      followed += 1;
      response.end("{}");
    });
    const location = `https://127.0.0.1:${elsewhere.port}/api2/json/nodes`;
    const { answer } = await heard((response) => response.writeHead(301, { location }).end());
    expect(answer).toMatchObject({ status: 301 });
    expect(followed).toBe(0);
  });
});

describe("a connection", () => {
  test("that ends in the middle of an answer is a reset, and retried", async () => {
    const { answer, attempts } = await heard((response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"data":');
      setTimeout(() => response.destroy(), 5);
    });
    expect({ answer, attempts }).toEqual({ answer: { failed: "reset" }, attempts: 5 });
  });

  test("that is silent times out, and is not retried", async () => {
    const { answer, attempts } = await heard(() => undefined, IMPATIENT);
    expect({ answer, attempts }).toEqual({ answer: { failed: "timeout" }, attempts: 1 });
  });

  test("that only trickles times out as well", async () => {
    const { answer } = await heard((response) => {
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

  test("to a host that went away is refused five times", async () => {
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

describe("what is sent", () => {
  test("is the token, in Proxmox VE's own header, and no body", async () => {
    const { answer } = await heard((response, { headers, method }) => {
      response.end(JSON.stringify({ data: [method, headers["authorization"]?.slice(0, 29)] }));
    });
    expect(answer).toMatchObject({ data: ["GET", "PVEAPIToken=netbox@pve!sync=5"] });
  });

  test("is never in an answer, even when the server echoes it", async () => {
    const { answer } = await heard((response, { headers }) => {
      const said = headers["authorization"] ?? "";
      response.writeHead(500, said).end(JSON.stringify({ message: `refused ${said}`, said }));
    });
    expect(answer).toEqual({
      status: 500,
      error: "refused PVEAPIToken=netbox@pve!sync=[redacted]",
      said: "PVEAPIToken=netbox@pve!sync=[redacted]",
    });
  });
});

test("401 stops at once and says what to check", async () => {
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

test("an interruption ends a call and the pause before a retry", async () => {
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
