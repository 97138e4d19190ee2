/** What the snapshots share while they are read, one after the other. */
import { type Address, hostText } from "./address.ts";
import type { Book } from "./facts.ts";

export interface Ledger {
  readonly book: Book;
  /** Host part of an address → taken: its first holder keeps it. */
  readonly taken: Set<string>;
  /** Network → its sites, and the tags of the hosts that have it. */
  readonly networks: Map<string, { readonly sites: Set<string>; readonly tags: Set<string> }>;
}

/** True for its first holder. */
export function take(address: Address, { taken }: Ledger): boolean {
  const host = hostText(address);
  if (taken.has(host)) return false;
  taken.add(host);
  return true;
}
