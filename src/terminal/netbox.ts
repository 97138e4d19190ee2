/** The connection to NetBox that the settings of a command describe. */
import { durationText } from "../base/duration.ts";
import type { NetBoxOptions } from "../netbox/rest/client.ts";
import { NETBOX_SETTINGS, parseNetBoxSettings } from "../netbox/rest/settings.ts";
import type { Session } from "./session.ts";
import { environmentProxy, readNamedFile, readSettings } from "./settings.ts";

export interface NetBoxConnection extends Omit<NetBoxOptions, "signal"> {
  /** Requests under way at once. */
  readonly concurrency: number;
}

/**
 * Options of a command that also has another connection, whose options have the same names: NetBox's other settings
 * come from the environment or the policy file.
 */
const OWN_OPTIONS = ["netbox", "netbox-token-file", "max-removed", "config", "quiet", "verbose"];

/** A session with these options alone. */
export function netboxSession(session: Session): Session {
  const { context } = session;
  const options = new Map([...context.options].filter(([name]) => OWN_OPTIONS.includes(name)));
  return {
    ...session,
    context: { ...context, options },
    option: (name) => options.get(name),
  };
}

/**
 * Warns when TLS verification is off; retries are logged as warnings.
 * @throws AppError "usage" for a wrong setting, or a file of certificates that cannot be read.
 */
export async function netboxConnection(session: Session): Promise<NetBoxConnection> {
  const settings = parseNetBoxSettings(await readSettings(session.context, NETBOX_SETTINGS));
  const { url, certFile, isUnverified } = settings;
  const certificates = certFile && await readNamedFile(certFile, "NETBOX_CERT_FILE");
  if (isUnverified) {
    session.log.warn(
      "TLS verification is off (NETBOX_SKIP_TLS_VERIFY): the token may reach an impostor",
    );
  }
  return {
    ...settings,
    certificates: certificates || undefined,
    proxy: environmentProxy(session.io.env, url),
    onRetry({ message }, pauseMs) {
      session.log.warn(`${message}; trying again in ${durationText(pauseMs)}`);
    },
  };
}
