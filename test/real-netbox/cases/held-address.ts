/** An address that is the primary one of a machine: NetBox leaves it there, whichever machine claims it. */
import type { Book } from "../judge/facts.ts";

/** Source: netbox ipam/models/ip.py, IPAddress.clean. */
export const HELD =
  /Cannot reassign IP address while it is designated as the primary IP for the parent object/;

/** Everything about the address is as it was `before`, and it is the primary one of no other machine. */
export function keepHeld(host: string, before: Book, expected: Book): void {
  expected.page("ip-address").set(host, { ...before.page("ip-address").get(host) });
  for (const kind of ["virtual-machine", "device"] as const) {
    for (const [key, facts] of expected.page(kind)) {
      const known = before.page(kind).get(key)?.["primary_ip4"];
      const hosts = [known, facts["primary_ip4"]].map((fact) => String(fact).split("/")[0]);
      if (hosts.includes(host)) facts["primary_ip4"] = known ?? null;
    }
  }
}
