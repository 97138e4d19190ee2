/** Certificates: which are trusted, and what the one that was shown says. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import { buildConnector } from "undici";
import { reasonOf, usageError } from "../base/errors.ts";
import type { CaptureOptions, Endpoint } from "../capture/settings.ts";

export interface Certificate {
  /** SHA-256 of the DER form, as Proxmox VE writes it: "5F:40:6C:…", 32 bytes. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** As OpenSSL writes it: "Nov 23 14:12:24 2027 GMT". */
  readonly validTo: string;
  /** "DNS:pve1.example.net, IP Address:192.0.2.1" */
  readonly names: string;
}

export type Connector = ReturnType<typeof buildConnector>;

/** What PVEAPIToken is not sent to. `code` puts it among the failures of TLS. */
class UnknownCertificate extends Error {
  readonly code = "ERR_TLS_FINGERPRINT";

  constructor({ fingerprint }: Certificate) {
    super(`The certificate has the fingerprint ${fingerprint}, which is not pinned`);
  }
}

const CONNECT_TIMEOUT_MS = 5000;

/** Opens connections that `trust` allows, and shows the certificate of each before anything is sent. */
export async function createConnector(
  { trust, timeoutMs }: Pick<CaptureOptions, "trust" | "timeoutMs">,
  onCertificate: (certificate: Certificate) => void,
): Promise<Connector> {
  const connect = buildConnector({
    // Before the whole call times out: a host that cannot be reached has the next one tried.
    timeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs / 2),
    rejectUnauthorized: trust.kind === "system" || trust.kind === "authority",
    // A resumed session shows no certificate on every runtime.
    maxCachedSessions: 0,
    ...(trust.kind === "authority" ? { ca: await readAuthority(trust.file) } : {}),
  });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null || socket === null) {
        callback(error ?? new Error("no socket"), null);
        return;
      }
      try {
        const certificate = certificateOf(socket as TLSSocket);
        if (trust.kind === "pinned" && !trust.fingerprints.has(certificate.fingerprint)) {
          throw new UnknownCertificate(certificate);
        }
        onCertificate(certificate);
      } catch (refused) {
        socket.destroy();
        callback(refused as Error, null);
        return;
      }
      callback(null, socket);
    });
  };
}

/** The certificate that a host shows, trusted or not. Nothing is sent. */
export async function peekCertificate({ name, port }: Endpoint): Promise<Certificate> {
  const connect = await createConnector(
    { trust: { kind: "any" }, timeoutMs: 2 * CONNECT_TIMEOUT_MS },
    () => undefined,
  );
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const target = { hostname: name, protocol: "https:", port: String(port) };
    connect(target, (...[error, opened]) => {
      if (opened === null) reject(error);
      else resolve(opened as TLSSocket);
    });
  });
  const certificate = certificateOf(socket);
  socket.destroy();
  return certificate;
}

function certificateOf(socket: TLSSocket): Certificate {
  const { raw } = socket.getPeerCertificate();
  const { fingerprint256, subject, issuer, validTo, subjectAltName } = new X509Certificate(raw);
  return {
    fingerprint: fingerprint256,
    subject: subject.replaceAll("\n", ", "),
    issuer: issuer.replaceAll("\n", ", "),
    validTo,
    names: subjectAltName ?? "",
  };
}

async function readAuthority(file: string): Promise<string> {
  const what = `the file "${file}" that PROXMOX_CA_FILE names`;
  const pem = await readFile(file, "utf8").catch((cause: unknown) => {
    throw usageError(`Cannot read ${what}: ${reasonOf(cause)}`, { cause });
  });
  if (isCertificate(pem)) return pem;
  throw usageError(`Cannot read ${what}: it holds no certificate`, {
    hint: "Name a file in PEM form; on a node of the cluster it is /etc/pve/pve-root-ca.pem",
  });
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== "";
  } catch {
    return false;
  }
}
