/**
 * The expected content of NetBox after these snapshots are transformed together, by the mapping document and the
 * decisions in src/transform/README.md. It shares no code with src/transform, so that each can check the other.
 */
import { compareNatural } from "../../../src/base/natural-order.ts";
import { CUSTOM_FIELDS } from "./custom-fields.ts";
import { expectGuests } from "./expect-guest.ts";
import { expectNodes } from "./expect-node.ts";
import { Book } from "./facts.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";

const GLOBAL_TAGS = ["proxmox-ve", "discovered"];
const COLOURS: Readonly<Record<string, string>> = { "proxmox-ve": "e57000", discovered: "198754" };
const HOST_COLOUR = "fd7e14";

export function expectBootstrap(): Book {
  const book = new Book();
  for (const name of GLOBAL_TAGS) book.put("tag", name, { color: COLOURS[name] });
  for (const [name, label, type, object_types, description] of CUSTOM_FIELDS) {
    book.put("custom-field", name, { label, type, description, object_types });
  }
  book.put("cluster-type", "Proxmox", { slug: "proxmox", tags: GLOBAL_TAGS });
  return book;
}

export function expectAll(plans: readonly Plan[]): Book {
  const book = expectBootstrap();
  const ledger: Ledger = { book, taken: new Set(), networks: new Map() };
  const clusters = plans.toSorted((a, b) => compareNatural(a.cluster, b.cluster));
  for (const plan of clusters) expectCluster(plan, book);
  const devices = new Set<string>();
  for (const plan of clusters) expectNodes(plan, ledger, devices);
  for (const plan of clusters) expectGuests(plan, ledger);
  for (const [network, { sites, tags }] of ledger.networks) {
    const scope = sites.size === 1 ? [...sites][0] : null;
    book.put("prefix", network, { scope: scope ?? null, tags: [...tags] });
  }
  return book;
}

function expectCluster({ cluster, scope, tags, host, tenant }: Plan, book: Book): void {
  for (const name of tags) book.put("tag", name, { color: COLOURS[name] ?? HOST_COLOUR });
  book.put("tag", `proxmox-${host}`, {});
  book.put("cluster-type", "Proxmox", { tags });
  book.put("cluster", cluster, { type: "Proxmox", status: "active", scope, tags });
  if (scope !== null) book.put("site", scope, {});
  if (tenant !== null) book.put("tenant", tenant, {});
}

/** NetBox derives a VM's disk from its virtual disks, including those that Proxmox VE no longer has. */
export function sumDisks(book: Book): void {
  const sums = new Map<string, number>();
  for (const [key, { size }] of book.page("virtual-disk")) {
    const guest = key.slice(0, key.lastIndexOf("/"));
    sums.set(guest, (sums.get(guest) ?? 0) + Number(size));
  }
  for (const [guest, disk] of sums) book.put("virtual-machine", guest, { disk });
}
