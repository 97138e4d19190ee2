/** The explanation of an object: its fields, what they read, and what was left out. */
import { describe, expect, test } from "vitest";
import { explain } from "../../../src/look/explain/explain.ts";
import type { ExplainedEntity, Explanation } from "../../../src/look/explain/explanation.ts";
import type { SettingTexts } from "../../../src/transform/settings.ts";
import { explained, fieldOf, inputFrom, inputOf } from "../../helpers/explaining.ts";
import { only } from "../../helpers/in-memory.ts";
import { type Lab, lab } from "../../helpers/lab.ts";

/** Line numbers are checked in every-field.test.ts. */
const LINE = expect.any(Number);

/** The first entity of the only explained object. */
function selfOf(explanations: readonly Explanation[]): ExplainedEntity {
  const [self] = only(explanations).entities;
  if (self === undefined) throw new Error("It has no entity");
  return self;
}

async function inLab(parts: Lab, what: string, settings?: SettingTexts): Promise<ExplainedEntity> {
  return selfOf(await explain(inputFrom(lab(parts), settings), what));
}

describe("a guest", () => {
  test("is followed by its NICs, addresses and disks in the order of the steps", async () => {
    const { entities } = only(await explained("vm/101"));
    expect(entities.map(({ step, what }) => `${step} ${what}`)).toEqual([
      "virtual-machine vm/101",
      "vm-interface vm/101/net0",
      "ip-address vm/101/net0/10.20.20.21/24",
      "ip-address vm/101/net0/2001:db8:20:20::21/64",
      "ip-address vm/101/net0/2001:db8:20:20:5c1f:8a02:77e4:90bd/64",
      "virtual-disk vm/101/scsi0",
      "virtual-disk vm/101/scsi1",
    ]);
    expect(entities[0]).toMatchObject({
      name: "git",
      line: { file: "netbox/11-virtual-machine-0001.json", line: 3 },
      timestamp: { value: "2026-10-05T08:30:00Z", file: "manifest.json", pointer: "/captured_at" },
    });
  });

  test("has each field with its row, raw values and their locations", async () => {
    const self = selfOf(await explained("vm/101"));
    const [listing, config] = [
      { file: "pve/cluster.json", line: LINE, path: "/cluster/resources?type=vm" },
      { file: "pve/nodes/pve1.json", line: LINE, path: "/nodes/pve1/qemu/101/config?current=1" },
    ];
    expect(fieldOf(self, "memory")).toEqual({
      field: "memory",
      fate: "sent",
      value: "16384",
      row: {
        kind: "mapped",
        reads: ["resources.maxmem", "config.memory"],
        how: "maxmem ÷ 2^20 in MiB, else the config's",
        owner: "proxmox",
      },
      reads: [
        {
          read: "resources.maxmem",
          of: "vm/101",
          key: "maxmem",
          ...listing,
          pointer: expect.stringMatching(/^\/data\/\d+\/maxmem$/),
          value: 17179869184,
        },
        {
          read: "config.memory",
          of: "vm/101",
          key: "memory",
          ...config,
          pointer: "/data/memory",
          value: "16384",
        },
      ],
    });
  });

  test("has each custom field, and the reason for fields that are never sent", async () => {
    const self = selfOf(await explained("vm/101"));
    expect(fieldOf(self, "custom_fields.proxmox_node")).toMatchObject({
      value: { text: "pve1" },
      reads: [{ read: "resources.node", value: "pve1" }],
    });
    expect(self.fields.map(({ field }) => field)).not.toContain("custom_fields");
    expect(fieldOf(self, "disk")).toMatchObject({
      fate: "never",
      reads: [],
      row: { kind: "skipped", how: expect.stringContaining("derives it") },
    });
  });

  test("has only its own left-out records and notes", async () => {
    const { left_out: leftOut, notes } = only(await explained("vm/119"));
    expect(leftOut.map(({ what, reason }) => `${what} ${reason}`)).toEqual([
      "vm/119/config denied",
      "vm/119/agent denied",
    ]);
    expect(notes.map(({ code }) => code)).toEqual(["config-not-read"]);
    const renamed = only(await explained("vm/118"));
    expect(renamed.notes.map(({ code }) => code)).toEqual(["renamed"]);
  });

  test("lists the shared objects that it uses", async () => {
    const { shared } = only(await explained("vm/101"));
    expect(shared).toEqual([
      "tag/ci",
      "tag/git",
      "tag/prod",
      "platform/Debian GNU/Linux 12",
      "vlan/20",
    ]);
  });

  test("with an unreadable config has the reason at each field that reads it", async () => {
    const self = selfOf(await explained("vm/119"));
    const { fate, reads } = fieldOf(self, "start_on_boot");
    expect(fate).toBe("absent");
    expect(reads).toMatchObject([{
      read: "config.onboot",
      missing: expect.stringMatching(/^403 /),
      file: "pve/nodes/pve3.json",
    }]);
    expect(reads[0]).not.toHaveProperty("pointer");
  });

  test("is explained through its stubs", async () => {
    const nic = only(await explained("vm/101")).entities[1];
    expect(nic && fieldOf(nic, "virtual_machine").reads).toMatchObject([{
      read: "stub.virtual-machine",
      names: ["vm/101"],
      reads: [
        { read: "resources.name", of: "vm/101", value: "git" },
        { read: "resources.vmid", value: 101 },
        { read: "stub.cluster", names: ["cluster/brightwater"] },
        { read: "stub.site", names: [], reads: [{ value: "Brightwater HQ" }, {}, {}] },
        { read: "stub.tenant", names: [] },
      ],
    }]);
  });

  test("has its primary address, which the step of addresses sends", async () => {
    const { entities } = only(await explained("vm/101"));
    const [self, , address] = entities;
    const field = self && fieldOf(self, "primary_ip4");
    expect(field).toMatchObject({
      fate: "elsewhere",
      row: { how: expect.stringContaining("step 09") },
      reads: [{ read: "stub.ip-address", names: ["vm/101/net0/10.20.20.21/24"] }],
    });
    expect(field).not.toHaveProperty("value");
    const holder = address && fieldOf(address, "assigned_object_vm_interface");
    expect(holder?.value).toHaveProperty("virtual_machine.primary_ip4");
    expect(holder?.reads).toMatchObject([
      { read: "agentInterfaces.hardware-address", pointer: "/data/result/1/hardware-address" },
      { read: "config.netN", key: "net0" },
      { read: "stub.vm-interface", names: ["vm/101/net0"] },
    ]);
  });
});

