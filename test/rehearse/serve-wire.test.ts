/** What the served API does on the wire: TLS, headers, keep-alive, compression, the order of keys. */
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
  type Heard,
  heardUntilClosed,
  keepAliveAgent,
  openTls,
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

describe("TLS", () => {
  test("the certificate is for the loopback interface and has the printed fingerprint", async () => {
    const server = await served();
    const socket = await openTls(server);
    expect(socket.getPeerCertificate().fingerprint256).toBe(server.fingerprint);
    const certificate = new X509Certificate(server.certificatePem);
    expect(certificate.fingerprint256).toBe(server.fingerprint);
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(certificate.checkHost("localhost")).toBe("localhost");
  });

  test("each server has its own certificate", async () => {
    const [one, other] = await Promise.all([served(), served()]);
    expect(one.fingerprint).not.toBe(other.fingerprint);
    await expect(ask({ ...one, certificatePem: other.certificatePem }, "/version")).rejects
      .toThrow(/certificate|signature/i);
  });
});

describe("a port", () => {
  test("that is in use is an error", async () => {
    const { port } = await served();
    await expect(served(EXAMPLE, { port })).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(`Cannot listen on 127.0.0.1:${port}`) as string,
    });
  });

  test("that is invalid is an error", async () => {
    await expect(served(EXAMPLE, { port: 99_999 })).rejects.toMatchObject({ kind: "usage" });
  });
});

