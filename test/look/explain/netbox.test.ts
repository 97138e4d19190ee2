/** explain with a target: the object in NetBox, what NetBox has of each field, and who owns it. */
import { beforeAll, describe, expect, test } from "vitest";
import { explain, type ExplainInput } from "../../../src/look/explain/explain.ts";
import { explanationText } from "../../../src/look/explain/command.ts";
import type { ExplainedEntity } from "../../../src/look/explain/explanation.ts";
import { openTargetFolder } from "../../../src/run-folder/target-files.ts";
import { fieldOf, inputFrom } from "../../helpers/explaining.ts";
import { only } from "../../helpers/in-memory.ts";
import { lab } from "../../helpers/lab.ts";
import { storeOf } from "../../helpers/run-in-memory.ts";
import { buildTarget } from "../../helpers/target-folder.ts";

const HQ = { id: 3, name: "HQ" };
const CLUSTER = { id: 2, name: "lab" };
const TYPE = { id: 1, name: "Proxmox" };
const COMMON = { tags: [], custom_fields: {} };

/** A modelled server, an interface type that people chose, a machine of ours with another name. */
const OBJECTS = {
  "site": [{ ...HQ, slug: "hq", region: null, group: null }],
  "manufacturer": [{ id: 1, name: "Dell", slug: "dell", tags: [] }],
  "device-type": [{ id: 5, model: "R740", slug: "r740", manufacturer: { id: 1, name: "Dell" } }],
  "device-role": [{ id: 6, name: "Server", slug: "server", parent: null }],
  "cluster-type": [{ ...TYPE, slug: "proxmox", ...COMMON }],
  "cluster": [{
    ...CLUSTER,
    ...COMMON,
    type: TYPE,
    status: { value: "staging" },
    group: null,
    scope_type: "dcim.site",
    scope: HQ,
  }],
  "device": [{
    id: 7,
    name: "pve1",
    site: HQ,
    tenant: null,
    device_type: { id: 5, model: "R740" },
    role: { id: 6, name: "Server" },
    status: { value: "offline" },
    ...COMMON,
  }],
  "interface": [{
    id: 88,
    name: "vmbr0",
    device: { id: 7, name: "pve1" },
    type: { value: "10gbase-x-sfpp" },
    enabled: true,
    mtu: 1400,
    ...COMMON,
  }],
  "virtual-machine": [{
    id: 44,
    name: "web-old",
    cluster: CLUSTER,
    tenant: null,
    status: { value: "active" },
    memory: 1024,
    vcpus: 2,
    tags: [],
    custom_fields: { proxmox_vmid: "101", proxmox_node: "pve9" },
  }],
};

let input: ExplainInput;

beforeAll(async () => {
  const snapshot = lab({
    nodes: { pve1: { network: [{ iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24" }] } },
    guests: [
      { vmid: 101, row: { name: "web" }, node: "pve1", config: { memory: "2048" } },
      { vmid: 102, row: { name: "db" }, node: "pve1", config: { memory: "2048" } },
    ],
  });
  const target = await openTargetFolder(storeOf(await buildTarget(OBJECTS)));
  input = { ...inputFrom(snapshot, { SITE_NAME: "HQ", CLUSTER_NAME: "lab" }), target };
});

async function entityOf(what: string): Promise<ExplainedEntity> {
  const [entity] = only(await explain(input, what)).entities;
  if (entity === undefined) throw new Error(`${what} has no entity`);
  return entity;
}

async function textOf(what: string): Promise<string> {
  return explanationText(await explain(input, what), { width: 200, isVerbose: false });
}

describe("an entity", () => {
  test("has the object in NetBox with its URL", async () => {
    const { netbox } = await entityOf("interface/pve1/vmbr0");
    expect(netbox).toEqual({ id: 88, url: "https://netbox.example.net/dcim/interfaces/88/" });
  });

  test("is new if NetBox does not have it", async () => {
    expect(await entityOf("vm/102")).toMatchObject({ netbox: null });
    expect(await textOf("vm/102")).toContain("\n  new in NetBox\n");
  });

  test("says nothing of NetBox without a target", async () => {
    const { target: _target, ...without } = input;
    const [explanation] = await explain(without, "vm/101");
    expect(JSON.stringify(explanation)).not.toContain("netbox.example.net");
    expect(explanation?.entities[0]).not.toHaveProperty("netbox");
  });
});

describe("a field", () => {
  test("of the first writer is left as NetBox has it", async () => {
    const field = fieldOf(await entityOf("interface/pve1/vmbr0"), "type");
    expect(field).toMatchObject({
      fate: "kept",
      netbox: "10gbase-x-sfpp",
      row: { owner: "first-writer" },
    });
    expect(field).not.toHaveProperty("value");
    const text = await textOf("interface/pve1/vmbr0");
    expect(text).toContain("\n  in NetBox: https://netbox.example.net/dcim/interfaces/88/\n");
    expect(text).toContain("\n  type (left as NetBox has it: 10gbase-x-sfpp)\n");
    expect(text).toMatch(/\n {4}owner first writer: if the object is new/);
  });

  test("that names the object is sent as NetBox has it", async () => {
    const name = fieldOf(await entityOf("vm/101"), "name");
    expect(name).toMatchObject({ fate: "as-found", value: "web-old", netbox: "web-old" });
    expect(await textOf("vm/101")).toContain("\n  name = web-old (as NetBox has it)\n");
  });

  test("of Proxmox VE is sent, with what NetBox has", async () => {
    const machine = await entityOf("vm/101");
    expect(fieldOf(machine, "memory")).toMatchObject({
      fate: "sent",
      value: "2048",
      netbox: "1024",
      row: { owner: "proxmox" },
    });
    expect(fieldOf(machine, "custom_fields.proxmox_node")).toMatchObject({ netbox: "pve9" });
    const text = await textOf("vm/101");
    expect(text).toContain("\n  memory = 2048 (NetBox has 1024)\n");
    expect(text).toContain("\n  custom_fields.proxmox_node = pve1 (NetBox has pve9)\n");
    expect(text).toContain("\n  custom_fields.proxmox_vmid = 101\n");
  });

  test("that NetBox has too is shown by its name", async () => {
    const device = await entityOf("node/pve1");
    expect(fieldOf(device, "device_type").netbox).toBe("R740");
    expect(fieldOf(device, "status")).toMatchObject({ value: "active", netbox: "offline" });
    expect(fieldOf(await entityOf("cluster/lab"), "scope_site").netbox).toBe("HQ");
    expect(fieldOf(await entityOf("cluster/lab"), "status")).toMatchObject({
      fate: "kept",
      netbox: "staging",
    });
  });

  test("that Proxmox VE has no value for keeps its fate, and shows what NetBox has", async () => {
    const field = fieldOf(await entityOf("interface/pve1/vmbr0"), "mtu");
    expect(field).toMatchObject({ fate: "absent", netbox: "1400" });
    expect(await textOf("interface/pve1/vmbr0")).toContain("\n  mtu (not sent; NetBox has 1400)\n");
  });
});
