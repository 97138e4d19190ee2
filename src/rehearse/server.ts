/** What the rehearsal servers share: loopback port, certificate and printed settings. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";
import { generate } from "selfsigned";
import { reasonOf, usageError } from "../base/errors.ts";
import { shellWord } from "../base/log.ts";

export const HOST = "127.0.0.1";

/** → the port; 0: any free one. @throws AppError "usage" when the port is taken. */
export async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, HOST);
    await once(server, "listening");
  } catch (cause) {
    throw usageError(`Cannot listen on ${HOST}:${port}: ${reasonOf(cause)}`, {
      hint: "Use another port, or 0 for any free one",
      cause,
    });
  }
  return (server.address() as AddressInfo).port;
}

export interface Certificate {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** SHA-256 of the DER form as Proxmox VE shows it: "5F:40:6C:…", 32 bytes. */
  readonly fingerprint: string;
}

/** Names in a node's certificate. Source: PVE/Cluster/Setup.pm, gen_pve_ssl_cert. */
const LOOPBACK = [
  { type: 7, ip: "127.0.0.1" },
  { type: 7, ip: "::1" },
  { type: 2, value: "localhost" },
] as const;

/** Self-signed, with a new key that is never written to disk. */
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

/** @throws AppError "usage" when the file cannot be written. */
export async function writeCertificate(file: string, pem: string): Promise<void> {
  await writeFile(file, pem).catch((cause: unknown) => {
    throw usageError(`Cannot write the certificate to "${file}": ${reasonOf(cause)}`, { cause });
  });
}

/** { NAME: "value" } → lines of `export NAME=value` for a shell; undefined values are left out. */
export function exportLines(variables: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => value === undefined ? [] : [`export ${name}=${shellWord(value)}`])
    .join("\n");
}
