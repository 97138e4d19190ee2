/** Of a machine's addresses, in the order of its interfaces: the first of each family is primary. */
import type { AddressSource, Primary } from "./sources.ts";

/** `isKnown`: are these all of that family? If not, the one that NetBox has is left as it is. */
export function primaryOf(
  ordered: readonly AddressSource[],
  isKnown: (family: 4 | 6) => boolean,
): Primary {
  const first = (family: 4 | 6): Primary[4] =>
    ordered.find(({ address }) => address.family === family)?.ref ??
      (isKnown(family) ? null : undefined);
  return { 4: first(4), 6: first(6) };
}

/** The same addresses, each told whether it is the primary one of its family. */
export function markPrimary(
  addresses: readonly AddressSource[],
  primary: Primary,
): AddressSource[] {
  return addresses.map((one) => (
    primary[one.address.family] === one.ref ? { ...one, isPrimary: true } : one
  ));
}
