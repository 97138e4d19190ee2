/** The HTTP of `serve`: TLS, headers, keep-alive, compression, the order of keys. */
import { X509Certificate } from "node:crypto";
import { gunzipSync, inflateSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { canonicalJson } from "../../src/base/json.ts";
import type { Served } from "../../src/rehearse/serve/serve.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import {
  ask,
  authorizationOf,
  dataOf,
  envelopeOf,
  type HttpAnswer,
  keepAliveAgent,
  openTls,
  readUntilClosed,
} from "../helpers/pve-client.ts";
import { EXAMPLE, served } from "../helpers/serving.ts";

const PVE7 = "test/fixtures/pve7";
const PVE8 = "test/fixtures/pve8";
const UNKNOWN = "/nodes/pve1/nonsense";

function requestText(server: Served, path: string, lines: readonly string[] = []): string {
  const head = [
    `GET /api2/json${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: ${authorizationOf(server)}`,
  ];
  return [...head, ...lines, "", ""].join("\r\n");
}

describe("serve", () => {
  test("has a certificate for the loopback interface with the printed fingerprint", async () => {
    const server = await served();
    const socket = await openTls(server);
    expect(socket.getPeerCertificate().fingerprint256).toBe(server.fingerprint);
    const certificate = new X509Certificate(server.certificatePem);
    expect(certificate.fingerprint256).toBe(server.fingerprint);
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(certificate.checkHost("localhost")).toBe("localhost");
  });

  test("has a new certificate for each server", async () => {
    const [first, second] = await Promise.all([served(), served()]);
    expect(first.fingerprint).not.toBe(second.fingerprint);
    await expect(ask({ ...first, certificatePem: second.certificatePem }, "/version")).rejects
      .toThrow(/certificate|signature/i);
  });
});

describe("the port of serve", () => {
  test("is rejected when it is in use", async () => {
    const { port } = await served();
    await expect(served(EXAMPLE, { port })).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(`Cannot listen on 127.0.0.1:${port}`) as string,
    });
  });

  test("is rejected when it is invalid", async () => {
    await expect(served(EXAMPLE, { port: 99_999 })).rejects.toMatchObject({ kind: "usage" });
  });
});

