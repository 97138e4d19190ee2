/** serve <run>: a snapshot as a Proxmox VE API on this machine, until it is stopped. */
import { usageError } from "../../kernel/errors.ts";
import { serve, type Served } from "../../rehearse/serve/serve.ts";
import { REHEARSAL_SECRET, SERVE_SETTINGS } from "../../rehearse/serve/settings.ts";
import { parseToken } from "../../rehearse/serve/token.ts";
import { openSnapshot } from "../../snapshot/read.ts";
import type { Snapshot } from "../../snapshot/schema.ts";
import { readDisturbances } from "./disturbances.ts";
import { exportLines } from "./exports.ts";
import { wholeNumber } from "../option-values.ts";
import type { Session } from "../session.ts";
import { readSettings } from "../settings.ts";
import { groupDigits } from "../text/tables.ts";
import { untilStopped } from "./until-stopped.ts";

export async function runServe(session: Session): Promise<void> {
  const [run] = session.operands;
  if (run === undefined) {
    throw usageError("No run folder is named", {
      hint: "Name one that capture or simulate wrote, such as snapshots/example",
    });
  }
  const snapshot = await openSnapshot(await session.openStore(run));
  const served = await serve(snapshot, {
    port: numberOf(session, "port"),
    seed: numberOf(session, "seed"),
    token: parseToken(await readSettings(session.context, SERVE_SETTINGS)),
    onRequest: ({ method, path, status = "no answer", tookMs }) =>
      session.log.debug(`${method} ${path} ${status} ${Math.round(tookMs)} ms`),
    ...readDisturbances(session),
  });
  // Whoever reads the first line may stop it at once.
  const stop = untilStopped();
  introduce(session, { snapshot, served });
  await stop;
  await served.close();
  const { requests, connections } = served.traffic;
  session.log.info(
    `Stopped after ${groupDigits(requests)} requests on ${groupDigits(connections)} connections`,
  );
}

function numberOf(session: Session, name: string): number {
  return wholeNumber({ name, text: session.option(name) ?? "" });
}

/** On stdout, what a shell or a script needs to capture from it. */
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
    `Serving ${snapshot.name} at ${url}: a shell with the variables above captures from it, ` +
      "Ctrl-C stops it",
  );
}
