/** What can depend on an object of ours: each query of the table finds what people made, and nothing else. */
import { openNetBox } from "../../../src/netbox/rest/client.ts";
import { dependentsOf } from "../../../src/netbox/rest/dependents.ts";
import type { SurveyedName } from "../../../src/netbox/types/surveyed.ts";
import { listAll, send } from "../server/rest.ts";
import type { Trial } from "../trial.ts";
import type { Case } from "./case.ts";

/** Two objects of each type. Something of people's depends on the first of them alone. */
type Pair = readonly [subject: number, other: number];
type Pairs = Readonly<Record<keyof typeof CONTENT_TYPES, Pair>>;

/** TABLE: type → its name in a generic relation. */
const CONTENT_TYPES = {
  "device": "dcim.device",
  "interface": "dcim.interface",
  "virtual-machine": "virtualization.virtualmachine",
  "vm-interface": "virtualization.vminterface",
  "virtual-disk": "virtualization.virtualdisk",
  "ip-address": "ipam.ipaddress",
  "vlan": "ipam.vlan",
  "prefix": "ipam.prefix",
} as const satisfies { readonly [Name in SurveyedName]?: string };

const NAMES = Object.keys(CONTENT_TYPES) as (keyof typeof CONTENT_TYPES)[];

class Maker {
  readonly #trial: Trial;
  #count = 0;

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  /** Returns the id. */
  async add(path: string, body: object): Promise<number> {
    return (await send(this.#trial.netbox, { method: "POST", path, body })).id;
  }

  /** With a name and a slug that no other object has. */
  addNamed(path: string, body: object = {}): Promise<number> {
    this.#count += 1;
    const name = `by-hand-${this.#count}`;
    return this.add(path, { name, slug: name, ...body });
  }

  async change(path: string, id: number, body: object): Promise<number> {
    return (await send(this.#trial.netbox, { method: "PATCH", path: `${path}/${id}`, body })).id;
  }
}

interface Ground {
  readonly pairs: Pairs;
  readonly cluster: number;
  readonly manufacturer: number;
  /** What every device needs. */
  readonly needs: object;
}

async function groundOf(maker: Maker): Promise<Ground> {
  const site = await maker.addNamed("dcim/sites");
  const manufacturer = await maker.addNamed("dcim/manufacturers");
  const deviceType = await maker.addNamed("dcim/device-types", {
    manufacturer,
    model: "By hand",
    subdevice_role: "child",
    u_height: 0,
  });
  const role = await maker.addNamed("dcim/device-roles");
  const type = await maker.addNamed("virtualization/cluster-types");
  const cluster = await maker.addNamed("virtualization/clusters", {
    type,
    scope_type: "dcim.site",
    scope_id: site,
  });
  const needs = { site, role };
  const pairOf = async (make: (index: 0 | 1) => Promise<number>): Promise<Pair> => [
    await make(0),
    await make(1),
  ];
  const device = await pairOf(() =>
    maker.addNamed("dcim/devices", { ...needs, cluster, device_type: deviceType })
  );
  const port = await pairOf((i) =>
    maker.add("dcim/interfaces", { device: device[i], name: "eno1", type: "other" })
  );
  const machine = await pairOf(() =>
    maker.addNamed("virtualization/virtual-machines", { cluster, site })
  );
  const nic = await pairOf((i) =>
    maker.add("virtualization/interfaces", { virtual_machine: machine[i], name: "net0" })
  );
  const pairs: Pairs = {
    "device": device,
    "interface": port,
    "virtual-machine": machine,
    "vm-interface": nic,
    "virtual-disk": await pairOf((i) =>
      maker.add("virtualization/virtual-disks", {
        virtual_machine: machine[i],
        name: "scsi0",
        size: 8,
      })
    ),
    "ip-address": await pairOf((i) =>
      maker.add("ipam/ip-addresses", {
        address: `10.0.0.${i + 1}/24`,
        assigned_object_type: CONTENT_TYPES["interface"],
        assigned_object_id: port[i],
      })
    ),
    "vlan": await pairOf((i) => maker.addNamed("ipam/vlans", { vid: 20 + i, site })),
    "prefix": await pairOf((i) => maker.add("ipam/prefixes", { prefix: `10.${i}.0.0/16` })),
  };
  return { pairs, cluster, manufacturer, needs };
}

/** What people make: on which type, below which path, and its id. */
interface Made {
  readonly on: keyof typeof CONTENT_TYPES;
  readonly path: string;
  readonly id: number;
}

type Parts = readonly (readonly [on: Made["on"], path: string, body: object])[];

/** TABLE: what takes a single request. */
function simpleParts({ pairs, cluster, manufacturer }: Ground): Parts {
  const [device] = pairs["device"];
  const [port] = pairs["interface"];
  const [machine] = pairs["virtual-machine"];
  const [nic] = pairs["vm-interface"];
  const [address] = pairs["ip-address"];
  const [vlan] = pairs["vlan"];
  const component = { device, name: "by hand" };
  const service = { name: "ssh", protocol: "tcp", ports: [22] };
  const journal: Parts = NAMES.map((on) => [on, "extras/journal-entries", {
    assigned_object_type: CONTENT_TYPES[on],
    assigned_object_id: pairs[on][0],
    comments: "By hand",
  }]);
  return [
    ...journal,
    ["device", "ipam/services", {
      ...service,
      parent_object_type: "dcim.device",
      parent_object_id: device,
    }],
    ["virtual-machine", "ipam/services", {
      ...service,
      parent_object_type: "virtualization.virtualmachine",
      parent_object_id: machine,
    }],
    ["device", "virtualization/virtual-machines", { name: "pinned", cluster, device }],
    ["device", "dcim/console-ports", component],
    ["device", "dcim/console-server-ports", component],
    ["device", "dcim/power-ports", component],
    ["device", "dcim/power-outlets", component],
    ["device", "dcim/module-bays", component],
    ["device", "dcim/inventory-items", { ...component, manufacturer }],
    ["device", "dcim/virtual-device-contexts", {
      ...component,
      status: "active",
      primary_ip4: address,
    }],
    ["interface", "dcim/inventory-items", {
      ...component,
      name: "transceiver",
      component_type: "dcim.interface",
      component_id: port,
    }],
    ["interface", "dcim/interfaces", {
      ...component,
      name: "eno1.5",
      type: "virtual",
      parent: port,
    }],
    ["interface", "dcim/interfaces", {
      ...component,
      name: "br0",
      type: "bridge",
      bridge: port,
    }],
    ["vm-interface", "virtualization/interfaces", {
      virtual_machine: machine,
      name: "net0.5",
      parent: nic,
    }],
    ["vm-interface", "virtualization/interfaces", {
      virtual_machine: machine,
      name: "br0",
      bridge: nic,
    }],
    ["vm-interface", "ipam/ip-addresses", {
      address: "10.0.9.1/24",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: nic,
    }],
    ["vm-interface", "dcim/mac-addresses", {
      mac_address: "02:00:00:00:00:01",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: nic,
    }],
    ["interface", "dcim/mac-addresses", {
      mac_address: "02:00:00:00:00:02",
      assigned_object_type: "dcim.interface",
      assigned_object_id: port,
    }],
    ["ip-address", "ipam/ip-addresses", { address: "192.0.2.1/24", nat_inside: address }],
    ["vlan", "dcim/interfaces", {
      ...component,
      name: "tagged",
      type: "other",
      mode: "tagged",
      tagged_vlans: [vlan],
    }],
    ["vlan", "virtualization/interfaces", {
      virtual_machine: machine,
      name: "net1",
      mode: "access",
      untagged_vlan: vlan,
    }],
    ["vlan", "ipam/prefixes", { prefix: "10.9.0.0/16", vlan }],
    ["vlan", "wireless/wireless-lans", { ssid: "By hand", status: "active", vlan }],
  ];
}

async function makeAll(maker: Maker, ground: Ground): Promise<readonly Made[]> {
  const made: Made[] = [];
  for (const [on, path, body] of simpleParts(ground)) {
    made.push({ on, path, id: await maker.add(path, body) });
  }
  return [
    ...made,
    // A primary address of a context is also the tie of an address.
    ...made.filter(({ path }) => path === "dcim/virtual-device-contexts")
      .map((each): Made => ({ ...each, on: "ip-address" })),
    ...await onContacts(maker, ground),
    ...await onGroups(maker, ground),
    ...await onTunnels(maker, ground),
    ...await onDevices(maker, ground),
  ];
}

async function onContacts(maker: Maker, { pairs }: Ground): Promise<readonly Made[]> {
  const contact = await maker.add("tenancy/contacts", { name: "Ada" });
  const role = await maker.addNamed("tenancy/contact-roles");
  const path = "tenancy/contact-assignments";
  const made: Made[] = [];
  for (const on of ["device", "virtual-machine", "ip-address", "prefix"] as const) {
    const object = { object_type: CONTENT_TYPES[on], object_id: pairs[on][0] };
    made.push({ on, path, id: await maker.add(path, { contact, role, ...object }) });
  }
  return made;
}

async function onGroups(maker: Maker, { pairs }: Ground): Promise<readonly Made[]> {
  const group = await maker.add("ipam/fhrp-groups", { protocol: "vrrp3", group_id: 1 });
  const l2vpn = await maker.addNamed("vpn/l2vpns", { type: "vxlan", status: "active" });
  const made: Made[] = [];
  for (const on of ["interface", "vm-interface"] as const) {
    const path = "ipam/fhrp-group-assignments";
    const target = { interface_type: CONTENT_TYPES[on], interface_id: pairs[on][0] };
    made.push({ on, path, id: await maker.add(path, { group, priority: 10, ...target }) });
  }
  for (const on of ["interface", "vm-interface", "vlan"] as const) {
    const path = "vpn/l2vpn-terminations";
    const target = { assigned_object_type: CONTENT_TYPES[on], assigned_object_id: pairs[on][0] };
    made.push({ on, path, id: await maker.add(path, { l2vpn, ...target }) });
  }
  return made;
}

async function onTunnels(maker: Maker, { pairs }: Ground): Promise<readonly Made[]> {
  const path = "vpn/tunnel-terminations";
  const tunnel = await maker.addNamed("vpn/tunnels", { status: "active", encapsulation: "gre" });
  const [address] = pairs["ip-address"];
  const made: Made[] = [];
  for (const on of ["interface", "vm-interface"] as const) {
    const id = await maker.add(path, {
      tunnel,
      role: "peer",
      termination_type: CONTENT_TYPES[on],
      termination_id: pairs[on][0],
      ...(on === "interface" && { outside_ip: address }),
    });
    made.push(
      { on, path, id },
      ...(on === "interface" ? [{ on: "ip-address", path, id } as const] : []),
    );
  }
  return made;
}

async function onDevices(maker: Maker, ground: Ground): Promise<readonly Made[]> {
  const { pairs, manufacturer, needs } = ground;
  const [device] = pairs["device"];
  const [address] = pairs["ip-address"];
  const devices = "dcim/devices";
  const parentType = await maker.addNamed("dcim/device-types", {
    manufacturer,
    model: "Chassis",
    subdevice_role: "parent",
  });
  const parent = await maker.addNamed(devices, { ...needs, device_type: parentType });
  const bay = await maker.add("dcim/device-bays", {
    device: parent,
    name: "by hand",
    installed_device: device,
  });
  await maker.change(devices, device, { oob_ip: address, primary_ip4: address });
  const service = await maker.add("ipam/services", {
    name: "https",
    protocol: "tcp",
    ports: [443],
    parent_object_type: "dcim.device",
    parent_object_id: device,
    ipaddresses: [address],
  });
  return [
    { on: "device", path: "dcim/device-bays", id: bay },
    { on: "device", path: "ipam/services", id: service },
    { on: "ip-address", path: "ipam/services", id: service },
    // Twice: as the primary and as the out-of-band address.
    { on: "ip-address", path: devices, id: device },
    { on: "ip-address", path: devices, id: device },
  ];
}

async function found(trial: Trial, type: SurveyedName, id: number): Promise<readonly string[]> {
  const { url, authorization } = trial.netbox;
  const netbox = openNetBox({
    url,
    authorization: authorization.read,
    proxy: undefined,
    certificates: undefined,
    isUnverified: false,
    timeoutMs: 30_000,
    maxRetries: 0,
    retryDelayMs: 10,
    signal: new AbortController().signal,
  });
  try {
    const customFields = await listAll(trial.netbox, "extras/custom-fields");
    const { dependents, unknown } = await dependentsOf(netbox, { type, id }, {
      concurrency: 4,
      customFields,
    });
    trial.findings.push(...unknown);
    return dependents.map(({ path, object }) => `${path}/${object.id}`).sort();
  } finally {
    await netbox.close();
  }
}

async function findsPeoples(trial: Trial): Promise<void> {
  const maker = new Maker(trial);
  const ground = await groundOf(maker);
  const foundFor = async (index: 0 | 1): Promise<ReadonlyMap<string, readonly string[]>> => {
    const all = new Map<string, readonly string[]>();
    for (const name of NAMES) all.set(name, await found(trial, name, ground.pairs[name][index]));
    return all;
  };
  const other = await foundFor(1);
  const made = await makeAll(maker, ground);
  const subject = await foundFor(0);
  for (const { on, path, id } of made) {
    const times = subject.get(on)?.filter((each) => each === `${path}/${id}`).length ?? 0;
    const expected = made.filter((each) => each.on === on && each.path === path && each.id === id);
    if (times !== expected.length) {
      trial.findings.push(`${on}: ${path}/${id} is found ${times} times, not ${expected.length}`);
    }
  }
  const after = await foundFor(1);
  for (const [name, before] of other) {
    const extra = (after.get(name) ?? []).filter((each) => !before.includes(each));
    trial.findings.push(
      ...extra.map((each) => `${name}: ${each} does not depend on the other one`),
    );
  }
}

export const DEPENDENT_CASES: readonly Case[] = [
  {
    holds: "10",
    name: "tidy: every query for what depends on an object finds it, and nothing of another object",
    isForAll: true,
    run: findsPeoples,
  },
];
