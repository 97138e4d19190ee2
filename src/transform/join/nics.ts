/** A guest's config → its NICs, named and with their VLANs. */
import { cutName, MAX_NAME } from "../parse/name.ts";
import { parseNet } from "../parse/net.ts";
import { text } from "../../snapshot/scalar.ts";
import { vlanRef, vmInterfaceRef } from "../stubs.ts";
import type { ConfigParts, ConfigScene } from "./guest-config.ts";
import type { NicSource } from "./sources.ts";

export function readNics({ config, nicKeys }: ConfigParts, at: ConfigScene): NicSource[] {
  const { scene, kind, guestSite, places } = at;
  const taken = new Set<string>();
  const nics: NicSource[] = [];
  for (const key of nicKeys) {
    const subject = at.subject(key);
    const value = text(config[key]);
    const net = value === undefined ? undefined : parseNet(kind, value);
    if (net === undefined) {
      scene.ledger.leave(subject, "unparsable", { detail: value });
      continue;
    }
    for (const part of net.unparsable) {
      scene.ledger.leave(at.subject(`${key}/${part}`), "unparsable", { detail: value });
    }
    if (net.hasZeroMac) scene.ledger.leave(at.subject(`${key}/mac`), "zero-mac");
    const name = nameOf(key, net.name, { taken, at });
    const origin = { subject, places, config, key };
    if (net.vlanId !== undefined) {
      scene.shared.seeVlan(net.vlanId, guestSite, { cluster: scene.cluster, origin });
    }
    nics.push({
      ...origin,
      cluster: scene.cluster,
      name,
      net,
      ref: vmInterfaceRef(at.ref, name),
      vlan: net.vlanId === undefined ? undefined : vlanRef(net.vlanId, guestSite),
    });
  }
  return nics;
}

/** QEMU: the key. LXC: the name in the container, once; the later of two falls back to its key. */
function nameOf(
  key: string,
  given: string | undefined,
  { taken, at }: { readonly taken: Set<string>; readonly at: ConfigScene },
): string {
  const wanted = given === undefined ? key : cutName(given, MAX_NAME, at.vmid);
  let name = taken.has(wanted) ? key : wanted;
  for (let count = 1; taken.has(name); count += 1) {
    const mark = count === 1 ? key : `${key} ${count}`;
    name = cutName(`${cutName(wanted, MAX_NAME - mark.length - 3)} (${mark})`, MAX_NAME);
  }
  taken.add(name);
  const { ledger } = at.scene;
  if (given !== undefined && wanted !== given) ledger.note(at.subject(key), "cut", name);
  if (name !== wanted) ledger.note(at.subject(key), "renamed", `${wanted} → ${name}`);
  return name;
}
