/**
 * With CLOUD_INIT_ADDRESSES: the addresses that cloud-init is to give a virtual machine whose guest agent lists none.
 * They are an intention: an address that another machine really has is never given to this one.
 */
import { parseAddress, splitCidr } from "../base/ip-address.ts";
import { compareNatural } from "../base/natural-order.ts";
import { type IpConfig, ipConfigsOf } from "../proxmox/cloud-init.ts";
import { ADDRESS_KEYS, isOpen } from "../proxmox/nics.ts";
import type {
  AgentInterfaces,
  ConfigNic,
  FoundAddresses,
  Occurrence,
  PrimaryFacts,
} from "./addresses.ts";
import type { GuestInput } from "./context.ts";

/** `found`: what the agent lists, if it answered. */
export function withCloudInit(
  found: FoundAddresses,
  { rows }: AgentInterfaces,
  { guest, nics }: { readonly guest: GuestInput; readonly nics: readonly ConfigNic[] },
): FoundAddresses {
  const { config = {}, node } = guest;
  if (!node.source.policy.cloudInitAddresses) return found;
  const intended = ipConfigsOf(config).sort((a, b) => compareNatural(a.key, b.key))
    .flatMap((each) =>
      occurrencesOf(each, guest, nics.find(({ key }) => key === each.nic)).map((one) =>
        rows === undefined ? one : { ...one, address: "agent-answered" as const }
      )
    );
  return { ...found, occurrences: [...found.occurrences, ...intended] };
}

function occurrencesOf(
  { key, addresses }: IpConfig,
  { what, configAt: answer }: GuestInput,
  nic: ConfigNic | undefined,
): Occurrence[] {
  const holder = [what, key].join("/");
  const about = { nic, answer, intended: key };
  if (addresses === undefined) {
    return [{ ...about, holder: what, text: key, address: "unparsable" }];
  }
  return Object.values(ADDRESS_KEYS).flatMap((family): Occurrence[] => {
    const value = addresses[family];
    if (value === undefined) return [];
    if (nic === undefined) return [{ ...about, holder, text: value, address: "no-nic" }];
    return isOpen(addresses, family)
      ? [{ ...about, holder, text: `${family}=${value}`, address: "dynamic-address" }]
      : [{ ...about, holder, text: value, address: parseAddress(...splitCidr(value)) }];
  });
}

/** Such an address takes the place of no primary address that NetBox has. */
export function keptIf(
  isIntended: boolean,
  netbox: PrimaryFacts["netbox"],
): PrimaryFacts["netbox"] {
  return (family) => {
    const known = netbox(family);
    return isIntended && known?.host !== undefined ? { ...known, isKept: true } : known;
  };
}
