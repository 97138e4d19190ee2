/** Lists all requests for a cluster; each is sent, or skipped with a reason. */
import pMap from "p-map";
import {
  agentFact,
  type Answer,
  hasUnappliedChanges,
  incompleteOf,
  lastingAgentFact,
  objectOf,
  type SkipReason,
  skipReasonOf,
  valueOf,
} from "../proxmox/answers.ts";
import {
  type EndpointSetting,
  guestQuestion,
  nodeQuestion,
  PATHS,
  type Question,
} from "../proxmox/endpoints.ts";
import { hasOpenAddress, isAgentEnabled } from "../proxmox/nics.ts";
import { type AddressedGuest, idleReason } from "../proxmox/listing.ts";
import type { NodeGuests, Overview } from "./overview.ts";
import type { QuestionQueue } from "./question-queue.ts";

export interface WalkOptions {
  readonly queue: QuestionQueue;
  /** Guests of one node at once. */
  readonly perNode: number;
  readonly hasLiveAddresses: boolean;
  readonly extensions: ReadonlySet<EndpointSetting>;
  /** Called for each that is done. */
  readonly onGuest: () => void;
  readonly onNode: () => void;
}

/** A guest's config; "unread" and "unreachable" when there is no answer with one. */
type Config = Readonly<Record<string, unknown>> | "unread" | "unreachable";

export class Walk {
  /** Nodes whose network answer shows changes that are not applied. */
  readonly unappliedNodes = new Set<string>();
  readonly #options: WalkOptions;
  readonly #queue: QuestionQueue;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#queue = options.queue;
  }

  /** True when a guest has left its node since the listing. */
  async run({ inventory, vnets }: Pick<Overview, "inventory" | "vnets">): Promise<boolean> {
    const [moved] = await Promise.all([
      Promise.all(
        inventory.nodes.map((node) => node.isInScope ? this.#askNode(node) : this.#skipNode(node)),
      ),
      ...vnets.map((question: Question) => this.#queue.ask(question)),
    ]);
    return moved.includes(true);
  }

  #skipNode({ node, guests }: NodeGuests): boolean {
    for (const endpoint of ["nodeStatus", "network"] as const) {
      this.#queue.skip(nodeQuestion(endpoint, node), "out-of-scope");
    }
    for (const guest of guests) {
      const live = this.#options.hasLiveAddresses ? ["lxcInterfaces"] as const : [];
      const further = guest.kind === "qemu" ? this.#agentEndpoints() : live;
      for (const endpoint of ["config", ...further] as const) {
        this.#queue.skip(guestQuestion(endpoint, guest), "out-of-scope");
      }
    }
    return false;
  }

  async #askNode({ node, guests }: NodeGuests): Promise<boolean> {
    await this.#queue.ask(nodeQuestion("nodeStatus", node));
    const network = await this.#queue.ask(nodeQuestion("network", node));
    if (hasUnappliedChanges(network)) this.unappliedNodes.add(node);
    const hasMoved = await this.#askGuests(guests);
    this.#options.onNode();
    return hasMoved;
  }

  async #askGuests(guests: readonly AddressedGuest[]): Promise<boolean> {
    let hasMoved = false;
    const further: Promise<void>[] = [];
    await pMap(guests, async (guest) => {
      const question = guestQuestion("config", guest);
      const config = guest.isTemplate
        ? this.#queue.skip(question, "template")
        : await this.#queue.ask(question);
      hasMoved ||= incompleteOf(PATHS.config(guest), config)?.cause === "moved";
      // Not awaited here: a slow guest agent must not delay the config of another guest.
      const asked = this.#askFurther(guest, configOf(config)).then(this.#options.onGuest);
      asked.catch(() => undefined);
      further.push(asked);
    }, { concurrency: this.#options.perNode });
    await Promise.all(further);
    return hasMoved;
  }

  async #askFurther(guest: AddressedGuest, config: Config): Promise<void> {
    if (guest.kind === "qemu") await this.#askAgent(guest, config);
    else await this.#askContainer(guest, config);
  }

  /** In the order in which they are asked. */
  #agentEndpoints() {
    const hostName = this.#options.extensions.has("AGENT_HOST_NAMES")
      ? ["agentHostName"] as const
      : [];
    return ["osinfo", "agentInterfaces", ...hostName] as const;
  }

  async #askAgent(guest: AddressedGuest, config: Config): Promise<void> {
    let reason = agentSkipReason(guest, config);
    for (const endpoint of this.#agentEndpoints()) {
      const question = guestQuestion(endpoint, guest);
      const answer = reason === undefined
        ? await this.#queue.ask(question)
        : this.#queue.skip(question, reason);
      // Each call to a dead agent takes 3 s. One that is slow to answer gets a second chance, not a third.
      const fact = endpoint === "osinfo" ? lastingAgentFact(answer) : agentFact(answer);
      reason = skipReasonOf(answer) ?? fact;
    }
  }

  /** Only with LXC_LIVE_ADDRESSES, and for a container whose config leaves an address open. */
  async #askContainer(guest: AddressedGuest, config: Config): Promise<void> {
    if (!this.#options.hasLiveAddresses || guest.isTemplate) return;
    const question = guestQuestion("lxcInterfaces", guest);
    const reason = containerSkipReason(guest, config);
    if (reason === undefined) await this.#queue.ask(question);
    else if (reason !== "static") this.#queue.skip(question, reason);
  }
}

function configOf(answer: Answer): Config {
  if (skipReasonOf(answer) === "unreachable") return "unreachable";
  return valueOf(objectOf(answer)) ?? "unread";
}

function agentSkipReason(guest: AddressedGuest, config: Config): SkipReason | undefined {
  const idle = idleReason(guest);
  if (guest.isTemplate && idle !== "unreachable") return "template";
  if (idle !== undefined) return idle;
  if (config === "unreachable") return "unreachable";
  if (config === "unread") return "config-not-read";
  return isAgentEnabled(config) ? undefined : "agent-off";
}

function containerSkipReason(
  guest: AddressedGuest,
  config: Config,
): SkipReason | "static" | undefined {
  if (config === "unreachable") return "unreachable";
  if (config === "unread") return "config-not-read";
  if (!hasOpenAddress(config)) return "static";
  return idleReason(guest);
}
