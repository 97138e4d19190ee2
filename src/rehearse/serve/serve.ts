/**
 * A Proxmox VE API on the loopback that answers from a snapshot, as pveproxy would:
 *
 *   const served = await serve(snapshot, { seed: 7, faults: [parseFault("503:0.05")] });
 *   await fetch(`${served.url}/api2/json/nodes`, …);
 *   served.traffic.mostByNode.get("pve1");
 *   await served.close();
 */
import { once } from "node:events";
import { createServer } from "node:https";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { makeCertificate } from "../certificate.ts";
import { HOST, listen } from "../loopback.ts";
import { openCluster } from "./cluster.ts";
import { Connections } from "./connections.ts";
import type { Disturbances } from "./disturbances.ts";
import { handle, type RequestEntry } from "./handle.ts";
import { Rehearsal } from "./rehearsal.ts";
import { REHEARSAL_TOKEN, type Token } from "./token.ts";
import { Traffic } from "./traffic.ts";

/** PVE/APIServer/AnyEvent.pm, new: timeout. */
const IDLE_MS = 5000;
/** PVE/APIServer/AnyEvent.pm, authenticate_and_handle_request: delay. */
const REFUSAL_MS = 3000;

export interface ServeOptions extends Disturbances {
  /** 0, the default, is any that is free. */
  readonly port?: number;
  readonly token?: Token;
  /** Decides which attempt a fault strikes, and the order of rows and keys. */
  readonly seed?: number;
  /** How long a connection may be idle: 5,000 as in pveproxy. */
  readonly idleMs?: number;
  /** How long the answer to a refused token takes at least: 3,000 as in pveproxy. */
  readonly refusalMs?: number;
  /** Told of every request when it is over. */
  readonly onRequest?: (entry: RequestEntry) => void;
}

export interface Served {
  /** "https://127.0.0.1:43127" */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificate: "5F:40:6C:…". */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly token: Token;
  readonly traffic: Traffic;
  /** From now on these, in the place of those before; attempts count anew. @throws AppError "usage". */
  disturb(disturbances: Disturbances): void;
  /** Drops all connections. */
  close(): Promise<void>;
}

/**
 * @throws AppError "input" when the snapshot cannot be trusted, "usage" when a disturbance names what
 * it does not have or when the port is taken.
 */
export async function serve(snapshot: Snapshot, options: ServeOptions = {}): Promise<Served> {
  const { token = REHEARSAL_TOKEN, seed = 1, refusalMs = REFUSAL_MS } = options;
  const rehearsal = new Rehearsal(await openCluster(snapshot), { token, seed, refusalMs });
  rehearsal.disturb(options);
  const { keyPem, certificatePem, fingerprint } = await makeCertificate();
  const server = createServer({
    key: keyPem,
    cert: certificatePem,
    minVersion: "TLSv1.2",
    handshakeTimeout: IDLE_MS,
    keepAliveTimeout: 0,
  });
  const traffic = new Traffic();
  const connections = new Connections(server, options.idleMs ?? IDLE_MS);
  server.on("secureConnection", () => traffic.connect());
  const desk = { rehearsal, traffic, connections, seed, onRequest: options.onRequest };
  server.on("request", (request, response) => void handle({ request, response }, desk));
  const port = await listen(server, options.port ?? 0);
  return {
    url: `https://${HOST}:${port}`,
    host: HOST,
    port,
    fingerprint,
    certificatePem,
    token,
    traffic,
    disturb: (disturbances) => rehearsal.disturb(disturbances),
    async close() {
      rehearsal.end();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
