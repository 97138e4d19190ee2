/** Rules of every kind, on guests and on nodes. */
import { labSite } from "../../../helpers/lab.ts";
import type { Case } from "../case.ts";
import { LAB } from "../respect/lab.ts";
import type { People } from "../respect/people.ts";
import { casesOf, type Values } from "./scenario.ts";

const RUNS = [labSite({
  ...LAB,
  guests: (LAB.guests ?? []).map((guest) => ({ ...guest, row: { pool: "shop", ...guest.row } })),
})];

/** TABLE: custom fields of people, one of each type: name → type, value in a policy file, value in NetBox. */
const FIELDS = {
  note: ["text", "of the shop", "of the shop"],
  cost_centre: ["text", '"0815"', "0815"],
  backup_class: ["select", "gold", "gold"],
  price: ["integer", "120", "120"],
  weight: ["decimal", "1.5", "1.5"],
  is_critical: ["boolean", "true", "true"],
  since: ["date", "2026-01-31", "2026-01-31"],
  manual: ["url", "https://example.net/manual", "https://example.net/manual"],
  zones: ["multiselect", "[east, west]", "east, west"],
} as const;

async function makeFields(people: People): Promise<void> {
  const { id } = await people.make("choice-set", {
    name: "Choices",
    extra_choices: ["gold", "silver", "east", "west"].map((name) => [name, name]),
  });
  for (const [name, [type]] of Object.entries(FIELDS)) {
    await people.make("custom-field", {
      name,
      type,
      object_types: ["virtualization.virtualmachine", "dcim.device"],
      ...(type.endsWith("select") && { choice_set: id }),
    });
  }
}

const FIELD_LINES = Object.entries(FIELDS).map(([name, [, written]]) => `${name}: ${written}`);
const FIELD_VALUES = Object.fromEntries(
  Object.entries(FIELDS).map(([name, [, , value]]) => [`custom_fields.${name}`, value]),
);

const GUESTS = `
rules:
  - match: { pool: shop }
    set:
      tenant: Shop
      tags: [billing, audited]
      description: "{name} ({vmid}) on {node}"
      comments: "of the pool {pool}"
      custom_fields: { ${FIELD_LINES.join(", ")} }
  - match: { name: "web*" }
    set: { role: Web server, status: staged, platform: Appliance }
  - match: { bridge: vmbr0, address: 10.0.0.0/24 }
    set: { dns_name: "{name}.Example.net" }
  - match: { name: router1, vlan: 10 }
    set: { vlan_group: DC1 }
  - match: { name: db1 }
    set: { vrf: internal }
`;

const MACHINE = {
  "tenant": "Shop",
  "comments": "of the pool shop",
  ...FIELD_VALUES,
};

const OF_GUESTS: Values = {
  "virtual-machine web1": {
    ...MACHINE,
    role: "Web server",
    status: "staged",
    platform: "Appliance",
    description: "web1 (101) on pve1",
    tags: "audited, billing, discovered, proxmox-pve1.example.net, proxmox-ve, web",
    primary_ip4: "10.0.0.101/24",
  },
  "virtual-machine db1": {
    ...MACHINE,
    role: "",
    status: "active",
    description: "db1 (102) on pve2",
    primary_ip4: "10.0.0.102/24",
  },
  "ip-address 10.0.0.101/24": { dns_name: "web1.example.net" },
  "ip-address 10.1.0.101/24": { dns_name: "" },
  "ip-address 10.0.0.102/24": null,
  "ip-address 10.0.0.102/24 in internal": { dns_name: "db1.example.net" },
  "vlan 10 in Proxmox": {},
  "vlan 10 in DC1": { site: "" },
  "vm-interface router1/net0": { untagged_vlan: "10" },
  "vlan-group DC1": {},
};

const NODES = `
rules:
  - match: { kind: node, name: "pve*" }
    set:
      tenant: IT
      role: Virtualisation host
      device_type: PowerEdge R640
      manufacturer: Dell
      tags: [rack-a]
      description: "the node {name}"
      comments: bought in 2024
      custom_fields: { ${FIELD_LINES.join(", ")} }
  - match: { kind: node, name: pve2 }
    set: { site: Annex }
  - match: { kind: node, address: 10.1.0.0/16 }
    set: { vrf: storage, prefix_role: Storage, dns_name: "{name}-stor.example.net" }
  - match: { kind: node, network: 10.0.0.0/24 }
    set: { prefix_role: Management }
`;