describe("a NIC, disk or address", () => {
  test("has the numbered key that it was read from", async () => {
    const address = selfOf(await explained("ip/10.20.10.53"));
    expect(fieldOf(address, "address").reads).toEqual([
      expect.objectContaining({ read: "config.netN", of: address.what, key: "net0" }),
      expect.objectContaining({ read: "setting.CLOUD_INIT_ADDRESSES" }),
      expect.objectContaining({ read: "setting.LXC_LIVE_ADDRESSES" }),
    ]);
    const disk = selfOf(await explained("disk/101/scsi0"));
    expect(fieldOf(disk, "size").reads).toMatchObject([
      { key: "scsi0", pointer: "/data/scsi0", value: expect.stringContaining("size=64G") },
      { read: "setting.DISK_BASE_UNIT", value: "1024" },
    ]);
  });

  test("of a running container is read from its interfaces", async () => {
    const settings = { LXC_LIVE_ADDRESSES: "true" };
    const { entities } = only(await explained("vm/113", settings));
    const address = entities.find(({ step }) => step === "ip-address");
    expect(address && fieldOf(address, "address").reads).toEqual(expect.arrayContaining([
      expect.objectContaining({
        read: "lxcInterfaces.ip-addresses",
        path: "/nodes/pve2/lxc/113/interfaces",
      }),
    ]));
  });

  test("has JSON pointers with escaped special characters", async () => {
    const nic = { "hardware-address": "BC:24:11:00:00:01", "ip-addresses": [] };
    const self = await inLab({
      guests: [{ vmid: 101, row: { hastate: "a/b~c" }, interfaces: [nic] }],
    }, "vm/101");
    expect(fieldOf(self, "custom_fields.proxmox_ha_state").reads).toMatchObject([
      { pointer: "/data/0/hastate", value: "a/b~c" },
    ]);
  });
});

