/** Where a guest's addresses are found: QEMU in its agent, LXC in its config and, if asked for, live. */
import { PATHS } from "../../snapshot/paths.ts";
import { listOf } from "../../snapshot/reading.ts";
import { list } from "../../snapshot/scalar.ts";
import { ADDRESS_KEYS, isOpen } from "../../snapshot/worth-asking.ts";
import { configAddresses, liveAddresses, type Occurrence } from "./guest-addresses.ts";
import type { AgentAnswers } from "./guest-agent.ts";
import type { ListedGuest } from "./inventory.ts";
import type { GuestScene } from "./scene.ts";
import type { NicSource } from "./sources.ts";

type Family = keyof typeof ADDRESS_KEYS;

export interface GuestAddresses {
  readonly occurrences: readonly Occurrence[];
  /** Are these all of the family? If not, an address that NetBox has is left as it is. */
  readonly isKnown: (family: Family) => boolean;
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
  const isKnown = interfaces !== undefined && areFindable;
  return { occurrences, isKnown: () => isKnown };
}

export function containerAddresses(
  { what, id, row }: ListedGuest,
  { nics, isConfigRead }: { readonly nics: readonly NicSource[]; readonly isConfigRead: boolean },
  scene: GuestScene,
): GuestAddresses {
  const at = { node: scene.node, ...id };
  const written = configAddresses(nics, what, scene.at(PATHS.config(at)));
  const openNics = (family: Family): NicSource[] =>
    nics.filter(({ net, config }) => isOpen(net, ADDRESS_KEYS[family], config?.ostype));
  const fromConfig: GuestAddresses = {
    occurrences: written,
    isKnown: (family) => isConfigRead && openNics(family).length === 0,
  };
  if (!scene.cluster.policy.lxcLiveAddresses) return fromConfig;
  const path = PATHS.lxcInterfaces(at);
  const given = scene.answers?.get(path);
  // A config that has all of a container's addresses leaves nothing to ask.
  const isAll = fromConfig.isKnown(4) && fromConfig.isKnown(6);
  if (given === undefined && isAll) return fromConfig;
  const answer = scene.at(path);
  const found = listOf(given);
  if ("reason" in found) {
    // Where the config says it all, nobody misses the answer.
    if (isAll) return fromConfig;
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
  // On a NIC without a MAC no address can be found.
  const isKnown = (family: Family): boolean =>
    isConfigRead && openNics(family).every(({ net }) => net.mac !== undefined) &&
    !live.some((occurrence) => mayHideMore(occurrence, family));
  return { occurrences, isKnown };
}

/**
 * Before Proxmox VE 8.4 a row has one address of each family, the last one that the container has: behind one that is
 * left out there may be others. Source: PVE/LXC.pm, get_interfaces; proxmox.md §3.12.
 */
function mayHideMore({ nic, text, address, from }: Occurrence, family: Family): boolean {
  const listed = list(from.lxcInterfaces?.["ip-addresses"]) ?? [];
  return nic !== undefined && typeof address === "string" && listed.length === 0 &&
    family === (text.includes(":") ? 6 : 4);
}
