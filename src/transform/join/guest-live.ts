/** Where a guest's addresses are found: QEMU in its agent, LXC in its config and, if asked for, live. */
import { PATHS } from "../../snapshot/paths.ts";
import { listOf } from "../../snapshot/reading.ts";
import { configAddresses, liveAddresses, type Occurrence } from "./guest-addresses.ts";
import type { AgentAnswers } from "./guest-agent.ts";
import type { ListedGuest } from "./inventory.ts";
import type { GuestScene } from "./scene.ts";
import type { NicSource } from "./sources.ts";

export interface GuestAddresses {
  readonly occurrences: readonly Occurrence[];
  /** Are these all? If not, an address that NetBox has is left as it is. */
  readonly isKnown: boolean;
}

export function agentAddresses(
  { interfaces, places }: AgentAnswers,
  guest: { readonly what: string; readonly nics: readonly NicSource[] },
): GuestAddresses {
  const answer = places.agentInterfaces;
  const occurrences = liveAddresses(interfaces ?? [], {
    ...guest,
    answer,
    kind: "agentInterfaces",
  });
  // On a NIC without a MAC no address can be found.
  const areFindable = guest.nics.every(({ net }) => net.mac !== undefined);
  return { occurrences, isKnown: interfaces !== undefined && areFindable };
}

export function containerAddresses(
  { what, id, row }: ListedGuest,
  { nics, isConfigRead }: { readonly nics: readonly NicSource[]; readonly isConfigRead: boolean },
  scene: GuestScene,
): GuestAddresses {
  const at = { node: scene.node, ...id };
  const written = configAddresses(nics, what, scene.at(PATHS.config(at)));
  // What DHCP or the container itself gives is not in the config.
  const isStatic = written.every(({ address }) => address !== "dynamic-address");
  const fromConfig = { occurrences: written, isKnown: isConfigRead && isStatic };
  if (!scene.cluster.policy.lxcLiveAddresses) return fromConfig;
  const path = PATHS.lxcInterfaces(at);
  const given = scene.answers?.get(path);
  // A config that has all of a container's addresses leaves nothing to ask.
  if (given === undefined && fromConfig.isKnown) return fromConfig;
  const answer = scene.at(path);
  const found = listOf(given);
  if ("reason" in found) {
    // Where the config says it all, nobody misses the answer.
    if (fromConfig.isKnown) return fromConfig;
    // A stopped container answers with null. Source: proxmox.md §3.12.
    const isAsked = row.status === "running" || found.reason === "denied";
    const reason = isAsked ? found.reason : "guest-stopped";
    scene.ledger.leave({ what: `${what}/live`, answer }, reason, { detail: found.detail });
    return fromConfig;
  }
  const live = liveAddresses(found.value, { what, nics, answer, kind: "lxcInterfaces" });
  // The primary address is that of the first NIC, wherever it was read.
  const place = (
    { nic }: Occurrence,
  ): number => (nic === undefined ? nics.length : nics.indexOf(nic));
  const occurrences = [...written, ...live].sort((a, b) => place(a) - place(b));
  return { occurrences, isKnown: isConfigRead };
}
