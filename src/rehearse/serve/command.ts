/** serve <run>: a snapshot as a Proxmox VE API on this machine, until it is stopped. */
import { usageError } from "../../base/errors.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { optionReader } from "../../terminal/options.ts";
import { untilStopped } from "../../terminal/process.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { exportLines } from "../server.ts";
import { REHEARSAL_SECRET, SERVE_SETTINGS } from "../settings.ts";
import { parseMove } from "./cluster.ts";
import { type Disturbances, parseServeFault } from "./rehearsal.ts";
import { parseToken } from "./request.ts";
import { parseDenial } from "./rights.ts";
import { serve, type Served } from "./serve.ts";

export async function runServe(session: Session): Promise<void> {
  const [run] = session.operands;
  if (run === undefined) {
    throw usageError("A run folder is required", {
      hint: "Name a folder that capture or simulate wrote, such as snapshots/example",
    });
  }
  const { wholeNumber } = optionReader(session);
  const snapshot = await openSnapshot(await session.openStore(run));
  const served = await serve(snapshot, {
    port: wholeNumber("port"),
    seed: wholeNumber("seed"),
    token: parseToken(await readSettings(session.context, SERVE_SETTINGS)),
    onRequest: ({ method, path, status = "no answer", tookMs }) =>
      session.log.debug(`${method} ${path} ${status} ${Math.round(tookMs)} ms`),
    ...readDisturbances(session),
  });
  // Registered first: a script may stop the server as soon as it has read the first line.
  const stop = untilStopped(session.io);
  introduce(session, { snapshot, served });
  await stop;
  await served.close();
  const { requests, connections } = served.traffic;
  session.log.info(
    `Stopped after ${groupDigits(requests)} requests on ${groupDigits(connections)} connections`,
  );
}

/** Prints the settings for capture: as JSON or as lines for a shell. */
function introduce(session: Session, { snapshot, served }: { snapshot: Snapshot; served: Served }) {
  const { url, host, port, fingerprint, certificatePem, token } = served;
  const isOwn = token.value !== REHEARSAL_SECRET;
  if (session.isJson) {
    session.print(JSON.stringify({
      url,
      host,
      port,
      fingerprint,
      certificate: certificatePem,
      user: token.user,
      token_name: token.name,
      ...(isOwn ? {} : { token_value: token.value }),
    }));
  } else {
    session.print(exportLines({
      PROXMOX_HOST: host,
      PROXMOX_PORT: String(port),
      PROXMOX_USER: token.user,
      PROXMOX_TOKEN_NAME: token.name,
      PROXMOX_TOKEN_VALUE: isOwn ? undefined : token.value,
      PROXMOX_FINGERPRINT: fingerprint,
    }));
  }
  session.log.info(
    `Serving ${snapshot.name} at ${url}: set the variables above to capture from it; ` +
      "Ctrl-C stops it",
  );
}

/** @throws AppError "usage" for an invalid value. */
export function readDisturbances(session: Pick<Session, "option">): Disturbances {
  const { list, milliseconds, wholeNumber } = optionReader(session);
  const retryAfterMs = milliseconds("retry-after");
  return {
    latencyMs: milliseconds("latency"),
    slowAgentMs: milliseconds("slow-agent"),
    faults: list("fail")?.map(parseServeFault),
    // Retry-After is in whole seconds.
    retryAfterSeconds: retryAfterMs && Math.ceil(retryAfterMs / 1000),
    offline: list("offline"),
    moves: list("move")?.map(parseMove),
    denials: list("deny")?.map(parseDenial),
    expireTokenAfter: wholeNumber("expire-token"),
  };
}
