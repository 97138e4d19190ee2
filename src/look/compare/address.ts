/** Addresses, however they are spelled: of IPv6 there are many ways. */
import ipaddr from "ipaddr.js";

/** "10.0.0.5/24" → "10.0.0.5" */
export function hostOf(address: string): string {
  return address.split("/", 1)[0] ?? "";
}

/** With the mask. */
export function isSameAddress(a: string, b: string): boolean {
  return isSameHost(a, b) && a.slice(hostOf(a).length) === b.slice(hostOf(b).length);
}

/** Whatever the mask. */
export function isSameHost(a: string, b: string): boolean {
  return spelled(hostOf(a)) === spelled(hostOf(b));
}

function spelled(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.parse(host).toNormalizedString() : host;
}