describe("headers are those of pveproxy", () => {
  test("of an answer", async () => {
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

  test("of an answer without a body: no Content-Length", async () => {
    const { status, headers, body } = await ask(await served(), "/nodes/pve4/status");
    expect(status).toBe(595);
    expect(body.length).toBe(0);
    for (const name of ["content-length", "content-type", "transfer-encoding"]) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  test("a reason phrase is ASCII and ends at the first line", async () => {
    const server = await served();
    const socket = await openTls(server);
    const heard = heardUntilClosed(socket);
    socket.write(requestText(server, `/nodes/z${encodeURIComponent("ürich\r\nX-Evil: 1")}/status`));
    const [statusLine = "", ...lines] = (await heard).split("\r\n");
    expect(statusLine).toBe("HTTP/1.1 500 hostname lookup 'z?rich");
    expect(lines.filter((line) => line.startsWith("X-Evil"))).toEqual([]);
  });
});

describe("a connection", () => {
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
    const heard = await ask(server, path, { agent: keepAliveAgent(server) });
    expect([heard.status, heard.headers["connection"]]).toEqual([status, "close"]);
  });

  test("is closed after a hundred requests", async () => {
    const server = await served();
    const agent = keepAliveAgent(server);
    const heard: Heard[] = [];
    for (let i = 0; i < 101; i += 1) heard.push(await ask(server, "/version", { agent }));
    const kept = heard.map(({ headers }) => headers["connection"]);
    expect(kept.indexOf("close")).toBe(99);
    expect(kept.lastIndexOf("close")).toBe(99);
    expect(server.traffic.connections).toBe(2);
  });

  test("is closed when the client asks for it", async () => {
    const headers = { connection: "close" };
    const heard = await ask(await served(), "/version", { headers });
    expect([heard.status, heard.headers["connection"]]).toEqual([200, "close"]);
  });

  test("is closed when it was idle for too long, used or not", async () => {
    const server = await served(EXAMPLE, { idleMs: 400 });
    const [unused, used] = [await openTls(server), await openTls(server)];
    const since = performance.now();
    used.write(requestText(server, "/version"));
    const heard = await Promise.all([heardUntilClosed(unused), heardUntilClosed(used)]);
    expect(heard[0]).toBe("");
    expect(heard[1]).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(performance.now() - since).toBeGreaterThan(300);
    expect(performance.now() - since).toBeLessThan(4500);
  });

  test("is not idle while a request runs", async () => {
    const server = await served(EXAMPLE, { idleMs: 100, latencyMs: 400 });
    expect(await ask(server, "/version")).toMatchObject({ status: 200 });
  });

  test("is closed with the server, whatever runs", async () => {
    const server = await served(EXAMPLE, { latencyMs: 60_000 });
    const asked = ask(server, "/version");
    const refused = expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
    await vi.waitUntil(() => server.traffic.requests === 1);
    await server.close();
    await refused;
  });
});

describe("a body of more than 1,024 bytes is compressed if the client asks", () => {
  const long = PATHS.resources;

  test.each([
    ["gzip, deflate", EXAMPLE, "gzip"],
    ["deflate", EXAMPLE, "deflate"],
    ["br", EXAMPLE, undefined],
    ["gzip", PVE7, "gzip"],
    ["deflate", PVE7, undefined],
    ["deflate", PVE8, undefined],
  ])("%s, in %s: %s", async (accepted, folder, coding) => {
    const server = await served(folder);
    const heard = await ask(server, long, { headers: { "accept-encoding": accepted } });
    expect(heard.headers["content-encoding"]).toBe(coding);
    const body = coding === "gzip"
      ? gunzipSync(heard.body)
      : coding === "deflate"
      ? inflateSync(heard.body)
      : heard.body;
    const plain = envelopeOf(await ask(server, long));
    expect(rowsInOrder(envelopeOf({ body }))).toEqual(rowsInOrder(plain));
  });

  test("a short one is not", async () => {
    const headers = { "accept-encoding": "gzip" };
    const heard = await ask(await served(), "/version", { headers });
    expect(heard.headers).not.toHaveProperty("content-encoding");
  });
});

function rowsInOrder({ data }: Record<string, unknown>): unknown[] {
  return (data as unknown[]).map((row) => canonicalJson(row)).sort();
}

describe("rows and keys come in random order, as from Perl's hashes", () => {
  test.each([PATHS.resources, PATHS.nodes, PATHS.clusterStatus, PATHS.network("pve1")])(
    "in another order on every call: %s",
    async (path) => {
      const server = await served();
      const [one, other] = [await ask(server, path), await ask(server, path)];
      expect(other.body.toString()).not.toBe(one.body.toString());
      expect(rowsInOrder(envelopeOf(other))).toEqual(rowsInOrder(envelopeOf(one)));
    },
  );

  test("in the same order for the same seed, whatever was requested before", async () => {
    const servers = [await served(EXAMPLE, { seed: 5 }), await served(EXAMPLE, { seed: 5 })];
    await ask(servers[1] as Served, "/version");
    const [one, other] = await Promise.all(servers.map((server) => ask(server, "/nodes")));
    expect(other?.body.toString()).toBe(one?.body.toString());
    const another = await ask(await served(EXAMPLE, { seed: 6 }), "/nodes");
    expect(another.body.toString()).not.toBe(one?.body.toString());
  });

  test("lists with a meaningful order keep it", async () => {
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

describe("errors are where the version puts them", () => {
  test.each([
    [PVE7, "birch", false],
    [PVE8, "hv1", false],
    ["test/fixtures/standalone-no-sys-audit", "solo", true],
    ["test/fixtures/pve9", "cedar1", true],
  ])("%s: in the body too? (%s) %s", async (folder, node, hasMessage) => {
    const server = await served(folder);
    const text = `Configuration file 'nodes/${node}/qemu-server/999.conf' does not exist`;
    const heard = await ask(server, `/nodes/${node}/qemu/999/config`);
    expect([heard.status, heard.reason]).toEqual([500, text]);
    expect(envelopeOf(heard)).toEqual({ data: null, ...(hasMessage && { message: `${text}\n` }) });
    const unknown = await ask(server, "/api2");
    expect([unknown.status, unknown.reason]).toEqual([501, "no such uri"]);
    expect(unknown.body.toString()).toBe(hasMessage ? "no such uri" : "");
  });
});