const DEVICE = {
  "tenant": "IT",
  "role": "Virtualisation host",
  "device_type": "PowerEdge R640",
  "comments": "bought in 2024",
  ...FIELD_VALUES,
};

const OF_NODES: Values = {
  "device pve1": {
    ...DEVICE,
    site: "Proxmox",
    description: "the node pve1",
    primary_ip4: "10.0.0.1/24",
  },
  "device pve2": { ...DEVICE, site: "Annex", description: "the node pve2" },
  "device-type PowerEdge R640": { manufacturer: "Dell" },
  "ip-address 10.1.0.1/24": null,
  "ip-address 10.1.0.1/24 in storage": { dns_name: "pve1-stor.example.net" },
  "prefix 10.1.0.0/24 in storage": { role: "Storage" },
  "prefix 10.0.0.0/24": { role: "Management" },
  "virtual-machine web1": { tenant: "" },
};

const SITES = `
rules:
  - match: { vmid: [101, 102] }
    set: { site: Annex }
`;

const SKIPS = `
rules:
  - match: { name: router1 }
    skip: not ours
  - match: { name: db1, bridge: vmbr0 }
    skip: no NICs of databases
  - match: { address: 10.1.0.101 }
    skip: a private address
  - match: { kind: node, name: pve2 }
    skip: on loan
`;

const SKIPPED: Values = {
  "virtual-machine router1": null,
  "virtual-machine db1": { primary_ip4: "" },
  "vm-interface db1/net0": null,
  "ip-address 10.0.0.102/24": null,
  "ip-address 10.1.0.101/24": null,
  "ip-address 10.0.0.101/24": {},
  "device pve2": null,
  "ip-address 10.0.0.2/24": null,
};

export const RULE_CASES: readonly Case[] = [
  ...casesOf({
    name: "rules of every kind on guests",
    isForAll: true,
    pushes: [{ people: makeFields, runs: RUNS, policy: GUESTS, has: OF_GUESTS }],
  }),
  ...casesOf({
    name: "rules of every kind on nodes",
    isForAll: true,
    pushes: [{
      people: makeFields,
      runs: RUNS,
      policy: NODES,
      settings: { CLUSTER_SCOPE: "none" },
      has: OF_NODES,
    }],
  }),
  ...casesOf({
    name: "rules that set the site of guests, and a cluster without scope",
    pushes: [{
      runs: RUNS,
      policy: SITES,
      settings: { CLUSTER_SCOPE: "none" },
      has: {
        "virtual-machine web1": { site: "Annex" },
        "virtual-machine db1": { site: "Annex" },
      },
    }],
  }),
  ...casesOf({
    name: "rules that set the site of guests, and a cluster that is at another site",
    pushes: [{
      runs: RUNS,
      policy: SITES,
      has: {
        "virtual-machine web1": { site: "Proxmox" },
        "virtual-machine db1": { site: "Proxmox" },
      },
      says: [/rule-not-applied/],
    }],
  }),
  ...casesOf({
    name: "rules that leave out a guest, a NIC, an address and a node",
    isForAll: true,
    pushes: [{ runs: RUNS, policy: SKIPS, has: SKIPPED, says: [/by-rule/, /on loan/, /not ours/] }],
  }),
  ...casesOf({
    name: "a rule with a custom field that NetBox lacks, or has for devices alone",
    only: "target",
    pushes: [{
      people: (people) =>
        people.make("custom-field", { name: "rack", type: "text", object_types: ["dcim.device"] }),
      runs: RUNS,
      policy: `
rules:
  - match: { kind: [qemu, lxc, node] }
    set: { tenant: Shop, custom_fields: { backup_class: gold, rack: A7 } }
`,
      has: {
        "virtual-machine web1": { tenant: "Shop" },
        "virtual-machine db1": { tenant: "Shop" },
        "device pve1": { "tenant": "Shop", "custom_fields.rack": "A7" },
      },
    }],
  }),
];
