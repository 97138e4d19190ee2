/** Compares the contents of a snapshot one to one with entities and records of left-out.json. */
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

/** Selects the entities and records of one snapshot when several were transformed together. */
export interface SnapshotSelector {
  readonly host: string;
  /** Absent when there is one snapshot. */
  readonly snapshot?: string;
}

/** Records that are not about an object: about an answer, a field or a prefix. */
const NOT_OBJECTS: readonly RegExp[] = [
  /^cluster\/(?:status|nodes|resources|sdn(?:\/.*)?) /,
  // Those of SDN are checked by check-sdn.ts.
  /^sdn-(?:zone|vnet|subnet)\//,
  /^vm\/\d+\/net\d+\/(?:tag|trunks) inside-network$/,
  /^node\/[^/]+\/(?:network|status|pveversion) /,
  /^node\/.+\/vlan unparsable$/,
  /^node\/.+\/prefix\/.+ host-route$/,
  /^vm\/\d+\/(?:config|agent|agent\/get-osinfo|agent\/network-get-interfaces|live) /,
  /^node\/.+\/(?:nodes|clusterStatus|network)\.\w+ unparsable$/,
  /^vm\/\d+\/(?:resources|config|osinfo)\.[\w-]+ unparsable$/,
  /^vm\/\d+\/net\d+\/(?:mac|tag|mtu|link_down) unparsable$/,
  /^vm\/\d+\/net\d+\/mac zero-mac$/,
  /^node\/.+\/(?:bridge_vlan_aware|bridge_vids|ovs_tag|ovs_options|comments) /,
  /^vm\/\d+\/net\d+\/trunks unparsable$/,
  /^vm\/\d+\/serial (?:unparsable|too-long-for-field)$/,
  /^node\/.+\/mac (?:unparsable|(?:zero|multicast|duplicate)-mac)$/,
  /^vm\/\d+\/(?:tags|comments|proxmox_\w+) too-long$/,
];

/** One sentence per error; none when every object is exactly one entity or one record. */
export function completenessErrors(
  contents: SnapshotContents,
  outcome: Outcome,
  whose: SnapshotSelector,
): string[] {
  const unmatched = new Unmatched(outcome, whose);
  for (const node of contents.nodes) matchNode(node, unmatched);
  for (const guest of contents.guests) matchGuest(guest, unmatched);
  return unmatched.close();
}

/** Answers that were not read and are not named in a record. */
export function unrecordedAnswers(site: Site, { leftOut, notes }: Outcome): string[] {
  const recordedPaths =
    /^\/(?:cluster\/.*|nodes|nodes\/[^/]+\/(?:network|status|qemu\/.*|lxc\/\d+\/config.*))$/;
  // Two answers of an agent with the same reason share one record.
  const agentOf = (path: string): string =>
    path.replace(/\/agent\/(?:get-osinfo|network-get-interfaces)$/, "/agent");
  const agentRecords = leftOut.filter(({ what }) => what.endsWith("/agent"));
  const named = new Set([
    ...leftOut.map(({ answer }) => answer.path),
    ...agentRecords.map(({ answer }) => agentOf(answer.path)),
  ]);
  const unlisted = notes.filter(({ code }) => code === "node-not-listed");
  const left = new Set([...leftOut, ...unlisted].map(({ what }) => what));
  return [site.cluster, ...Object.values(site.nodes)].flatMap((answers) =>
    Object.entries(answers).flatMap(([path, answer]) => {
      const isRead = "status" in answer && answer.status === 200;
      const [, node, vmid] = /^\/nodes\/([^/]+)(?:\/(?:qemu|lxc)\/(\d+))?/.exec(path) ?? [];
      const isLeft = left.has(`vm/${vmid}`) || left.has(`node/${node}`);
      if (isRead || !recordedPaths.test(path) || isLeft) return [];
      return named.has(path) || named.has(agentOf(path)) ? [] : [path];
    })
  );
}

/** Entities and records that are not yet matched. */
class Unmatched {
  readonly errors: string[] = [];
  readonly #records = new Map<string, LeftOut[]>();
  readonly #entities = new Map<string, number>();

