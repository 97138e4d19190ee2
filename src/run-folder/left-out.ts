/** left-out.json: what did not become an entity (records), and what became one with a deviation (notes). */

/** Where the reader can look it up: an answer of the snapshot. */
export interface AnswerRef {
  /** Relative to the run folder. */
  readonly file: string;
  /** The API path, which is the answer's key in that file. */
  readonly path: string;
  /** Name of the snapshot, when there are several. */
  readonly snapshot?: string;
}

export interface LeftOut {
  /** "vm/101/net1", "node/pve1/lo", "vm/9000", "vm/104/agent". */
  readonly what: string;
  readonly reason: Reason;
  readonly sentence: string;
  readonly answer: AnswerRef;
  /** Of a guest or a node: how many things of each kind are left out with it. */
  readonly children?: Readonly<Record<string, number>>;
}

export interface Note {
  readonly what: string;
  readonly code: NoteCode;
  readonly sentence: string;
  readonly answer: AnswerRef;
}

/** The closed list of reasons. Where several hold, the first one wins. */
export const REASONS = {
  "out-of-scope": "Its node is not in the scope",
  "other-type": "Only QEMU and LXC guests are mapped",
  "no-vmid": "The listing gives it no VMID",
  "unreachable": "Its node did not answer, so nothing new is known of it; it is not gone",
  "no-name": "The listing gives it no name",
  "template": "Templates are not mapped",
  "denied": "The API token may not read it",
  "failed": "Reading it failed",
  "guest-stopped": "The guest agent is only asked in a running guest",
  "agent-off": "The guest agent is not enabled in the guest's config",
  "agent-not-running": "The guest agent is enabled and does not answer",
  "agent-error": "The guest agent answered with an error",
  "unparsable": "Could not be parsed",
  "cdrom": "CD-ROM drives are not mapped",
  "no-volume": "The drive holds no volume",
  "cloud-init": "Cloud-init drives are not mapped",
  "bind-mount": "Bind mounts and devices belong to the node, not to the container",
  "no-size": "The config gives it no size",
  "not-in-mapping": "The mapping document does not name this kind of volume",
  "loopback": "Loopback is not mapped",
  "docker-bridge": "Docker's own bridge is not mapped",
  "link-local": "Link-local addresses are not mapped",
  "no-address": "The interface has no address",
  "missing-device": "Other interfaces name this device, and the node does not have it",
  "dynamic-address": "The config leaves the address to DHCP, SLAAC or the guest",
  "bad-prefix": "The prefix length is missing or out of range",
  "not-assignable":
    "Network, broadcast, unspecified, multicast and /0 addresses cannot be assigned to an interface",
  "host-route": "A host route makes no prefix",
  "mac-unknown": "No NIC in the guest's config has the MAC address of its interface",
  "agent-answered": "The guest agent answered, and the guest has the addresses that it lists",
  "no-nic": "The guest's config has no NIC with this number",
  "duplicate-address":
    "NetBox has an address only once, and it is assigned to another interface already",
  "zero-mac": "An all-zero MAC address identifies no interface",
  "multicast-mac": "A multicast MAC address identifies no interface",
  "duplicate-mac": "Several interfaces have this MAC address, so it identifies none of them",
  "too-long": "The value is larger than a Diode request may be",
  "too-long-for-field":
    "The value is longer than the field in NetBox, and cut it would be another one",
  "unused-vlans": "The interface passes no tagged VLANs, so its list of them has no effect",
  "vlan-mode": "NetBox has no equal of this VLAN mode",
  "held-by-user": "NetBox assigns it to an object that people made, which keeps it",
  "ambiguous": "Several objects in NetBox match equally well",
  "other-kind": "NetBox has an object of another kind with this name",
  "no-equal": "Nothing in NetBox is made of it",
  "unknown-zone": "Its zone is of a type that is not known, or is not listed",
  "inside-network": "The VLAN is inside of another network, which NetBox gets",
  "by-rule": "A rule of the policy file leaves it out",
  "required-field": "NetBox requires a custom field that Proxmox VE has no value for",
  "held-elsewhere":
    "NetBox does not move it, because it is the primary address of another machine from Proxmox VE",
} as const;

export type Reason = keyof typeof REASONS;

/** The closed list of notes. */
export const NOTES = {
  "renamed": "Renamed, because NetBox would take two things of one name for one",
  "cut": "The name was cut to the length that NetBox takes",
  "cloud-init-addresses":
    "It has the addresses that cloud-init is to give it, because its guest agent lists none",
  "cut-text": "The text was cut to the length that NetBox takes",
  "unscoped": "Written without a site, because it spans several sites",
  "config-not-read":
    "Made from the listing alone: NICs, disks, platform and start on boot are left as they are",
  "status-not-read": "Made from the listing alone: the platform is left as it is",
  "unapplied-changes":
    "Its interfaces and addresses are those of network changes that are not applied yet, not those in force",
  "unknown-node": "A setting names a node that no cluster lists",
  "unknown-device": "A setting names a device that NetBox does not have, or that another node has",
  "node-not-listed": "Guests name this node, which the cluster does not list: it gets no device",
  "keeps-name":
    "Keeps its name in NetBox, where it was found by its VMID, MAC address, slug or another name",
  "keeps-cluster": "Keeps its cluster in NetBox, because Diode cannot move it to another one",
  "retired": "Gone from Proxmox VE: its machine keeps an entity with the status of GONE_STATUS",
  "moved":
    "Gone from this cluster and in another one: its machine stays in NetBox until people remove it",
  "keeps-vrf": "Keeps its VRF in NetBox, because Diode cannot move it to another one",
  "other-cluster": "Renamed, because NetBox has a cluster with this name and another type",
  "rule-not-applied": "NetBox or Diode does not allow what a rule says",
  "foreign-device": "NetBox has a device with this name that belongs to another host",
} as const;

export type NoteCode = keyof typeof NOTES;

/** Reasons that do not mean that something is gone, only that nothing new is known of it. */
export const NOT_READ: ReadonlySet<Reason> = new Set([
  "out-of-scope",
  "unreachable",
  "denied",
  "failed",
  "guest-stopped",
  "agent-off",
  "agent-not-running",
  "agent-error",
]);
