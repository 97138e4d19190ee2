/** An inventory → every question that there is about it, each asked or skipped with its reason. */
import pMap from "p-map";
import {
  type AgentFact,
  agentFact,
  type Answer,
  hasUnappliedChanges,
  incompleteOf,
  type SkipReason,
} from "../proxmox/answers.ts";
import { type GuestKind, guestQuestion, nodeQuestion, PATHS } from "../proxmox/endpoints.ts";
import { hasOpenAddress, isAgentEnabled } from "../proxmox/nics.ts";
import { record } from "../proxmox/values.ts";
import type { Desk } from "./desk.ts";
import type { Guest, Inventory, NodeGuests } from "./overview.ts";
import type { Reach } from "./reach.ts";

export interface Walk extends GuestWalk {
  /** Guests of one node at once. */
  readonly perNode: number;
  /** Each that is done. */
  readonly onGuest: () => void;
  readonly onNode: () => void;
  /** Nodes whose network answer shows changes that are not applied. */
  readonly unapplied: Set<string>;
}

/** True when a guest has left its node since the listing. */
export async function walk(inventory: Inventory, walking: Walk): Promise<boolean> {
  const nodes = inventory.nodes.map((node) =>
    node.isInScope ? askNode(node, walking) : skipNode(node, walking)
  );
  return (await Promise.all(nodes)).includes(true);
}

function skipNode({ node, guests }: NodeGuests, walking: Walk): boolean {
  walking.desk.skip(nodeQuestion("nodeStatus", node), "out-of-scope");
  walking.desk.skip(nodeQuestion("network", node), "out-of-scope");
  for (const guest of guests) skipGuest(guest, "out-of-scope", walking);
  return false;
}

async function askNode({ node, guests }: NodeGuests, walking: Walk): Promise<boolean> {
  const { desk, reach } = walking;
  for (const endpoint of ["nodeStatus", "network"] as const) {
    const question = nodeQuestion(endpoint, node);
    if (reach.isAway(node)) {
      desk.skip(question, "unreachable");
      continue;
    }
    const answer = await desk.ask(question);
    reach.judge(node, question.path, answer);
    if (endpoint === "network" && hasUnappliedChanges(answer)) walking.unapplied.add(node);
  }
  const hasMoved = await askGuests(guests, walking);
  walking.onNode();
  return hasMoved;
}

async function askGuests(guests: readonly Guest[], walking: Walk): Promise<boolean> {
  let hasMoved = false;
  const further: Promise<void>[] = [];
  await pMap(guests, async (guest) => {
    const answer = await askConfig(guest, walking);
    const gap = answer && incompleteOf(PATHS.config(guest), answer);
    hasMoved ||= gap?.cause === "moved";
    // Not waited for: a slow guest agent shall not hold up the config of another guest.
    const asked = askFurther(guest, answer, walking).then(walking.onGuest);
    asked.catch(() => undefined);
    further.push(asked);
  }, { concurrency: walking.perNode });
  await Promise.all(further);
  return hasMoved;
}

/** One guest: its config, and what its guest agent or its container tells, where that is worth asking. */

export interface GuestWalk {
  readonly desk: Desk;
  readonly reach: Reach;
  readonly hasLiveAddresses: boolean;
}

/** What the config says; "unread" and "unreachable" when it says nothing. */
type Config = Readonly<Record<string, unknown>> | "unread" | "unreachable";

/** undefined when it was not asked. */
export async function askConfig(guest: Guest, walk: GuestWalk): Promise<Answer | undefined> {
  const { desk, reach } = walk;
  const question = guestQuestion("config", guest);
  const reason = guest.isTemplate
    ? "template"
    : reach.isAway(guest.node)
    ? "unreachable"
    : undefined;
  if (reason !== undefined) {
    desk.skip(question, reason);
    return undefined;
  }
  const answer = await desk.ask(question);
  await reach.suspect(guest.node, question.path, answer);
  return answer;
}

