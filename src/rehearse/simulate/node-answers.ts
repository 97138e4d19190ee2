/** A node and its guests → the answers of its file, as a capture would have found them. */
import { PATHS } from "../../proxmox/endpoints.ts";
import type { Answer, SkipReason } from "../../run-folder/snapshot.ts";
import { agentAnswers } from "./agent-answers.ts";
import { addressOf, type Guest } from "./guest.ts";
import { lxcConfig } from "./lxc-config.ts";
import { networkRows } from "./node-network.ts";
import { nodeStatus } from "./node-status.ts";
import { qemuConfig } from "./qemu-config.ts";
import type { Site, SiteNode } from "./site.ts";

/** What the proxy of the node that was asked says of one that it cannot reach. */
const NO_ROUTE: Answer = { status: 595, error: "No route to host" };
/** A node that did not answer once is asked no further. */
const UNREACHABLE: Answer = { skipped: "unreachable" };

export function nodeAnswers(
  site: Site,
  of: { node: SiteNode; guests: readonly Guest[] },
): Map<string, Answer> {
  const { node, guests } = of;
  const answers = new Map<string, Answer>([
    [PATHS.nodeStatus(node.name), node.online ? good(nodeStatus(site, node)) : NO_ROUTE],
    [PATHS.network(node.name), node.online ? good(networkRows(site, node)) : UNREACHABLE],
  ]);
  for (const guest of guests) {
    answers.set(PATHS.config(addressOf(guest)), configAnswer(site, guest));
    if (guest.kind !== "qemu") continue;
    for (const [path, answer] of agentQuestions(site, guest)) answers.set(path, answer);
  }
  return answers;
}

function good(data: unknown): Answer {
  return { status: 200, data };
}

function configAnswer(site: Site, guest: Guest): Answer {
  const { node, kind, vmid } = addressOf(guest);
  if (guest.isTemplate && guest.status !== "unknown") return { skipped: "template" };
  switch (guest.config) {
    case "read":
      return good(kind === "qemu" ? qemuConfig(site, guest) : lxcConfig(site, guest));
    case "unreachable":
      return UNREACHABLE;
    case "denied":
      return { status: 403, error: `Permission check failed (/vms/${vmid}, VM.Audit)` };
    case "moved": {
      const folder = kind === "qemu" ? "qemu-server" : "lxc";
      return {
        status: 500,
        error: `Configuration file 'nodes/${node}/${folder}/${vmid}.conf' does not exist`,
      };
    }
    case "slow":
      return { status: 596, error: "Connection timed out" };
    case "timeout":
      return { failed: "timeout" };
  }
}

function agentQuestions(site: Site, guest: Guest): [path: string, answer: Answer][] {
  const skipped = skipReason(guest);
  if (skipped === undefined) return agentAnswers(site, guest);
  const address = addressOf(guest);
  return [[PATHS.osinfo(address), { skipped }], [PATHS.agentInterfaces(address), { skipped }]];
}

/** Only a running guest whose config enables the agent is asked: a dead agent holds a worker for 3 s. */
function skipReason(guest: Guest): SkipReason | undefined {
  if (guest.status === "unknown") return "unreachable";
  if (guest.isTemplate) return "template";
  if (guest.status !== "running") return "guest-stopped";
  if (guest.config === "unreachable") return "unreachable";
  if (guest.config !== "read") return "config-not-read";
  return guest.agent === "off" ? "agent-off" : undefined;
}
