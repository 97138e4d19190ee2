/** One request on a connection → its answer there, or none. */
import { createRandom } from "../random.ts";
import type { Connections } from "./connections.ts";
import { parseQuestion } from "./question.ts";
import type { Rehearsal } from "./rehearsal.ts";
import { isDrop } from "./reply.ts";
import { type Exchange, send } from "./send.ts";
import { shuffled } from "./shuffle.ts";
import type { Traffic } from "./traffic.ts";

/** Longer than any client waits. */
const SILENCE_MS = 600_000;

export interface Desk {
  readonly rehearsal: Rehearsal;
  readonly connections: Connections;
  readonly traffic: Traffic;
  readonly seed: number;
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
}

export interface RequestEntry {
  readonly method: string;
  readonly path: string;
  /** Undefined when no answer was sent. */
  readonly status: number | undefined;
  readonly tookMs: number;
}

export async function handle(exchange: Exchange, desk: Desk): Promise<void> {
  const { request, response } = exchange;
  const { socket, method = "", url = "" } = request;
  const { rehearsal, connections, traffic, seed } = desk;
  const since = performance.now();
  const isKept = connections.admit(socket);
  const question = parseQuestion(url);
  const visit = traffic.enter(method, question);
  const leave = (status?: number): void => {
    if (!visit.leave(status)) return;
    const tookMs = performance.now() - since;
    desk.onRequest?.({ method, path: question.name, status, tookMs });
  };
  response.on("close", () => {
    connections.rest(socket);
    leave();
  });
  const outcome = await rehearsal.answer({ request, question });
  if (outcome === undefined || socket.destroyed) return;
  if (!isDrop(outcome)) {
    const random = createRandom(seed, `order/${question.name}/${visit.count}`);
    const print = (envelope: object): string =>
      JSON.stringify(shuffled(envelope, question.path, random));
    // Before it is sent: once the client has it, the next request may come.
    leave(outcome.status);
    send(exchange, outcome, { dialect: rehearsal.cluster.dialect, isKept, print });
  } else if (outcome.drop === "reset") connections.reset(socket);
  else socket.setTimeout(SILENCE_MS);
}
