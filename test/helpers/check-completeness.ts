/** Things of the answers, held one to one against entities and records: what does not add up. */
import type { TagRef } from "../../src/netbox/types/fields.ts";
import { type LeftOut, REASONS } from "../../src/run-folder/left-out.ts";
import type { Outcome } from "./in-memory.ts";
import type { Site } from "./snapshot-builder.ts";
import type {
  AddressPart,
  GuestContents,
  NodeContents,
  Part,
  SnapshotContents,
} from "./snapshot-contents.ts";

/** Whose entities and records are meant, when several snapshots were transformed together. */
export interface SnapshotSelector {
  readonly host: string;
  /** Absent when there is one snapshot. */
  readonly snapshot?: string;
}

/** Records of what is no thing by itself: an answer, a field, a prefix. */
const NO_THINGS: readonly RegExp[] = [
  /^cluster\/(?:status|nodes|resources) /,
  /^node\/[^/]+\/(?:network|status|pveversion) /,
  /^node\/.+\/vlan unparsable$/,
  /^node\/.+\/prefix\/.+ host-route$/,
  /^vm\/\d+\/(?:config|agent|agent\/get-osinfo|agent\/network-get-interfaces|live) /,
  /^node\/.+\/(?:nodes|clusterStatus|network)\.\w+ unparsable$/,
  /^vm\/\d+\/(?:resources|config|osinfo)\.[\w-]+ unparsable$/,
  /^vm\/\d+\/net\d+\/(?:mac|tag|mtu|link_down) unparsable$/,
  /^vm\/\d+\/net\d+\/mac zero-mac$/,
  /^node\/.+\/mac (?:unparsable|(?:zero|multicast|duplicate)-mac)$/,
  /^vm\/\d+\/(?:tags|comments|proxmox_\w+) too-long$/,
];

/** One sentence per fault; none when every thing is an entity or a record, exactly once. */
export function completenessErrors(
  things: SnapshotContents,
  outcome: Outcome,
  whose: SnapshotSelector,
): string[] {
  const book = new Book(outcome, whose);
  for (const node of things.nodes) settleNode(node, book);
  for (const guest of things.guests) settleGuest(guest, book);
  return book.close();
}

/** Answers that were not read, without a record that names them. */
export function unrecordedAnswers(site: Site, { leftOut, notes }: Outcome): string[] {
  const wanted =
    /^\/(?:cluster\/.*|nodes|nodes\/[^/]+\/(?:network|status|qemu\/.*|lxc\/\d+\/config.*))$/;
  // Two answers of one agent that have one reason have one record.
  const agentOf = (path: string): string =>
    path.replace(/\/agent\/(?:get-osinfo|network-get-interfaces)$/, "/agent");
  const twins = leftOut.filter(({ what }) => what.endsWith("/agent"));
  const named = new Set([
    ...leftOut.map(({ answer }) => answer.path),
    ...twins.map(({ answer }) => agentOf(answer.path)),
  ]);
  const unlisted = notes.filter(({ code }) => code === "node-not-listed");
  const left = new Set([...leftOut, ...unlisted].map(({ what }) => what));
  return [site.cluster, ...Object.values(site.nodes)].flatMap((answers) =>
    Object.entries(answers).flatMap(([path, answer]) => {
      const isRead = "status" in answer && answer.status === 200;
      const [, node, vmid] = /^\/nodes\/([^/]+)(?:\/(?:qemu|lxc)\/(\d+))?/.exec(path) ?? [];
      const isLeft = left.has(`vm/${vmid}`) || left.has(`node/${node}`);
      if (isRead || !wanted.test(path) || isLeft) return [];
      return named.has(path) || named.has(agentOf(path)) ? [] : [path];
    })
  );
}

/** What is not yet accounted for. */
class Book {
  readonly faults: string[] = [];
  readonly #records = new Map<string, LeftOut[]>();
  readonly #entities = new Map<string, number>();

  constructor(outcome: Outcome, { host, snapshot }: SnapshotSelector) {
    const isOurs = ({ tags }: { tags: readonly TagRef[] }): boolean =>
      tags.some(({ name }) => name === `proxmox-${host}`);
    for (const record of outcome.leftOut) {
      if (record.answer.snapshot !== snapshot) continue;
      if (!Object.hasOwn(REASONS, record.reason)) this.faults.push(`${record.reason} is no reason`);
      if (NO_THINGS.some((form) => form.test(`${record.what} ${record.reason}`))) continue;
      this.#records.set(record.what, [...(this.#records.get(record.what) ?? []), record]);
    }
    for (const vm of outcome.of("virtual-machine").filter(isOurs)) {
      const vmid = vm.custom_fields["proxmox_vmid"];
      this.#add(`guest ${vmid && "text" in vmid ? vmid.text : "?"} is ${vm.name}`);
    }
    for (const nic of outcome.of("vm-interface").filter(isOurs)) {
      this.#add(`nic ${nic.virtual_machine.name} | ${nic.name}`);
    }
    for (const disk of outcome.of("virtual-disk").filter(isOurs)) {
      this.#add(`disk ${disk.virtual_machine.name} | ${disk.name}`);
    }
    for (const device of outcome.of("device").filter(isOurs)) this.#add(`device ${device.name}`);
    for (const iface of outcome.of("interface").filter(isOurs)) {
      this.#add(`interface ${iface.device.name} | ${iface.name}`);
    }
    for (const ip of outcome.of("ip-address").filter(isOurs)) {
      const nic = ip.assigned_object_vm_interface;
      const iface = ip.assigned_object_interface;
      const holder = nic === undefined
        ? `interface ${iface?.device.name} | ${iface?.name}`
        : `nic ${nic.virtual_machine.name} | ${nic.name}`;
      this.#add(`address ${ip.address} on ${holder}`);
    }
  }

