/** TABLE: what is answered when the snapshot holds no answer. Where nobody knows, it says so. */
import type { SkipReason } from "../../run-folder/snapshot.ts";
import { type Endpoint, ENDPOINTS } from "./endpoints.ts";
import type { Question } from "./question.ts";
import { apiError, bareError, notImplemented, type Outcome, success } from "./reply.ts";
import type { World } from "./disturbances.ts";

type Answerer = (question: Question, world: World) => Outcome;

/** Why capture did not ask → what Proxmox would have said. Source: PVE/QemuServer/Agent.pm. */
export const SKIPPED: Readonly<Record<SkipReason, Answerer>> = {
  "agent-not-running": isDead,
  "agent-off": hasNoAgent,
  "guest-stopped": notRunning,
  template: (question, world) =>
    question.endpoint === "config" ? unknown(question, world) : notRunning(question, world),
  unreachable: () => bareError(595, "No route to host"),
  "config-not-read": unknown,
  "out-of-scope": unknown,
};

/** A path that stands nowhere in the snapshot. */
export function unheld(question: Question, world: World): Outcome {
  const { cluster } = world;
  const { endpoint, variables: { node, vmid } } = question;
  const row: Endpoint | undefined = endpoint && ENDPOINTS[endpoint];
  if (row === undefined || row.isIn?.(cluster.dialect) === false) {
    return notImplemented(cluster.dialect, `GET ${question.path}`);
  }
  const errors = queryErrors(question.query, row);
  if (errors !== undefined) {
    const text = "Parameter verification failed.";
    return apiError(cluster.dialect, { status: 400, text, beside: { errors } });
  }
  if (node !== undefined && !cluster.nodes.includes(node)) return noSuchNode(node, world);
  if (vmid !== undefined && !isHere(question, world)) return noSuchGuest(question, world);
  const isStopped = cluster.guests.get(vmid ?? 0)?.status === "stopped";
  return isStopped && endpoint !== "config"
    ? notRunning(question, world)
    : unknown(question, world);
}

/** Parameter → what is wrong with it. Source: PVE/JSONSchema.pm, check_object. */
export function queryErrors(
  query: URLSearchParams,
  row: Endpoint,
): Record<string, string> | undefined {
  const errors = [...query].flatMap(([key, value]): [string, string][] => {
    const allowed = row.query?.[key] ?? [];
    if (allowed.includes(value)) return [];
    const text = allowed.length === 0
      ? "property is not defined in schema and the schema does not allow additional properties"
      : `value '${value}' does not have a value in the enumeration '${allowed.join(", ")}'`;
    return [[key, `${text}\n`]];
  });
  return errors.length === 0 ? undefined : Object.fromEntries(errors);
}

function isHere({ variables }: Question, { cluster, moves }: World): boolean {
  const { node, kind, vmid = 0 } = variables;
  const guest = cluster.guests.get(vmid);
  return guest?.kind === kind && guest !== undefined && moves.nodeOf(vmid, guest.node) === node;
}

/** Source: PVE/Network.pm, get_ip_from_hostname. */
function noSuchNode(node: string, { cluster }: World): Outcome {
  const text = `hostname lookup '${node}' failed - failed to get address info for: ${node}: ` +
    "Name or service not known";
  return apiError(cluster.dialect, { status: 500, text });
}

/** Source: PVE/AbstractConfig.pm, load_config. */
export function noSuchGuest({ variables }: Question, { cluster }: World): Outcome {
  const folder = variables.kind === "lxc" ? "lxc" : "qemu-server";
  const file = `nodes/${variables.node}/${folder}/${variables.vmid}.conf`;
  const text = `Configuration file '${file}' does not exist`;
  return apiError(cluster.dialect, { status: 500, text });
}

/** Source: PVE/QemuServer/Agent.pm, assert_agent_available. */
function isDead(_: Question, { cluster }: World): Outcome {
  return apiError(cluster.dialect, { status: 500, text: "QEMU guest agent is not running" });
}

function hasNoAgent(_: Question, { cluster }: World): Outcome {
  return apiError(cluster.dialect, { status: 500, text: "No QEMU guest agent configured" });
}

function notRunning({ endpoint, variables }: Question, { cluster }: World): Outcome {
  if (endpoint === "lxcInterfaces") return success({ data: null });
  return apiError(cluster.dialect, { status: 500, text: `VM ${variables.vmid} is not running` });
}

/** No text of Proxmox's: whoever rehearses shall see that the snapshot ends here. */
function unknown(_: Question, { cluster }: World): Outcome {
  const text = "The snapshot that is served holds no answer to this";
  return apiError(cluster.dialect, { status: 500, text });
}
