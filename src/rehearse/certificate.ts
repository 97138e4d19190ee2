/** A certificate for the loopback, of its own and signed by itself, as each node of Proxmox has one. */
import { X509Certificate } from "node:crypto";
import { generate } from "selfsigned";

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
