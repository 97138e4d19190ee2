/**
 * Which interfaces have a MAC address. NetBox's plugin for Diode looks an interface up by its MAC
 * address before its name, so two interfaces with one MAC address could become one.
 * Source: diode-netbox-plugin, docs/matching-criteria-documentation.md, dcim.interface.
 */
import { compareNatural } from "../../kernel/natural-order.ts";
import { guestOfConfig } from "../../snapshot/paths.ts";
import type { AnswersFile } from "../../snapshot/schema.ts";
import { text } from "../../snapshot/scalar.ts";
import { parseNet } from "../parse/net.ts";
import { objectOf } from "../../snapshot/reading.ts";
import { partsOf } from "./guest-config.ts";

export class MacHolders {
  readonly #holders = new Map<string, string[]>();

  see(mac: string, holder: string): void {
    const holders = this.#holders.get(mac);
    if (holders === undefined) this.#holders.set(mac, [holder]);
    else if (!holders.includes(holder)) holders.push(holder);
  }

  /** The first in natural order that has it besides `holder`. */
  other(mac: string, holder: string): string | undefined {
    return this.#holders.get(mac)?.filter((each) => each !== holder).sort(compareNatural)[0];
  }
}

/** The NICs of all guest configs in a node's file, those of templates and of guests out of scope too. */
export function seeGuestMacs(
  answers: AnswersFile,
  { macs, labelled }: {
    readonly macs: MacHolders;
    readonly labelled: (what: string) => string;
  },
): void {
  for (const path of answers.paths()) {
    const guest = guestOfConfig(path);
    const found = guest === undefined ? undefined : objectOf(answers.get(path));
    if (guest === undefined || found === undefined || !("value" in found)) continue;
    for (const key of partsOf(found.value, guest.kind).nicKeys) {
      const mac = parseNet(guest.kind, text(found.value[key]) ?? "")?.mac;
      if (mac !== undefined) macs.see(mac, labelled(`vm/${guest.vmid}/${key}`));
    }
  }
}
