/** VirtualMachine: which guests become one, and its fields. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import { transformed } from "../../helpers/in-memory.ts";
import { guest101, lab } from "../../helpers/lab.ts";

const GIB = 2 ** 30;

describe("a guest is left out", () => {
  test.each([
    ["template", "a template", { template: 1 }],
    ["template", "a template whose flag is a string", { template: "1" }],
    ["no-name", "a guest without a name", { name: undefined }],
    ["no-name", "a guest whose name is blank", { name: " \n" }],
    ["unreachable", "a guest on an unreachable node", { name: undefined, status: "unknown" }],
  ])("as %s: %s", async (reason, _, row) => {
    const outcome = await guest101({ row, config: {} });
    expect(outcome.of("virtual-machine")).toEqual([]);
    expect(outcome.reasonsOf("vm/101")).toEqual([reason]);
  });

  test.each([0, "0", "", undefined])("but not with template=%j", async (template) => {
    expect((await guest101({ row: { template } })).vm.name).toBe("guest-101");
  });

  test("as no-vmid or other-type, and listed by the ID of its row", async () => {
    const rows = [
      { id: "qemu/x", type: "qemu", name: "a", node: "pve1", status: "running" },
      { id: "openvz/7", type: "openvz", vmid: 7, name: "b", node: "pve1", status: "running" },
      { id: "storage/pve1/local", type: "storage", node: "pve1" },
    ];
    const outcome = await transformed(lab({ rows }));
    expect(outcome.of("virtual-machine")).toEqual([]);
    expect(outcome.reasonsOf("resource/qemu/x")).toEqual(["no-vmid"]);
    expect(outcome.reasonsOf("resource/openvz/7")).toEqual(["other-type"]);
    expect(outcome.reasonsOf("resource/storage/pve1/local")).toEqual(["other-type"]);
  });

  test("for the first reason that applies: out of scope, then no name, then template", async () => {
    const unnamed = { name: undefined, template: 1 };
    expect((await guest101({ row: unnamed })).reasonsOf("vm/101")).toEqual(["no-name"]);
    const scoped = await guest101({ row: unnamed }, { nodes: "pve2" });
    expect(scoped.reasonsOf("vm/101")).toEqual(["out-of-scope"]);
  });
});

describe("with SUSPENDED_STATUS, a guest that is suspended to disk", () => {
  const SUSPENDED = { SUSPENDED_STATUS: "paused" };

  test.each([
    ["in the listing", { status: "stopped", lock: "suspended" }, {}, "paused"],
    ["in the config", { status: "stopped" }, { lock: "suspended" }, "paused"],
    ["with another lock", { status: "stopped", lock: "backup" }, { lock: "backup" }, "offline"],
    ["while it is being suspended", { status: "stopped", lock: "suspending" }, {}, "offline"],
    ["while it runs", { status: "running", lock: "suspended" }, {}, "active"],
    ["with a lock that is no text", { status: "stopped", lock: ["suspended"] }, {}, "offline"],
  ])("%s", async (_, row, config, expected) => {
    expect((await guest101({ row, config }, SUSPENDED)).vm.status).toBe(expected);
    const plain = expected === "paused" ? "offline" : expected;
    expect((await guest101({ row, config })).vm.status).toBe(plain);
  });
});

describe("with GUEST_SERIAL, the serial number of a virtual machine", () => {
  const SERIAL = { GUEST_SERIAL: "true" };
  const UUID = "uuid=39038e77-5249-42a8-ad92-b3bf4afc32d6";

  test.each([
    [`${UUID},serial=SN-001`, "SN-001"],
    [`base64=1,serial=U04tMDAx,${UUID}`, "SN-001"],
    ["serial=U8OkYmw=,base64=1", "Säbl"],
    ["serial=U04tMDAx,base64=0", "U04tMDAx"],
    [`serial=${"9".repeat(50)}`, "9".repeat(50)],
    ["serial= SN-001 ", "SN-001"],
    [UUID, undefined],
    ["serial=", undefined],
    ["serial=ICA=,base64=1", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("in smbios1 %j is %j", async (smbios1, expected) => {
    const outcome = await guest101({ config: { smbios1 } }, SERIAL);
    expect(outcome.vm.serial).toBe(expected);
    expect(outcome.reasonsOf("vm/101/serial")).toEqual([]);
  });

  test.each([
    ["serial=!!,base64=1", "unparsable"],
    ["serial=/////w==,base64=1", "unparsable"],
    ["serial=a,serial=b", "unparsable"],
    [{}, "unparsable"],
    [`serial=${"9".repeat(51)}`, "too-long-for-field"],
  ])("is not sent from %j: %s", async (smbios1, reason) => {
    const outcome = await guest101({ config: { smbios1 } }, SERIAL);
    expect(outcome.vm).not.toHaveProperty("serial");
    expect(outcome.reasonsOf("vm/101/serial")).toEqual([reason]);
    const plain = await guest101({ config: { smbios1 } });
    expect(plain.vm).not.toHaveProperty("serial");
    expect(plain.leftOut.map(({ what }) => what)).toEqual(["vm/101/agent"]);
  });
});

describe("a virtual machine", () => {
  test.each([
    ["running", "active"],
    ["stopped", "offline"],
    ["paused", "staged"],
    ["prelaunch", "staged"],
    ["unknown", "staged"],
  ])("status %s becomes %s", async (status, expected) => {
    expect((await guest101({ row: { status } })).vm.status).toBe(expected);
  });

  test.each([
    { what: "maxcpu", row: { maxcpu: 4 }, config: { cores: 9, sockets: 9 }, vcpus: 4 },
    { what: "maxcpu as a string", row: { maxcpu: "2" }, config: {}, vcpus: 2 },
    { what: "maxcpu with two decimals", row: { maxcpu: 0.123456 }, config: {}, vcpus: 0.12 },
    { what: "cores × sockets without maxcpu", row: {}, config: { cores: 4, sockets: 2 }, vcpus: 8 },
    { what: "cores without maxcpu and sockets", row: {}, config: { cores: "6" }, vcpus: 6 },
    { what: "omitted rather than 0", row: { maxcpu: 0.001 }, config: {}, vcpus: undefined },
    { what: "omitted if unknown", row: {}, config: {}, vcpus: undefined },
  ])("vcpus is $what", async ({ row, config, vcpus }) => {
    expect((await guest101({ row: { maxcpu: undefined, ...row }, config })).vm.vcpus).toBe(vcpus);
  });

  test("vcpus of a container without maxcpu is its cores; sockets are ignored", async () => {
    const row = { maxcpu: undefined };
    const config = { cores: 3, sockets: 2 };
    expect((await guest101({ kind: "lxc", row, config })).vm.vcpus).toBe(3);
  });

  test.each([
    { what: "maxmem in MiB", row: { maxmem: 4 * GIB }, written: 1, memory: "4096" },
    { what: "maxmem as a string", row: { maxmem: "536870912" }, written: 1, memory: "512" },
    { what: "maxmem rounded", row: { maxmem: 1.6 * 2 ** 20 }, written: 9, memory: "2" },
    { what: "the config's number without maxmem", row: {}, written: 2048, memory: "2048" },
    { what: "the config's string without maxmem", row: {}, written: "4096", memory: "4096" },
    {
      what: "the config's current value without maxmem",
      row: {},
      written: "current=8192",
      memory: "8192",
    },
    { what: "omitted if unknown", row: {}, written: undefined, memory: undefined },
    { what: "omitted rather than 0", row: { maxmem: 0 }, written: undefined, memory: undefined },
  ])("memory is $what", async ({ row, written, memory }) => {
    expect((await guest101({ row, config: { memory: written } })).vm.memory).toBe(memory);
  });

  test("disk is never sent", async () => {
    const { vm } = await guest101({ row: { maxdisk: 32 * GIB, disk: 1 } });
    expect(Object.keys(vm)).not.toContain("disk");
  });

  test.each([[1, "on"], ["1", "on"], [0, "off"], ["0", "off"], [undefined, "off"]])(
    "onboot=%j becomes start_on_boot=%s",
    async (onboot, expected) => {
      expect((await guest101({ config: { onboot } })).vm.start_on_boot).toBe(expected);
    },
  );

  test("comments are the description, of any length, trimmed", async () => {
    const description = ` # Notes\n\n${"ünï ".repeat(3000)}\n`;
    const { vm } = await guest101({ config: { description } });
    expect(vm.comments).toBe(description.trim());
    expect((await guest101({ config: { description: " \n" } })).vm.comments).toBe(undefined);
  });

  test.each(["qemu", "lxc"] as const)(
    "a %s guest has its VMID, node and type in custom fields, as text",
    async (kind) => {
      const { vm } = await guest101({ kind, row: { vmid: "101" } });
      expect(vm.custom_fields).toEqual({
        proxmox_vmid: { text: "101" },
        proxmox_node: { text: "pve1" },
        proxmox_vm_type: { text: kind },
      });
    },
  );

  test("proxmox_ha_state is sent only for a guest with an HA state", async () => {
    const stateOf = async (hastate: unknown): Promise<unknown> =>
      (await guest101({ row: { hastate } })).vm.custom_fields["proxmox_ha_state"];
    expect(await stateOf("started")).toEqual({ text: "started" });
    expect(await stateOf("")).toBe(undefined);
    expect(await stateOf(null)).toBe(undefined);
  });

  test("texts are sent without NUL characters and trimmed", async () => {
    const { vm } = await guest101({
      row: { name: " w\u0000eb " },
      config: { description: "a\u0000b" },
    });
    expect([vm.name, vm.comments]).toEqual(["web", "ab"]);
  });
});

test("a field that exceeds a request on its own is left out, listed, and never cleared", async () => {
  const description = "ü".repeat(2 ** 21);
  const settings = { CLEAR_EMPTY: "true" };
  const outcome = await guest101({ config: { description }, row: { hastate: "x" } }, settings);
  expect(outcome.vm).not.toHaveProperty("comments");
  expect(outcome.vm.custom_fields).toHaveProperty("proxmox_ha_state");
  expect(outcome.reasonsOf("vm/101/comments")).toEqual(["too-long"]);
  const fits = "ü".repeat(2 ** 20);
  expect((await guest101({ config: { description: fits } })).vm.comments).toBe(fits);
});