  constructor(outcome: Outcome, { host, snapshot }: SnapshotSelector) {
    const isOurs = ({ tags }: { tags: readonly TagRef[] }): boolean =>
      tags.some(({ name }) => name === `proxmox-${host}`);
    for (const record of outcome.leftOut) {
      if (record.answer.snapshot !== snapshot) continue;
      if (!Object.hasOwn(REASONS, record.reason)) this.errors.push(`${record.reason} is no reason`);
      if (NOT_OBJECTS.some((form) => form.test(`${record.what} ${record.reason}`))) continue;
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

  /** Takes the first of these entities that is not matched yet. */
  takeEntity(keys: readonly string[]): string | undefined {
    const key = keys.find((each) => (this.#entities.get(each) ?? 0) > 0);
    if (key !== undefined) this.#entities.set(key, (this.#entities.get(key) ?? 0) - 1);
    return key;
  }

  /** "guest 101 is " → "web1", if there is such an entity. */
  takeNamed(start: string): string | undefined {
    const key = [...this.#entities].find(([each, count]) => count > 0 && each.startsWith(start))
      ?.[0];
    return key && this.takeEntity([key])?.slice(start.length);
  }

  close(): string[] {
    const records = [...this.#records.values()].flat();
    const entities = [...this.#entities].filter(([, count]) => count > 0);
    return [
      ...this.errors,
      ...records.map(({ what, reason }) => `no thing belongs to the record ${what} (${reason})`),
      ...entities.map(([key, count]) => `no thing belongs to ${key} (${count})`),
    ];
  }

  #add(key: string): void {
    this.#entities.set(key, (this.#entities.get(key) ?? 0) + 1);
  }
}

function matchNode(node: NodeContents, unmatched: Unmatched): void {
  const { what, node: ownName, isInAnswers, interfaces, addresses } = node;
  const name = unmatched.takeEntity([`device ${ownName}`])?.slice("device ".length) ??
    unmatched.takeNamed(`device ${ownName} (`)?.replace(/^/, `${ownName} (`);
  const children = { interfaces: interfaces.length, addresses: addresses.length };
  if (name === undefined) return matchLeftOut(what, children, { unmatched, isInAnswers });
  const entityOf = new Map<string, string>();
  for (const part of interfaces) matchPart(part, `interface ${name} | `, { unmatched, entityOf });
  for (const part of addresses) matchAddress(part, { unmatched, entityOf });
}

function matchGuest(
  { what, vmid, nics, disks, addresses }: GuestContents,
  unmatched: Unmatched,
): void {
  const name = vmid === "" ? undefined : unmatched.takeNamed(`guest ${vmid} is `);
  const children = { nics: nics.length, disks: disks.length, addresses: addresses.length };
  if (name === undefined) return matchLeftOut(what, children, { unmatched, isInAnswers: true });
  const entityOf = new Map<string, string>();
  for (const part of nics) matchPart(part, `nic ${name} | `, { unmatched, entityOf });
  for (const part of disks) matchPart(part, `disk ${name} | `, { unmatched, entityOf });
  for (const part of addresses) matchAddress(part, { unmatched, entityOf });
}

/** Checks that the record of an object counts its children. */
function matchLeftOut(
  what: string,
  children: Record<string, number>,
  { unmatched, isInAnswers }: { readonly unmatched: Unmatched; readonly isInAnswers: boolean },
): void {
  const record = unmatched.takeRecord([what]);
  if (record === undefined && isInAnswers) {
    unmatched.errors.push(`${what} is neither an entity nor a record`);
  }
  const counted = JSON.stringify({ ...zero(children), ...record?.children });
  if (record !== undefined && counted !== JSON.stringify(children)) {
    unmatched.errors.push(`${what} counts ${counted}, and has ${JSON.stringify(children)}`);
  }
}

interface Matching {
  readonly unmatched: Unmatched;
  /** "vm/101/net0" → the key of its entity. */
  readonly entityOf: Map<string, string>;
}

function matchPart(part: Part, prefix: string, { unmatched, entityOf }: Matching): void {
  const record = unmatched.takeRecord(part.whats);
  if (record !== undefined) {
    // Its addresses have records of their own, unlike those of a NIC that could not be parsed.
    if (record.reason === "by-rule") {
      for (const what of part.whats) entityOf.set(what, "nothing");
    }
    return;
  }
  const key = unmatched.takeEntity(part.names.map((name) => prefix + name));
  if (key === undefined) {
    unmatched.errors.push(`${part.whats[0]} is neither an entity nor a record`);
  } else for (const what of part.whats) entityOf.set(what, key);
}

function matchAddress(part: AddressPart, { unmatched, entityOf }: Matching): void {
  const known = part.holders.filter((holder) => entityOf.has(holder));
  // Addresses of a NIC that was left out are left out with it.
  if (known.length === 0 && part.fallback === undefined) return;
  const places = part.recordedAt !== undefined
    ? [part.recordedAt]
    : known.length > 0
    ? known
    : [part.fallback ?? ""];
  const whats = places.flatMap((place) => part.texts.map((text) => `${place}/${text}`));
  if (unmatched.takeRecord(whats) !== undefined) return;
  const keys = known.flatMap((holder) =>
    part.addresses.map((address) => `address ${address} on ${entityOf.get(holder)}`)
  );
  if (unmatched.takeEntity(keys) === undefined) {
    unmatched.errors.push(`${whats[0]} is neither an entity nor a record`);
  }
}

function zero(children: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.keys(children).map((key) => [key, 0]));
}
