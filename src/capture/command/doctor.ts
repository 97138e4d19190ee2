/** doctor: checks connection, token and rights, and prints the commands that grant what is missing. */
import { ENDPOINT_NAMES, isAskedWith, SHOWN_PATHS } from "../../proxmox/endpoints.ts";
import { interruptible } from "../../terminal/process.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { renderTable } from "../../terminal/tables.ts";
import { type Access, accessTo, grantsFor, lacksOf } from "../access.ts";
import type { ClientRun } from "../client.ts";
import { lookAt, refuseScope } from "../overview.ts";
import { CAPTURE_SETTINGS, type CaptureOptions, parseCaptureOptions } from "../settings.ts";
import { asking } from "./capture.ts";

export async function runDoctor(session: Session): Promise<void> {
  const options = parseCaptureOptions(await readSettings(session.context, CAPTURE_SETTINGS));
  const diagnosis = await interruptible(
    session.io,
    (signal) => doctor(options, asking(session, signal)),
  );
  session.data(session.isJson ? jsonOf(diagnosis) : textOf(diagnosis));
  const isWell = diagnosis.access?.every(({ may }) => may === "all") ?? false;
  if (!isWell) session.exitWith("incomplete");
}

/** TABLE: how the certificate was checked. */
const TRUSTS: Readonly<Record<Diagnosis["trust"], string>> = {
  any: "not verified",
  system: "verified by the system's authorities",
  authority: "verified by PROXMOX_CA_FILE",
  pinned: "pinned by PROXMOX_FINGERPRINT",
};

/** For people, a path includes the paths below it. */
function pathsOf(places: Access["on"]): string[] {
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
    ["Token", `${diagnosis.tokenId} is accepted`],
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
      SHOWN_PATHS[endpoint],
      MAY[may],
      lacks.join(" or "),
      pathsOf(on).join(" "),
    ]),
  );
  const commands = grants.length === 0
    ? []
    : [`To grant what is missing, run on any node:\n\n${
      grants.map((line) => `    ${line}`).join("\n")
    }`];
  return `\n${[renderTable(["What", "Found"], facts), rights, ...commands].join("\n\n")}\n`;
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
      path: SHOWN_PATHS[endpoint],
      may,
      lacks,
      on: pathsOf(on),
      mend_on: [...new Set(grants.flatMap(({ path }) => path ?? []))],
    })),
    grants: diagnosis.grants,
  };
  return JSON.stringify(document, null, 2);
}

/** Asks the cluster-wide questions only. @throws AppError "remote" when no host answers or the token is refused. */
export async function doctor(options: CaptureOptions, asking: ClientRun) {
  return await lookAt(options, asking, (overview, client) => {
    const { inventory, nodes, rights, major, version, clusterName } = overview;
    refuseScope(inventory.nodes, options.nodes);
    const endpoints = ENDPOINT_NAMES.filter((endpoint) =>
      isAskedWith(endpoint, options.extensions)
    );
    const access = rights && endpoints.map((endpoint) => {
      const found = accessTo(endpoint, { rights, major, nodes });
      return { ...found, grants: grantsFor(lacksOf(found), options.token, rights) };
    });
    return {
      host: client.host(),
      certificate: client.certificate(),
      trust: options.trust.kind,
      tokenId: options.token.id,
      version,
      clusterName,
      nodes,
      // undefined: the token's rights could not be read.
      access,
      // Commands that grant what is missing.
      grants: grantsFor((access ?? []).flatMap(lacksOf), options.token, rights)
        .map(({ text }) => text),
    };
  });
}

export type Diagnosis = Awaited<ReturnType<typeof doctor>>;
