/** One guest: its config, and what its guest agent or its container tells, where that is worth asking. */
import type { GuestKind } from "../snapshot/paths.ts";
import { type AgentFact, agentFact } from "../snapshot/reading.ts";
import { record } from "../snapshot/scalar.ts";
import type { Answer, SkipReason } from "../snapshot/schema.ts";
import { hasOpenAddress, isAgentEnabled } from "../snapshot/worth-asking.ts";
import type { Desk } from "./desk.ts";
import { guestQuestion } from "./endpoints.ts";
import type { Guest } from "./inventory.ts";
import type { Reach } from "./reach.ts";

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