describe("serve sends the headers of pveproxy", () => {
  test("with an answer", async () => {
    const server = await served();
    const { headers, body } = await ask(server, "/version", { agent: keepAliveAgent(server) });
    expect(headers).toMatchObject({
      "cache-control": "max-age=0",
      connection: "Keep-Alive",
      "content-length": String(body.length),
      "content-type": "application/json;charset=UTF-8",
      expires: headers["date"],
      pragma: "no-cache",
      server: "pve-api-daemon/3.0",
    });
    expect(headers).not.toHaveProperty("transfer-encoding");
  });

  test("without Content-Length when the answer has no body", async () => {
    const { status, headers, body } = await ask(await served(), "/nodes/pve4/status");
    expect(status).toBe(595);
    expect(body.length).toBe(0);
    for (const name of ["content-length", "content-type", "transfer-encoding"]) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  test("with a reason phrase in ASCII that ends at the first line", async () => {
    const server = await served();
    const socket = await openTls(server);
    const answer = readUntilClosed(socket);
    socket.write(requestText(server, `/nodes/z${encodeURIComponent("ürich\r\nX-Evil: 1")}/status`));
    const [statusLine = "", ...lines] = (await answer).split("\r\n");
    expect(statusLine).toBe("HTTP/1.1 500 hostname lookup 'z?rich");
    expect(lines.filter((line) => line.startsWith("X-Evil"))).toEqual([]);
  });
});

describe("a connection to serve", () => {
  test("is kept open between requests", async () => {
    const server = await served();
    const agent = keepAliveAgent(server);
    for (const path of ["/version", "/nodes", "/version"]) await ask(server, path, { agent });
    expect(server.traffic.connections).toBe(1);
  });

  test.each([
    ["/nodes/pve2/qemu/103/agent/get-osinfo", 500],
    [UNKNOWN, 501],
    ["/nodes/pve4/status", 595],
    ["/nodes/pve3/qemu/119/config", 403],
  ])("is closed after an error: %s", async (path, status) => {
    const server = await served();
    const answer = await ask(server, path, { agent: keepAliveAgent(server) });
    expect([answer.status, answer.headers["connection"]]).toEqual([status, "close"]);
  });

  test("is closed after a hundred requests", async () => {
    const server = await served();
    const agent = keepAliveAgent(server);
    const answers: HttpAnswer[] = [];
    for (let i = 0; i < 101; i += 1) answers.push(await ask(server, "/version", { agent }));
    const connections = answers.map(({ headers }) => headers["connection"]);
    expect(connections.indexOf("close")).toBe(99);
    expect(connections.lastIndexOf("close")).toBe(99);
    expect(server.traffic.connections).toBe(2);
  });

  test("is closed when the client asks for it", async () => {
    const headers = { connection: "close" };
    const answer = await ask(await served(), "/version", { headers });
    expect([answer.status, answer.headers["connection"]]).toEqual([200, "close"]);
  });

  test("is closed when it is idle for too long, with or without an earlier request", async () => {
    const server = await served(EXAMPLE, { idleMs: 400 });
    const [unused, used] = [await openTls(server), await openTls(server)];
    const since = performance.now();
    used.write(requestText(server, "/version"));
    const answer = await Promise.all([readUntilClosed(unused), readUntilClosed(used)]);
    expect(answer[0]).toBe("");
    expect(answer[1]).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(performance.now() - since).toBeGreaterThan(300);
    expect(performance.now() - since).toBeLessThan(4500);
  });

  test("is not idle while a request runs", async () => {
    const server = await served(EXAMPLE, { idleMs: 100, latencyMs: 400 });
    expect(await ask(server, "/version")).toMatchObject({ status: 200 });
  });

  test("is closed with the server, also during a request", async () => {
    const server = await served(EXAMPLE, { latencyMs: 60_000 });
    const asked = ask(server, "/version");
    const refused = expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
    await vi.waitUntil(() => server.traffic.requests === 1);
    await server.close();
    await refused;
  });
});

describe("serve compresses a body of more than 1,024 bytes when the client accepts it", () => {
  const long = PATHS.resources;

  test.each([
    ["gzip, deflate", EXAMPLE, "gzip"],
    ["deflate", EXAMPLE, "deflate"],
    ["br", EXAMPLE, undefined],
    ["gzip", PVE7, "gzip"],
    ["deflate", PVE7, undefined],
    ["deflate", PVE8, undefined],
  ])("for %s, from %s: %s", async (accepted, folder, coding) => {
    const server = await served(folder);
    const answer = await ask(server, long, { headers: { "accept-encoding": accepted } });
    expect(answer.headers["content-encoding"]).toBe(coding);
    const body = coding === "gzip"
      ? gunzipSync(answer.body)
      : coding === "deflate"
      ? inflateSync(answer.body)
      : answer.body;
    const plain = envelopeOf(await ask(server, long));
    expect(rowsInOrder(envelopeOf({ body }))).toEqual(rowsInOrder(plain));
  });

  test("and does not compress a shorter body", async () => {
    const headers = { "accept-encoding": "gzip" };
    const answer = await ask(await served(), "/version", { headers });
    expect(answer.headers).not.toHaveProperty("content-encoding");
  });
});

function rowsInOrder({ data }: Record<string, unknown>): unknown[] {
  return (data as unknown[]).map((row) => canonicalJson(row)).sort();
}

describe("serve returns rows and keys in random order, as Perl's hashes,", () => {
  test.each([PATHS.resources, PATHS.nodes, PATHS.clusterStatus, PATHS.network("pve1")])(
    "which differs on every call: %s",
    async (path) => {
      const server = await served();
      const [one, other] = [await ask(server, path), await ask(server, path)];
      expect(other.body.toString()).not.toBe(one.body.toString());
      expect(rowsInOrder(envelopeOf(other))).toEqual(rowsInOrder(envelopeOf(one)));
    },
  );

  test("which is the same for the same seed, independent of earlier requests", async () => {
    const servers = [await served(EXAMPLE, { seed: 5 }), await served(EXAMPLE, { seed: 5 })];
    await ask(servers[1] as Served, "/version");
    const [one, other] = await Promise.all(servers.map((server) => ask(server, "/nodes")));
    expect(other?.body.toString()).toBe(one?.body.toString());
    const another = await ask(await served(EXAMPLE, { seed: 6 }), "/nodes");
    expect(another.body.toString()).not.toBe(one?.body.toString());
  });

  test("except lists with a meaningful order", async () => {
    const server = await served();
    const path = PATHS.agentInterfaces({ node: "pve1", kind: "qemu", vmid: 100 });
    const names = async () => {
      const { result } = dataOf(await ask(server, path)) as { result: { name: string }[] };
      return result.map(({ name }) => name);
    };
    const first = await names();
    expect(first.length).toBeGreaterThan(2);
    for (let i = 0; i < 5; i += 1) expect(await names()).toEqual(first);
  });
});

describe("serve returns errors as the version of Proxmox VE does", () => {
  test.each([
    [PVE7, "birch", false],
    [PVE8, "hv1", false],
    ["test/fixtures/standalone-no-sys-audit", "solo", true],
    ["test/fixtures/pve9", "cedar1", true],
  ])("for %s, node %s, in the body too: %s", async (folder, node, hasMessage) => {
    const server = await served(folder);
    const text = `Configuration file 'nodes/${node}/qemu-server/999.conf' does not exist`;
    const answer = await ask(server, `/nodes/${node}/qemu/999/config`);
    expect([answer.status, answer.reason]).toEqual([500, text]);
    expect(envelopeOf(answer)).toEqual({ data: null, ...(hasMessage && { message: `${text}\n` }) });
    const unknown = await ask(server, "/api2");
    expect([unknown.status, unknown.reason]).toEqual([501, "no such uri"]);
    expect(unknown.body.toString()).toBe(hasMessage ? "no such uri" : "");
  });
});