  takeRecord(whats: readonly string[]): LeftOut | undefined {
    for (const what of whats) {
      const record = this.#records.get(what)?.pop();
      if (record !== undefined) return record;
    }
    return undefined;
  }

  /** The first entity of these that is still there. */
  takeEntity(keys: readonly string[]): string | undefined {
    const key = keys.find((each) => (this.#entities.get(each) ?? 0) > 0);
    if (key !== undefined) this.#entities.set(key, (this.#entities.get(key) ?? 0) - 1);
    return key;
  }

  /** "guest 101 is " → "web1", if it is an entity. */
  takeNamed(start: string): string | undefined {
    const key = [...this.#entities].find(([each, count]) => count > 0 && each.startsWith(start))
      ?.[0];
    return key && this.takeEntity([key])?.slice(start.length);
  }

  close(): string[] {
    const records = [...this.#records.values()].flat();
    const entities = [...this.#entities].filter(([, count]) => count > 0);
    return [
      ...this.faults,
      ...records.map(({ what, reason }) => `no thing belongs to the record ${what} (${reason})`),
      ...entities.map(([key, count]) => `no thing belongs to ${key} (${count})`),
    ];
  }

  #add(key: string): void {
    this.#entities.set(key, (this.#entities.get(key) ?? 0) + 1);
  }
}

function settleNode(thing: NodeContents, book: Book): void {
  const { what, node, isHeld, interfaces, addresses } = thing;
  const name = book.takeEntity([`device ${node}`])?.slice("device ".length) ??
    book.takeNamed(`device ${node} (`)?.replace(/^/, `${node} (`);
  const children = { interfaces: interfaces.length, addresses: addresses.length };
  if (name === undefined) return settleLeftOut(what, children, { book, isHeld });
  const entityOf = new Map<string, string>();
  for (const part of interfaces) settlePart(part, `interface ${name} | `, { book, entityOf });
  for (const part of addresses) settleAddress(part, { book, entityOf });
}

function settleGuest({ what, vmid, nics, disks, addresses }: GuestContents, book: Book): void {
  const name = vmid === "" ? undefined : book.takeNamed(`guest ${vmid} is `);
  const children = { nics: nics.length, disks: disks.length, addresses: addresses.length };
  if (name === undefined) return settleLeftOut(what, children, { book, isHeld: true });
  const entityOf = new Map<string, string>();
  for (const part of nics) settlePart(part, `nic ${name} | `, { book, entityOf });
  for (const part of disks) settlePart(part, `disk ${name} | `, { book, entityOf });
  for (const part of addresses) settleAddress(part, { book, entityOf });
}

/** Its record counts what is below it. */
function settleLeftOut(
  what: string,
  children: Record<string, number>,
  { book, isHeld }: { readonly book: Book; readonly isHeld: boolean },
): void {
  const record = book.takeRecord([what]);
  if (record === undefined && isHeld) book.faults.push(`${what} is neither an entity nor a record`);
  const counted = JSON.stringify({ ...zero(children), ...record?.children });
  if (record !== undefined && counted !== JSON.stringify(children)) {
    book.faults.push(`${what} counts ${counted}, and has ${JSON.stringify(children)}`);
  }
}

interface Settling {
  readonly book: Book;
  /** "vm/101/net0" → the key of its entity. */
  readonly entityOf: Map<string, string>;
}

function settlePart(part: Part, prefix: string, { book, entityOf }: Settling): void {
  if (book.takeRecord(part.whats) !== undefined) return;
  const key = book.takeEntity(part.names.map((name) => prefix + name));
  if (key === undefined) book.faults.push(`${part.whats[0]} is neither an entity nor a record`);
  else for (const what of part.whats) entityOf.set(what, key);
}

function settleAddress(part: AddressPart, { book, entityOf }: Settling): void {
  const known = part.holders.filter((holder) => entityOf.has(holder));
  // What a NIC that was left out says of addresses is left out with it.
  if (known.length === 0 && part.aside === undefined) return;
  const places = known.length > 0 ? known : [part.aside ?? ""];
  const whats = places.flatMap((place) => part.texts.map((text) => `${place}/${text}`));
  if (book.takeRecord(whats) !== undefined) return;
  const keys = known.flatMap((holder) =>
    part.addresses.map((address) => `address ${address} on ${entityOf.get(holder)}`)
  );
  if (book.takeEntity(keys) === undefined) {
    book.faults.push(`${whats[0]} is neither an entity nor a record`);
  }
}

function zero(children: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.keys(children).map((key) => [key, 0]));
}
