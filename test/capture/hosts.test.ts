/** Several hosts of one cluster: any of them may answer; the first names the host tag. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { captured, liveLab } from "../helpers/capturing.ts";
import { served } from "../helpers/serving.ts";

const guests = [101, 102, 103, 104, 105, 106].map((vmid) => ({ vmid, config: {} }));
const cluster = () => served(liveLab({ guests }), { latencyMs: 5 });

/** A port without a server. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a host of PROXMOX_HOST that does not answer", () => {
  test("is an error at once when it is the only one", async () => {
    const one = await cluster();
    const PROXMOX_PORT = String(await closedPort());
    const start = performance.now();
    await expect(captured(one, { settings: { PROXMOX_PORT } })).rejects.toMatchObject({
      kind: "remote",
      message: `Cannot reach Proxmox VE at 127.0.0.1:${PROXMOX_PORT}: the connection was refused`,
      hint: expect.stringContaining("PROXMOX_PORT"),
    });
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("is skipped for the next one, which the manifest records as answered_by", async () => {
    const one = await cluster();
    const PROXMOX_HOST = `127.0.0.1:${await closedPort()}, unknown.invalid, localhost:${one.port}`;
    const { summary } = await captured(one, { settings: { PROXMOX_HOST } });
    expect(summary.manifest.source).toMatchObject({ host: "127.0.0.1", answered_by: "localhost" });
    expect(summary.manifest.outcome).toBe("complete");
  });

  test("is replaced by the next one during the capture", async () => {
    const snapshot = liveLab({ guests });
    const first = await served(snapshot, {
      onRequest: ({ path }) => {
        if (path.endsWith("/103/config?current=1")) void first.close();
      },
    });
    const second = await served(snapshot);
    const { summary } = await captured(first, {
      settings: {
        PROXMOX_HOST: `127.0.0.1:${first.port},localhost:${second.port}`,
        PROXMOX_FINGERPRINT: `${first.fingerprint},${second.fingerprint}`,
        PROXMOX_NODE_CONCURRENCY: "1",
      },
    });
    expect(summary.manifest.outcome).toBe("complete");
    expect(summary.manifest.source).toMatchObject({
      host: "127.0.0.1",
      answered_by: "localhost",
      fingerprint: second.fingerprint,
    });
    expect(second.traffic.requests).toBeGreaterThan(2);
  });
});

describe("the error for a host", () => {
  async function listening(server: Server): Promise<number> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  test.each([
    [
      "that closes every connection",
      () => createServer((socket) => socket.destroy()),
      "the connection was closed",
    ],
    [
      "that does not use TLS",
      () => createServer((socket) => socket.end("HTTP/1.0 400 Bad Request\r\n\r\n")),
      "its certificate is not trusted",
    ],
  ])("%s differs from the error for one that is down", async (_, server, why) => {
    const PROXMOX_PORT = String(await listening(server()));
    await expect(captured(await cluster(), { settings: { PROXMOX_PORT } })).rejects.toMatchObject({
      kind: "remote",
      message: expect.stringContaining(why),
    });
  });

  test("with an unknown name reports the unknown name", async () => {
    const settings = { PROXMOX_HOST: "unknown.invalid" };
    await expect(captured(await cluster(), { settings })).rejects.toMatchObject({
      kind: "remote",
      message: expect.stringContaining("unknown host name"),
    });
  });
});
