/** doctor, for NetBox: checks connection and token, and names the permissions that a survey needs and the token lacks. */
import { AppError, isAbort } from "../../base/errors.ts";
import { netboxAccess, type TypeAccess } from "../../netbox/rest/access.ts";
import { DIODE_PLUGIN, type Status } from "../../netbox/rest/client.ts";
import { netboxConnection } from "../../terminal/netbox.ts";
import { interruptible } from "../../terminal/process.ts";
import type { Session } from "../../terminal/session.ts";
import { renderTable } from "../../terminal/tables.ts";

interface NetBoxDiagnosis {
  readonly url: string;
  readonly status: Status;
  readonly types: readonly TypeAccess[];
}

export async function runNetBoxDoctor(session: Session): Promise<void> {
  const connection = await netboxConnection(session);
  const found = await interruptible(
    session.io,
    (signal) => netboxAccess({ ...connection, signal }),
  ).catch((error: unknown) => {
    throw isAbort(error) ? new AppError("interrupted", "Interrupted") : error;
  });
  const diagnosis = { ...found, url: connection.url };
  session.data(session.isJson ? jsonOf(diagnosis) : textOf(diagnosis));
  const needed = found.types.filter(({ isOptional }) => !isOptional);
  if (needed.some(({ may }) => may !== "view")) session.exitWith("incomplete");
}

const MAY = { view: "yes", denied: "no", refused: "refused" } as const;

function textOf({ url, status: { version, plugin }, types }: NetBoxDiagnosis): string {
  const facts = [
    ["NetBox", `${url}, version ${version}`],
    ["Diode plugin", plugin ?? `not installed, or too old to tell (${DIODE_PLUGIN})`],
    ["Token", "is accepted"],
  ];
  const rights = types.map(({ plural, permission, may, objects, reason }) => [
    plural,
    reason === undefined ? MAY[may] : `${MAY[may]}: ${reason}`,
    objects ?? "",
    permission,
  ]);
  const lacks = missingPermissions(types).map((permission) => `    ${permission}`);
  const optional = types.filter(({ isOptional, may }) => isOptional && may === "denied")
    .map(({ permission }) => permission);
  const advice = [
    ...(lacks.length === 0 ? [] : [
      "Grant these permissions, without constraints, to the user of the token in NetBox under " +
      `Admin > Permissions:\n\n${lacks.join("\n")}`,
    ]),
    ...(optional.length === 0 ? [] : [`Only for runs with L2VPNs: ${optional.join(", ")}`]),
  ];
  return `\n${
    [
      renderTable(["What", "Found"], facts),
      renderTable(["Objects", "May view", "Count", "Permission"], rights),
      ...advice,
    ].join("\n\n")
  }\n`;
}

function jsonOf({ url, status, types }: NetBoxDiagnosis): string {
  const netbox = {
    url,
    version: status.version,
    diode_plugin: status.plugin ?? null,
    access: types.map(({ type, permission, isOptional, may, objects, reason }) => ({
      type,
      permission,
      ...(isOptional && { optional: true }),
      may,
      objects,
      reason,
    })),
    missing_permissions: missingPermissions(types),
  };
  return JSON.stringify({ netbox }, null, 2);
}

function missingPermissions(types: readonly TypeAccess[]): readonly string[] {
  return types.filter(({ may, isOptional }) => may === "denied" && !isOptional).map((
    { permission },
  ) => permission);
}
