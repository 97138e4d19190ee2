/** TLS: which servers are trusted, and what a certificate says. */
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { buildConnector } from "undici";

/** Which servers are trusted; by default, those of the system's authorities. */
export interface Trust {
  /** Authorities to trust instead of the system's (PEM). */
  readonly certificates: string | undefined;
  /** Trust any; the connection stays encrypted. */
  readonly isUnverified: boolean;
  /** SHA-256 fingerprints: only these certificates are trusted, whatever their authority. */
  readonly fingerprints?: ReadonlySet<string> | undefined;
}

export interface ServerCertificate {
  /** SHA-256 of the DER form, as Proxmox VE writes it: "5F:40:6C:…", 32 bytes. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** As OpenSSL writes it: "Nov 23 14:12:24 2027 GMT". */
  readonly validTo: string;
  /** "DNS:pve1.example.net, IP Address:192.0.2.1" */
  readonly names: string;
}

/** As Node's TLS takes it. */
export function tlsOptions({ certificates, isUnverified, fingerprints }: Trust) {
  return {
    ...(certificates === undefined ? {} : { ca: certificates }),
    rejectUnauthorized: !isUnverified && fingerprints === undefined,
  };
}

export interface ConnectorOptions extends Trust {
  readonly connectTimeoutMs?: number | undefined;
  /** Called for each connection before anything is sent. */
  readonly onCertificate?: ((certificate: ServerCertificate) => void) | undefined;
}

/** Opens connections to trusted servers. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { fingerprints, onCertificate, connectTimeoutMs } = options;
  const connect = buildConnector({
    ...tlsOptions(options),
    allowH2: false,
    ...(connectTimeoutMs === undefined ? {} : { timeout: connectTimeoutMs }),
    // A resumed session shows no certificate on every runtime.
    maxCachedSessions: 0,
  });
  if (fingerprints === undefined && onCertificate === undefined) return connect;
  return (target, callback) => {
    connect(target, (...[error, socket]) => {
      if (error !== null || socket === null) {
        callback(error ?? new Error("no socket"), null);
        return;
      }
      try {
        const certificate = certificateOf(socket as TLSSocket);
        if (fingerprints !== undefined && !fingerprints.has(certificate.fingerprint)) {
          throw new Error(`The certificate ${certificate.fingerprint} is not pinned`);
        }
        onCertificate?.(certificate);
      } catch (refused) {
        socket.destroy();
        callback(refused as Error, null);
        return;
      }
      callback(null, socket);
    });
  };
}

/** The certificate that a server shows, trusted or not. Nothing is sent. */
export async function readCertificate(
  { name, port }: { readonly name: string; readonly port: number },
): Promise<ServerCertificate> {
  const connect = createConnector({ certificates: undefined, isUnverified: true });
  const target = { hostname: name, protocol: "https:", port: String(port) };
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    connect(target, (...[error, opened]) => {
      if (opened === null) reject(error);
      else resolve(opened as TLSSocket);
    });
  });
  const certificate = certificateOf(socket);
  socket.destroy();
  return certificate;
}

function certificateOf(socket: TLSSocket): ServerCertificate {
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

export function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== "";
  } catch {
    return false;
  }
}
