/** An HTTPS server with the answers of a test, for answers that Proxmox VE never gives. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type Certificate, makeCertificate } from "../../src/rehearse/server.ts";
import type { Server as Target } from "./capturing.ts";

export interface RawServer extends Target {
  readonly server: Server;
  readonly certificatePem: string;
}

/** The token is one that looks like a secret. */
export const SECRET = "5ec2e700-dead-4bee-8fee-d0d0d0d0d0d0";

export async function rawServer(
  listener: RequestListener,
  certificate?: Certificate,
): Promise<RawServer> {
  const { keyPem, certificatePem, fingerprint } = certificate ?? await makeCertificate();
  const server = createServer({ key: keyPem, cert: certificatePem }, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    server,
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    fingerprint,
    certificatePem,
    token: { user: "netbox@pve", name: "sync", value: SECRET },
  };
}
