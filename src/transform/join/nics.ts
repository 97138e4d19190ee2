/** A guest's config → its NICs, named and with their VLANs. */
import { compareNatural } from "../../kernel/natural-order.ts";
import type { GuestKind } from "../../snapshot/paths.ts";
import type { VirtualMachineRef } from "../../entities/schema.ts";
import { cutName, MAX_NAME } from "../parse/name.ts";
import { parseNet } from "../parse/net.ts";
import { text } from "../parse/scalar.ts";
import { vlanRef, vmInterfaceRef } from "../stubs.ts";
import type { Config, ConfigScene } from "./guest-config.ts";
import type { NicSource } from "./sources.ts";

const NIC_KEY_REGEXP = /^net\d+$/;

/** "net0", "net2", "net10": how many NICs a config holds, and in which order. */
export function nicKeys(config: Config): string[] {
  return Object.keys(config).filter((key) => NIC_KEY_REGEXP.test(key)).sort(compareNatural);
}

export function readNics(
  config: Config,
  guest: { readonly ref: VirtualMachineRef; readonly kind: GuestKind },
  scene: ConfigScene,
): NicSource[] {
  const taken = new Set<string>();
  return nicKeys(config).flatMap((key) => {
    const value = text(config[key]);
    const net = value === undefined ? undefined : parseNet(guest.kind, value);
    if (net === undefined) {
      scene.ledger.leave(scene.subject(key), "unparsable", { detail: value });
      return [];
    }
    for (const part of net.unparsable) {
      scene.ledger.leave(scene.subject(`${key}/${part}`), "unparsable", { detail: value });
    }
    const name = nameOf(key, net.name, { taken, scene });
    if (net.vlanId !== undefined) scene.shared.seeVlan(net.vlanId, scene.guestSite, scene.cluster);
    return [{
      cluster: scene.cluster,
      config,
      key,
      name,
      net,
      ref: vmInterfaceRef(guest.ref, name),
      vlan: net.vlanId === undefined ? undefined : vlanRef(net.vlanId, scene.guestSite),
    }];
  });
}

/** QEMU: the key. LXC: the name in the container, once; the later of two falls back to its key. */
function nameOf(
  key: string,
  given: string | undefined,
  { taken, scene }: { readonly taken: Set<string>; readonly scene: ConfigScene },
): string {
  const wanted = given === undefined ? key : cutName(given, MAX_NAME);
  const candidates = [wanted, key, `${wanted.slice(0, MAX_NAME - key.length - 3)} (${key})`];
  const name = candidates.find((candidate) => !taken.has(candidate)) ?? key;
  taken.add(name);
  if (given !== undefined && wanted !== given) scene.ledger.note(scene.subject(key), "cut", name);
  if (name !== wanted) scene.ledger.note(scene.subject(key), "renamed", `${wanted} → ${name}`);
  return name;
}
