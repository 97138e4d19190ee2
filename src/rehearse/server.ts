/** Where servers of a rehearsal listen: on this machine, for nobody else. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { generate } from "selfsigned";
import { reasonOf, usageError } from "../base/errors.ts";

export const HOST = "127.0.0.1";

/** Answers the port; 0 asks for any that is free. @throws AppError "usage" when it is taken. */
export async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, HOST);
    await once(server, "listening");
  } catch (cause) {
    throw usageError(`Cannot listen on ${HOST}:${port}: ${reasonOf(cause)}`, {
      hint: "Name another port, or 0 for any that is free",
      cause,
    });
  }
  return (server.address() as AddressInfo).port;
}

/** A certificate for the loopback, of its own and signed by itself, as each node of Proxmox has one. */

export interface Certificate {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** SHA-256 of the DER form, as Proxmox writes it: "5F:40:6C:…", 32 bytes. */
  readonly fingerprint: string;
}

/** What Proxmox puts into the certificate of a node. Source: PVE/Cluster/Setup.pm, gen_pve_ssl_cert. */
const LOOPBACK = [
  { type: 7, ip: "127.0.0.1" },
  { type: 7, ip: "::1" },
  { type: 2, value: "localhost" },
] as const;

/** A new key each time: it lives as long as the server and is written nowhere. */
export async function makeCertificate(): Promise<Certificate> {
  const { private: keyPem, cert: certificatePem } = await generate(
    [{ name: "commonName", value: "localhost" }],
    {
      keyType: "ec",
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: [...LOOPBACK] },
      ],
    },
  );
  return {
    keyPem,
    certificatePem,
    fingerprint: new X509Certificate(certificatePem).fingerprint256,
  };
}

/** A server is ended by stopping it: Ctrl-C is no interruption, and the exit code is 0. */

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, () => resolve());
  });
}

/** Settings as lines for a shell, which whoever rehearses copies or evaluates. */

/** A variable that is undefined has no line. */
export function exportLines(variables: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => value === undefined ? [] : [`export ${name}=${quoted(value)}`])
    .join("\n");
}

function quoted(text: string): string {
  return /^[\w@.:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
