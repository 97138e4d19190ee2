/** Shared state of the snapshots while they are read one after another. */
import { type Address, hostText } from "./address.ts";
import type { Book } from "./facts.ts";

export interface Ledger {
  readonly book: Book;
  /** Host part of an address → taken: the first guest or node keeps it. */
  readonly taken: Set<string>;
  /** Network → its sites, and the tags of its hosts. */
  readonly networks: Map<string, { readonly sites: Set<string>; readonly tags: Set<string> }>;
}

/** True for the first guest or node with this address. */
export function take(address: Address, { taken }: Ledger): boolean {
  const host = hostText(address);
  if (taken.has(host)) return false;
  taken.add(host);
  return true;
}