/** `config`: its answer, or undefined when it was not asked. */
export async function askFurther(
  guest: Guest,
  config: Answer | undefined,
  walk: GuestWalk,
): Promise<void> {
  await FURTHER[guest.kind](guest, configOf(guest, config, walk), walk);
}

/** Everything about a guest that no call is made for. */
export function skipGuest(
  guest: Guest,
  reason: SkipReason,
  { desk, hasLiveAddresses }: GuestWalk,
): void {
  const live = hasLiveAddresses ? ["lxcInterfaces"] as const : [];
  const further = guest.kind === "qemu" ? ["osinfo", "agentInterfaces"] as const : live;
  for (const endpoint of ["config", ...further] as const) {
    desk.skip(guestQuestion(endpoint, guest), reason);
  }
}

function configOf(guest: Guest, answer: Answer | undefined, { reach }: GuestWalk): Config {
  if (answer === undefined) return reach.isAway(guest.node) ? "unreachable" : "unread";
  return ("data" in answer ? record(answer.data) : undefined) ?? "unread";
}

const FURTHER: Readonly<
  Record<GuestKind, (guest: Guest, config: Config, walk: GuestWalk) => Promise<void>>
> = { qemu: askAgent, lxc: askContainer };

async function askAgent(guest: Guest, config: Config, walk: GuestWalk): Promise<void> {
  const { desk } = walk;
  const system = guestQuestion("osinfo", guest);
  const interfaces = guestQuestion("agentInterfaces", guest);
  const reason = agentReason(guest, config);
  const first = reason ?? await askLive(guest, system, walk);
  if (typeof first === "string") {
    desk.skip(system, first);
    desk.skip(interfaces, first);
    return;
  }
  // It takes a dead agent 3 s to be found dead, and another 3 s to be found so again.
  const second = notWorthAnother(first) ?? await askLive(guest, interfaces, walk);
  if (typeof second === "string") desk.skip(interfaces, second);
}

/** undefined: to be asked. The first that holds. */
function agentReason(guest: Guest, config: Config): SkipReason | undefined {
  if (guest.status === "unknown") return "unreachable";
  if (guest.isTemplate) return "template";
  if (guest.status !== "running") return "guest-stopped";
  if (config === "unreachable") return "unreachable";
  if (config === "unread") return "config-not-read";
  return isAgentEnabled(config) ? undefined : "agent-off";
}

/** An agent that only was slow is asked again: the other command may be faster. */
function notWorthAnother(answer: Answer): AgentFact | undefined {
  const isSlow = "error" in answer && answer.error?.includes("got timeout") === true;
  return isSlow ? undefined : agentFact(answer);
}

/** Only with LXC_LIVE_ADDRESSES, and of a container whose config leaves an address open. */
async function askContainer(guest: Guest, config: Config, walk: GuestWalk): Promise<void> {
  if (!walk.hasLiveAddresses || guest.isTemplate) return;
  const question = guestQuestion("lxcInterfaces", guest);
  const reason = containerReason(guest, config);
  if (reason === "static") return;
  const answer = reason ?? await askLive(guest, question, walk);
  if (typeof answer === "string") walk.desk.skip(question, answer);
}

function containerReason(guest: Guest, config: Config): SkipReason | "static" | undefined {
  if (config === "unreachable") return "unreachable";
  if (config === "unread") return "config-not-read";
  if (!hasOpenAddress(config)) return "static";
  if (guest.status === "unknown") return "unreachable";
  return guest.status === "running" ? undefined : "guest-stopped";
}

/** Its node may have gone since its config was read. */
async function askLive(
  guest: Guest,
  question: ReturnType<typeof guestQuestion>,
  { desk, reach }: GuestWalk,
): Promise<Answer | "unreachable"> {
  if (reach.isAway(guest.node)) return "unreachable";
  const answer = await desk.ask(question);
  await reach.suspect(guest.node, question.path, answer);
  return answer;
}
