/** doctor: what stands between this machine and a complete capture, and the commands that mend it. */
import { type Diagnosed, type Diagnosis, doctor } from "../../capture/doctor.ts";
import { ENDPOINTS } from "../../capture/endpoints.ts";
import { parseCaptureOptions } from "../../capture/options.ts";
import { CAPTURE_SETTINGS } from "../../capture/settings.ts";
import { asking } from "./capture.ts";
import { interruptible } from "../interrupt.ts";
import type { Session } from "../session.ts";
import { readSettings } from "../settings.ts";
import { renderTable } from "../text/tables.ts";

export async function runDoctor(session: Session): Promise<void> {
  const options = parseCaptureOptions(await readSettings(session.context, CAPTURE_SETTINGS));
  const diagnosis = await interruptible((signal) => doctor(options, asking(session, signal)));
  session.data(session.isJson ? jsonOf(diagnosis) : textOf(diagnosis));
  const isWell = diagnosis.access?.every(({ may }) => may === "all") ?? false;
  if (!isWell) session.exitWith("incomplete");
}

/** TABLE: how the certificate was judged. */
const TRUSTS: Readonly<Record<Diagnosis["trust"], string>> = {
  any: "not verified",
  system: "verified by the system's authorities",
  authority: "verified by PROXMOX_CA_FILE",
  pinned: "pinned by PROXMOX_FINGERPRINT",
};

/** A path and the paths below it are one place for people. */
function pathsOf(places: Diagnosed["on"]): string[] {
  return [...new Set(places.map(({ path }) => path))];
}

const MAY = { all: "all", part: "a part", none: "nothing" } as const;

function textOf(diagnosis: Diagnosis): string {
  const { host, certificate, access, grants } = diagnosis;
  const facts = [
    [
      "Host",
      `${host.name}:${host.port}, Proxmox VE ${diagnosis.version ?? "of an unknown version"}`,
    ],
    ["Cluster", `${diagnosis.clusterName ?? "without a name"}: ${diagnosis.nodes.join(", ")}`],
    ["Token", `${diagnosis.tokenId} is good`],
    ["Certificate", TRUSTS[diagnosis.trust]],
    ...(certificate === undefined ? [] : [
      ["", `SHA-256 ${certificate.fingerprint}`],
      ["", `${certificate.subject}, by ${certificate.issuer}, until ${certificate.validTo}`],
      ["", `for ${certificate.names}`],
    ]),
  ];
  const rights = access === undefined ? "The token's rights could not be read" : renderTable(
    ["GET", "May read", "Lacks", "On"],
    access.map(({ endpoint, may, lacks, on }) => [
      ENDPOINTS[endpoint].shown,
      MAY[may],
      lacks.join(" or "),
      pathsOf(on).join(" "),
    ]),
  );
  const mend = grants.length === 0
    ? []
    : [`To mend it, on any node:\n\n${grants.map((line) => `    ${line}`).join("\n")}`];
  return `\n${[renderTable(["What", "Found"], facts), rights, ...mend].join("\n\n")}\n`;
}

function jsonOf({ host, certificate, ...diagnosis }: Diagnosis): string {
  const document = {
    host: host.name,
    port: host.port,
    version: diagnosis.version,
    cluster: diagnosis.clusterName,
    nodes: diagnosis.nodes,
    token: diagnosis.tokenId,
    certificate: { ...certificate, trust: diagnosis.trust },
    access: diagnosis.access?.map(({ endpoint, may, lacks, on, grants }) => ({
      endpoint,
      path: ENDPOINTS[endpoint].shown,
      may,
      lacks,
      on: pathsOf(on),
      mend_on: [...new Set(grants.flatMap(({ path }) => path ?? []))],
    })),
    grants: diagnosis.grants,
  };
  return JSON.stringify(document, null, 2);
}
