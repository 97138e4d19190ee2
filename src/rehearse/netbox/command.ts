/** serve-netbox <target>: a target folder as NetBox's REST API on this machine, until it is stopped. */
import { usageError } from "../../base/errors.ts";
import { permissionOf } from "../../netbox/types/object-type.ts";
import { SURVEYED, type SurveyedType } from "../../netbox/types/surveyed.ts";
import { openTargetFolder, type TargetFolder } from "../../run-folder/target-files.ts";
import { readTarget } from "../../run-folder/target-objects.ts";
import { optionReader } from "../../terminal/options.ts";
import { untilStopped } from "../../terminal/process.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { drawFault, type Fault, faultReader } from "../faults.ts";
import { createRandom } from "../random.ts";
import { exportLines, writeCertificate } from "../server.ts";
import { REHEARSAL_NETBOX_TOKEN, SERVE_NETBOX_SETTINGS } from "../settings.ts";
import { type NetBoxFault, type NetBoxRequest, type ServedNetBox, serveNetBox } from "./server.ts";

/** TABLE: faults. */
const FAULTS = {
  429: { status: 429 },
  500: { status: 500 },
  502: { status: 502 },
  503: { status: 503 },
  504: { status: 504 },
  reset: { wire: "drop" },
  cut: { wire: "cut" },
  timeout: { wire: "hang" },
} as const satisfies Readonly<Record<string, NetBoxFault>>;
type FaultName = `${keyof typeof FAULTS}`;

const parseFault = faultReader<FaultName>(FAULTS, {
  hint: '"503:0.05", or "503x2" for the first two attempts of every request',
});

export async function runServeNetBox(session: Session): Promise<void> {
  const [place] = session.operands;
  if (place === undefined) {
    throw usageError("A target folder is required", {
      hint: "Name a folder that survey wrote, such as snapshots/example-netbox",
    });
  }
  const { list, milliseconds, wholeNumber } = optionReader(session);
  const { NETBOX_TOKEN: token } = await readSettings(session.context, SERVE_NETBOX_SETTINGS);
  const target = await openTargetFolder(await session.openStore(place));
  const { missing, unread = [], netbox: { version, plugin } } = target.manifest;
  const gaps = [...missing, ...unread].map(({ type }) => type);
  const hidden = SURVEYED.filter(({ name }) => gaps.includes(name));
  const objects = await readTarget(target);
  const netbox = await serveNetBox({
    objects: Object.fromEntries(SURVEYED.map(({ type }) => [type.path, [...objects.all(type)]])),
    isWritable: session.isOn("writable"),
    status: { version, plugin },
    token,
    denied: [...hidden, ...list("deny")?.map(typeOfPermission) ?? []].map(({ type }) => type.path),
    isTls: session.option("tls") !== undefined,
    port: wholeNumber("port"),
    latencyMs: milliseconds("latency"),
    faultOf: faultsOf(list("fail")?.map(parseFault) ?? [], wholeNumber("seed") ?? 1),
  });
  // Registered first: a script may stop the server as soon as it has read the first line.
  const stop = untilStopped(session.io);
  try {
    await introduce(session, { target, netbox });
    await stop;
  } finally {
    await netbox.close();
  }
  session.log.info(`Stopped after ${groupDigits(netbox.asked)} requests`);
}

/** "ipam.view_vlan" → VLANs. @throws AppError "usage". */
function typeOfPermission(permission: string): SurveyedType {
  const found = SURVEYED.find(({ type }) => permissionOf(type) === permission);
  if (found !== undefined) return found;
  const allowed = SURVEYED.map(({ type }) => permissionOf(type)).join(", ");
  throw usageError(`Unknown permission "${permission}" in --deny`, {
    hint: `Allowed: ${allowed}`,
  });
}

/** The same faults for the same seed, path and number of the attempt, whatever the order of requests. */
function faultsOf(
  faults: readonly Fault<FaultName>[],
  seed: number,
): (request: NetBoxRequest) => NetBoxFault | undefined {
  const attempts = new Map<string, number>();
  return ({ url: { pathname, search } }) => {
    const path = pathname + search;
    const attempt = (attempts.get(path) ?? 0) + 1;
    attempts.set(path, attempt);
    const drawn = createRandom(seed, `fault/${path}/${attempt}`).fraction();
    const name = drawFault(faults, attempt, drawn);
    return name && FAULTS[name];
  };
}

/** Prints the settings for survey and compare: as JSON or as lines for a shell. */
async function introduce(
  session: Session,
  { target, netbox }: { readonly target: TargetFolder; readonly netbox: ServedNetBox },
): Promise<void> {
  const certificateFile = session.option("tls");
  if (certificateFile !== undefined) {
    await writeCertificate(certificateFile, netbox.certificate?.certificatePem ?? "");
  }
  const { url } = netbox;
  const token = netbox.token === REHEARSAL_NETBOX_TOKEN ? netbox.token : undefined;
  session.print(
    session.isJson
      ? JSON.stringify({ url, token, certificate_file: certificateFile })
      : exportLines({
        NETBOX_URL: url,
        NETBOX_TOKEN: token,
        NETBOX_CERT_FILE: certificateFile,
      }),
  );
  session.log.info(
    `Serving ${target.place} at ${url}: set the variables above to survey it; Ctrl-C stops it`,
  );
}