describe("a shared object", () => {
  test("is read from each object that uses it", async () => {
    const { reads } = fieldOf(selfOf(await explained("tag/windows")), "name");
    const ofGuests = reads.filter((read) => read.read === "resources.tags");
    expect(ofGuests).toEqual([
      expect.objectContaining({ of: "vm/104", value: "prod;windows" }),
      expect.objectContaining({ of: "vm/105", value: expect.stringContaining("windows") }),
    ]);
  });

  test("may come from an object without an entity: the VLAN of an interface without an address", async () => {
    const { reads } = fieldOf(selfOf(await explained("vlan/40")), "vid");
    expect(reads).toEqual(expect.arrayContaining([
      expect.objectContaining({ read: "network.vlan-id", of: "node/pve1/vlan40", value: "40" }),
    ]));
  });

  test("that is a global tag is also read from guests with that tag", async () => {
    const { reads } = fieldOf(selfOf(await explained("tag/discovered")), "name");
    expect(reads).toEqual(expect.arrayContaining([
      expect.objectContaining({ read: "resources.tags", of: "vm/109" }),
    ]));
  });

  test("is read from each site that has it", async () => {
    const input = await inputOf("test/fixtures/two-sites", { nodes: "*" });
    const prefix = only(await explain(input, "prefix/10.70.0.0/24"));
    expect(prefix.notes.map(({ code }) => code)).toEqual(["unscoped"]);
    const { reads } = fieldOf(selfOf([prefix]), "prefix");
    const nodes = new Set(reads.flatMap((read) => "of" in read ? read.of.split("/")[1] : []));
    expect([...nodes]).toEqual(["south1", "north1"]);
  });
});

describe("a setting", () => {
  const RECORDED = "netbox/manifest.json";

  test("is shown with its origin", async () => {
    const self = selfOf(await explained("vm/101", { TENANT_NAME: "Brightwater" }));
    const reads = [...fieldOf(self, "tenant").reads, ...fieldOf(self, "site").reads]
      .flatMap((read) => "reads" in read ? read.reads : []);
    expect(reads).toEqual([
      { read: "setting.TENANT_NAME", value: "Brightwater", from: "given" },
      { read: "setting.SITE_NAME", value: "Brightwater HQ", from: RECORDED },
      { read: "setting.NODE_SITE_MAP", value: "", from: RECORDED },
      { read: "setting.CLUSTER_SCOPE", value: "auto", from: RECORDED },
    ]);
  });

  test("that is not set has no value", async () => {
    const [stub] = fieldOf(selfOf(await explained("vm/101")), "tenant").reads;
    expect(stub).toMatchObject({
      reads: [{ read: "setting.TENANT_NAME", from: "default" }],
    });
  });
});

describe("a field without a value has the reason", () => {
  test("if the guest agent answers with an error and HTTP 200", async () => {
    const desc = "Command guest-get-osinfo has been disabled";
    const osinfo = { status: 200, data: { result: { error: { class: "CommandNotFound", desc } } } };
    const self = await inLab({ guests: [{ vmid: 101, osinfo }] }, "vm/101");
    expect(fieldOf(self, "platform").reads[0]).toMatchObject({
      read: "osinfo.name",
      missing: `the guest agent: CommandNotFound: ${desc}`,
    });
  });
});

describe("a field that is not sent has the reason", () => {
  const QUIET: Lab = { guests: [{ vmid: 101, config: { description: "" } }] };

  test("if Proxmox VE has no value", async () => {
    const field = fieldOf(await inLab(QUIET, "vm/101"), "comments");
    expect(field).toMatchObject({ fate: "empty" });
    expect(field).not.toHaveProperty("value");
    expect(field.reads.map(({ read }) => read)).toEqual([
      "config.description",
      "setting.CLEAR_EMPTY",
    ]);
  });

  test("unless it is sent empty with CLEAR_EMPTY", async () => {
    const self = await inLab(QUIET, "vm/101", { CLEAR_EMPTY: "true" });
    expect(fieldOf(self, "comments")).toMatchObject({ fate: "cleared", value: "" });
    expect(fieldOf(self, "platform")).toMatchObject({ fate: "cleared", value: {} });
    expect(fieldOf(self, "custom_fields.proxmox_ha_state")).toMatchObject({ fate: "cleared" });
  });

  test("if it is too large for a request", async () => {
    const description = "x".repeat(3 * 2 ** 20);
    const parts: Lab = { guests: [{ vmid: 101, config: { description } }] };
    const explanation = only(await explain(inputFrom(lab(parts)), "vm/101"));
    expect(fieldOf(selfOf([explanation]), "comments")).toMatchObject({ fate: "left-out" });
    expect(explanation.left_out).toMatchObject([{ reason: "agent-off" }, {
      what: "vm/101/comments",
      reason: "too-long",
    }]);
  });
});
