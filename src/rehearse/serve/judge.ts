/** What a call of the API is answered, in the order in which Proxmox decides it. */
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer, Failure } from "../../run-folder/snapshot.ts";
import { type Endpoint, ENDPOINTS } from "./endpoints.ts";
import type { Question } from "./question.ts";
import { apiError, bareError, type Outcome, success } from "./reply.ts";
import { noSuchGuest, queryErrors, SKIPPED, unheld } from "./unheld.ts";
import type { World } from "./disturbances.ts";

/** The first that has something to say decides. Source: PVE/HTTPServer.pm, rest_handler. */
const CHECKS: readonly ((question: Question, world: World) => Outcome | undefined)[] = [
  forbidden,
  unreachable,
  elsewhere,
];

/** @throws AppError "input" when the snapshot's line is no answer. */
export function judge(question: Question, world: World): Outcome {
  for (const check of CHECKS) {
    const outcome = check(question, world);
    if (outcome !== undefined) return outcome;
  }
  return recorded(question, world);
}

/** Before the node is asked: a token without the right learns nothing of the node. */
function forbidden({ endpoint, variables }: Question, world: World): Outcome | undefined {
  const { needs }: Partial<Endpoint> = endpoint ? ENDPOINTS[endpoint] : {};
  if (needs === undefined) return undefined;
  const { cluster: { dialect }, rights } = world;
  const { node = "", vmid = "" } = variables;
  const path = needs.on.replace("{node}", node).replace("{vmid}", String(vmid));
  const wanted = needs.anyOf(dialect);
  if (!rights.lost(wanted, path)) return undefined;
  const text = `Permission check failed (${path}, ${wanted.join("|")})`;
  return apiError(dialect, { status: 403, text });
}

function unreachable({ variables: { node } }: Question, { offline }: World): Outcome | undefined {
  return node !== undefined && offline.has(node) ? bareError(595, "No route to host") : undefined;
}

/** A guest that moved away is unknown on the node that it left. */
function elsewhere(question: Question, world: World): Outcome | undefined {
  const { node, vmid = 0 } = question.variables;
  const guest = world.cluster.guests.get(vmid);
  if (guest === undefined || guest.node !== node) return undefined;
  const isHere = world.moves.nodeOf(vmid, guest.node) === node;
  return isHere ? undefined : noSuchGuest(question, world);
}

/** One server cannot refuse a connection for one path: those that never came to be are reset. */
const FAILED: Readonly<Record<Failure, Outcome>> = {
  timeout: { drop: "silence" },
  reset: { drop: "reset" },
  refused: { drop: "reset" },
  tls: { drop: "reset" },
  dns: { drop: "reset" },
};

function recorded(question: Question, world: World): Outcome {
  const answer = lookUp(question, world);
  if (answer === undefined) return unheld(question, world);
  if ("skipped" in answer) return SKIPPED[answer.skipped](question, world);
  if ("failed" in answer) return FAILED[answer.failed];
  const { status, error = "", data = null, ...beside } = answer;
  if (status >= 595) return bareError(status, error);
  if (status >= 400) return apiError(world.cluster.dialect, { status, text: error, beside });
  const { view }: Partial<Endpoint> = question.endpoint ? ENDPOINTS[question.endpoint] : {};
  const seen = success({ ...beside, data: view === undefined ? data : view(data, world) });
  if (question.endpoint === "resources") world.moves.finish();
  return seen;
}

function lookUp(question: Question, world: World): Answer | undefined {
  const { path, endpoint, variables, query } = question;
  const { cluster, moves } = world;
  // What waits for a restart is not in a snapshot: with `current` and without, the answer is the same.
  const isConfig = endpoint === "config" && queryErrors(query, ENDPOINTS.config) === undefined;
  const name = isConfig ? path : question.name;
  const { node, vmid } = variables;
  // Without a type it would also list what no snapshot holds; its guests are the same.
  if (endpoint === "resources" && name === path) return cluster.answer(PATHS.resources);
  // A snapshot of before holds no entries, but the rights that they can be made of.
  if (endpoint === "acl" && cluster.permissions !== undefined) {
    return cluster.answer(PATHS.acl) ?? { status: 200, data: null };
  }
  const guest = vmid === undefined ? undefined : cluster.guests.get(vmid);
  if (guest === undefined || moves.nodeOf(vmid ?? 0, guest.node) !== node) {
    return cluster.answer(name, node);
  }
  // The answers of a guest that moved stand where it was when it was captured.
  return cluster.answer(name.replace(`/nodes/${node}/`, `/nodes/${guest.node}/`), guest.node);
}
