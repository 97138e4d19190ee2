/** NetBox does not reassign an address that is the primary one of a machine. */
import type { Book } from "../judge/facts.ts";

/** Source: netbox ipam/models/ip.py, IPAddress.clean. */
export const REASSIGN_PRIMARY =
  /Cannot reassign IP address while it is designated as the primary IP for the parent object/;

/** Expects the address unchanged since `before`, and as the primary one of no other machine. */
export function keepPrimaryAddress(host: string, before: Book, expected: Book): void {
  expected.page("ip-address").set(host, { ...before.page("ip-address").get(host) });
  for (const kind of ["virtual-machine", "device"] as const) {
    for (const [key, facts] of expected.page(kind)) {
      const known = before.page(kind).get(key)?.["primary_ip4"];
      const hosts = [known, facts["primary_ip4"]].map((fact) => String(fact).split("/")[0]);
      if (hosts.includes(host)) facts["primary_ip4"] = known ?? null;
    }
  }
}
