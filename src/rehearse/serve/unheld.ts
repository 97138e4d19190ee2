/** TABLE: what is answered when the snapshot holds no answer. Where nobody knows, it says so. */
import type { SkipReason } from "../../snapshot/schema.ts";
import type { Question } from "./question.ts";
import { apiError, bareError, type Outcome, success } from "./reply.ts";
import type { World } from "./views.ts";

type Answerer = (question: Question, world: World) => Outcome;

/** Why capture did not ask → what Proxmox would have said. Source: PVE/QemuServer/Agent.pm. */
export const SKIPPED: Readonly<Record<SkipReason, Answerer>> = {
  "agent-off": (_, { cluster }) =>
    apiError(cluster.dialect, { status: 500, text: "No QEMU guest agent configured" }),
  "guest-stopped": notRunning,
  template: (question, world) =>
    question.endpoint === "config" ? unknown(question, world) : notRunning(question, world),
  unreachable: () => bareError(595, "No route to host"),
  "config-not-read": unknown,
  "out-of-scope": unknown,
};

/** A path that stands nowhere in the snapshot. */
export function unheld(question: Question, world: World): Outcome {
  const { cluster: { dialect, nodes, guests }, moves } = world;
  const { node, kind, vmid } = question.variables;
  if (question.endpoint === undefined) {
    const text = `Method 'GET ${question.path}' not implemented`;
    return apiError(dialect, { status: 501, text, isThrown: false });
  }
  if (node !== undefined && !nodes.includes(node)) return noSuchNode(node, world);
  if (vmid === undefined) return unknown(question, world);
  const guest = guests.get(vmid);
  const isHere = guest?.kind === kind && guest !== undefined &&
    moves.nodeOf(vmid, guest.node) === node;
  if (!isHere) return noSuchGuest(question, world);
  const isStopped = question.endpoint === "lxcInterfaces" && guest.status === "stopped";
  return isStopped ? success({ data: null }) : unknown(question, world);
}

/** Source: PVE/Cluster.pm, remote_node_ip; PVE/Network.pm, get_ip_from_hostname. */
function noSuchNode(node: string, { cluster }: World): Outcome {
  const text = `hostname lookup '${node}' failed - failed to get address info for: ${node}: ` +
    "Name or service not known";
  return apiError(cluster.dialect, { status: 500, text });
}

/** Source: PVE/AbstractConfig.pm, load_config. */
export function noSuchGuest({ variables }: Question, { cluster }: World): Outcome {
  const folder = variables.kind === "lxc" ? "lxc" : "qemu-server";
  const file = `nodes/${variables.node}/${folder}/${variables.vmid}.conf`;
  return apiError(cluster.dialect, {
    status: 500,
    text: `Configuration file '${file}' does not exist`,
  });
}

function notRunning({ endpoint, variables }: Question, { cluster }: World): Outcome {
  if (endpoint === "lxcInterfaces") return success({ data: null });
  return apiError(cluster.dialect, { status: 500, text: `VM ${variables.vmid} is not running` });
}

/** No text of Proxmox's: whoever rehearses shall see that the snapshot ends here. */
function unknown(_: Question, { cluster }: World): Outcome {
  return apiError(cluster.dialect, {
    status: 500,
    text: "The snapshot that is served holds no answer to this",
  });
}
