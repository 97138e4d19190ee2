/** Platform: of a node its Proxmox VE version; of a guest what its agent reports, or its OS type. */
import { describe, expect, test } from "vitest";
import type { Answer } from "../../../src/proxmox/answers.ts";
import { type Outcome, transformed } from "../../helpers/in-memory.ts";
import { guest101, lab, type LabGuest } from "../../helpers/lab.ts";

type Guest = Omit<LabGuest, "vmid">;

async function platformOf(guest: Guest, settings = {}): Promise<unknown> {
  return (await guest101(guest, settings)).vm.platform;
}

const AGENT = { agent: "1", ostype: "l26" };
const AGENT_FAILURES: readonly Answer[] = [
  { status: 500, error: "QEMU guest agent is not running" },
  { status: 200, data: { result: { error: { class: "CommandNotFound", desc: "not found" } } } },
  { failed: "timeout" },
];

describe("the platform of a guest", () => {
  test.each([
    [{ name: "Ubuntu", "version-id": "24.04" }, "Ubuntu 24.04"],
    [{ name: "Debian GNU/Linux", "version-id": 12 }, "Debian GNU/Linux 12"],
    [{ name: "Microsoft Windows", "version-id": "N/A" }, "Microsoft Windows"],
    [{ name: "Arch Linux" }, "Arch Linux"],
    [{ name: "Arch Linux", "version-id": "" }, "Arch Linux"],
  ])("is what its agent reports: %j", async (osinfo, name) => {
    expect(await platformOf({ config: AGENT, osinfo })).toEqual({ name });
  });

  test.each(AGENT_FAILURES)("is its OS type if the agent answers %j", async (osinfo) => {
    expect(await platformOf({ config: AGENT, osinfo })).toEqual({ name: "Linux" });
  });

  test("is its OS type if the agent reports no name or is not enabled", async () => {
    const osinfo = { "kernel-release": "13.1-RELEASE" };
    expect(await platformOf({ config: AGENT, osinfo })).toEqual({ name: "Linux" });
    expect(await platformOf({ config: { ostype: "win11" } })).toEqual({ name: "Windows 11/2022" });
  });

  test("is the OS type of a container", async () => {
    expect(await platformOf({ kind: "lxc", config: { ostype: "opensuse" } }))
      .toEqual({ name: "openSUSE" });
  });

  test("is an unknown OS type in title case", async () => {
    expect(await platformOf({ kind: "lxc", config: { ostype: "devuan" } }))
      .toEqual({ name: "Devuan" });
  });

  test.each(["other", "unmanaged", undefined])("is not sent for ostype=%j", async (ostype) => {
    const outcome = await guest101({ config: { ostype } });
    expect(outcome.vm.platform).toBe(undefined);
    expect(outcome.of("platform").map(({ name }) => name)).toEqual(["Proxmox VE 8.4"]);
  });

  test('is cleared with CLEAR_EMPTY for OS type "other", but not if the config was not read', async () => {
    const settings = { CLEAR_EMPTY: "true" };
    expect(await platformOf({ config: { ostype: "other" } }, settings)).toEqual({});
    expect(await platformOf({ config: { status: 595 } }, settings)).toBe(undefined);
  });

  test.each(AGENT_FAILURES)(
    "is not cleared with CLEAR_EMPTY if the agent answers %j: an earlier value stays",
    async (osinfo) => {
      const settings = { CLEAR_EMPTY: "true" };
      const config = { ...AGENT, ostype: "other" };
      expect(await platformOf({ config, osinfo }, settings)).toBe(undefined);
    },
  );

  test.each([
    ["the name from the agent", { config: { ostype: "other" }, osinfo: { name: ["Debian"] } }],
    ["the agent option", { config: { agent: { enabled: 1 }, ostype: "other" } }],
    ["its enabled flag", { config: { agent: "enabled=maybe", ostype: "other" } }],
  ])("is not cleared with CLEAR_EMPTY if it cannot be parsed: %s", async (_what, guest) => {
    expect(await platformOf(guest, { CLEAR_EMPTY: "true" })).toBe(undefined);
  });

  test.each(AGENT_FAILURES)(
    "is not sent with PLATFORM_WITHOUT_AGENT=keep if the agent answers %j",
    async (osinfo) => {
      const settings = { PLATFORM_WITHOUT_AGENT: "keep", CLEAR_EMPTY: "true" };
      expect(await platformOf({ config: AGENT, osinfo }, settings)).toBe(undefined);
    },
  );

  test("is its OS type with PLATFORM_WITHOUT_AGENT=keep if no agent is enabled", async () => {
    const settings = { PLATFORM_WITHOUT_AGENT: "keep" };
    for (const agent of [undefined, "0", "enabled=0,type=virtio", ""]) {
      expect(await platformOf({ config: { ...AGENT, agent } }, settings)).toEqual({
        name: "Linux",
      });
    }
    const osinfo = { name: "Debian", "version-id": "12" };
    expect(await platformOf({ config: AGENT, osinfo }, settings)).toEqual({ name: "Debian 12" });
  });

  test("is its OS type with PLATFORM_WITHOUT_AGENT=keep if the agent answers without a name", async () => {
    const guest = { config: AGENT, osinfo: { "kernel-release": "13.1-RELEASE" } };
    const settings = { PLATFORM_WITHOUT_AGENT: "keep" };
    expect(await platformOf(guest, settings)).toEqual({ name: "Linux" });
  });

  test("is cut to 100 characters, in the entity and in stubs", async () => {
    const { vm, of, notes } = await guest101({
      config: AGENT,
      osinfo: { name: "x".repeat(150) },
    });
    const [name] = of("platform").map((platform) => platform.name).filter((text) =>
      text[0] === "x"
    );
    expect(name?.length).toBe(100);
    expect(vm.platform).toEqual({ name });
    expect(notes.filter(({ what }) => what === "vm/101/platform")).toEqual([
      expect.objectContaining({
        code: "cut",
        answer: { file: "pve/nodes/pve1.json", path: "/nodes/pve1/qemu/101/agent/get-osinfo" },
      }),
    ]);
  });

  test("is cut to 100 characters, with a note about the config if the name is an OS type", async () => {
    const { notes } = await guest101({ kind: "lxc", config: { ostype: "x".repeat(150) } });
    expect(notes.map(({ what, answer }) => [what, answer.path]))
      .toEqual([["vm/101/platform", "/nodes/pve1/lxc/101/config?current=1"]]);
  });
});

describe("a missing answer of the agent is listed", () => {
  test.each(
    [
      ["agent-not-running", { status: 500, error: "QEMU guest agent is not running" }],
      ["agent-not-running", { status: 500, error: "VM 101 qga command failed - got timeout" }],
      ["agent-off", { status: 500, error: "No QEMU guest agent configured" }],
      ["guest-stopped", { status: 500, error: "VM 101 is not running" }],
      ["guest-stopped", { skipped: "guest-stopped" }],
      ["agent-off", { skipped: "agent-off" }],
      ["denied", { status: 403 }],
      ["failed", { failed: "reset" }],
      ["agent-error", { status: 200, data: { result: { error: { class: "Unsupported" } } } }],
      ["unparsable", { status: 200, data: { result: "?" } }],
      ["unparsable", { status: 200, data: null }],
    ] as const,
  )("as %s, once for both requests: %j", async (reason, answer) => {
    const outcome = await guest101({ config: AGENT, osinfo: answer, interfaces: answer });
    expect(outcome.leftOut.map(({ what, reason }) => [what, reason])).toEqual([
      ["vm/101/agent", reason],
    ]);
  });

  test("for each request if only one is missing", async () => {
    const outcome = await guest101({
      config: AGENT,
      osinfo: { name: "x" },
      interfaces: { status: 403 },
    });
    expect(outcome.reasonsOf("vm/101/agent/network-get-interfaces")).toEqual(["denied"]);
    expect(outcome.leftOut).toHaveLength(1);
  });

  test("with the reason from the config if the snapshot contains no answer", async () => {
    const reasons = async (guest: Guest): Promise<string[]> =>
      (await guest101(guest)).reasonsOf("vm/101/agent");
    expect(await reasons({ config: { agent: "0" } })).toEqual(["agent-off"]);
    expect(await reasons({ config: {} })).toEqual(["agent-off"]);
    expect(await reasons({ config: AGENT })).toEqual(["failed"]);
    expect(await reasons({ config: AGENT, row: { status: "stopped" } })).toEqual(["guest-stopped"]);
    expect(await reasons({ config: { status: 403 } })).toEqual(["denied"]);
  });
});

describe("the platform of a node", () => {
  test.each([
    ["pve-manager/8.4.14/b502d23c55afcba1", "Proxmox VE 8.4"],
    ["pve-manager/7.4-16/0f39f621", "Proxmox VE 7.4"],
    ["pve-manager/10.12.0/x", "Proxmox VE 10.12"],
  ])("for %s is %s", async (pveversion, name) => {
    const { of } = await transformed(lab({ nodes: { pve1: { status: { pveversion } } } }));
    expect(of("device")[0]?.platform).toEqual({ name });
    expect(of("platform").map((platform) => platform.name)).toEqual([name]);
  });

  test("may differ from that of other nodes", async () => {
    const status = { pveversion: "pve-manager/9.0.3/x" };
    const { of } = await transformed(
      lab({ nodes: { pve1: {}, pve2: { status }, pve3: { status } } }),
    );
    expect(of("platform").map(({ name }) => name)).toEqual(["Proxmox VE 8.4", "Proxmox VE 9.0"]);
  });

  test.each([
    ["node/pve1/status", { status: 403 }],
    ["node/pve1/pveversion", { pveversion: "pve-manager" }],
    ["node/pve1/pveversion", {}],
  ])("is omitted, and %s is listed, for %j", async (what, status) => {
    const outcome = await transformed(lab({ nodes: { pve1: { status } } }));
    expect(outcome.of("device")[0]?.platform).toBe(undefined);
    expect(outcome.reasonsOf(what)).toHaveLength(1);
  });
});

describe("platforms with the same slug in NetBox", () => {
  const guest = (vmid: number, name: string, more: Partial<LabGuest> = {}): LabGuest => ({
    vmid,
    config: AGENT,
    osinfo: { name },
    ...more,
  });
  const slugs = (outcome: Outcome): Record<string, string | undefined> =>
    Object.fromEntries(outcome.of("platform").map(({ name, slug }) => [name, slug]));

  test("get different slugs, in the entities and in all stubs", async () => {
    const outcome = await transformed(lab({
      nodes: { pve1: {}, pve2: {} },
      guests: [
        guest(101, "RouterOS 7.1.5"),
        guest(102, "RouterOS 7.15", { node: "pve2" }),
        guest(103, "Debian 12", { node: "pve2" }),
      ],
    }));
    expect(slugs(outcome)).toEqual({
      "Debian 12": undefined,
      "Proxmox VE 8.4": undefined,
      "RouterOS 7.1.5": "routeros-7-1-5-bad062",
      "RouterOS 7.15": "routeros-7-15-df34c9",
    });
    for (const { platform } of outcome.of("virtual-machine")) {
      const { name, slug } = platform as { name: string; slug?: string };
      expect(slug, name).toBe(slugs(outcome)[name]);
    }
  });

  test("are found across nodes and guests, OS types and agents, and clusters", async () => {
    const one = lab({
      guests: [guest(101, "proxmox ve 8.4"), { vmid: 102, config: { ostype: "l26" } }],
    });
    const other = lab({ cluster: "other", guests: [guest(101, "linux")] }, "other");
    expect(slugs(await transformed([one, other]))).toEqual({
      "Linux": "linux-4828e6",
      "Proxmox VE 8.4": "proxmox-ve-8-4-508275",
      "linux": undefined,
      "proxmox ve 8.4": "proxmox-ve-8-4-ce498b",
    });
  });

  test("are not found in guests that are left out", async () => {
    const guests = [guest(101, "Linux"), guest(102, "linux", { row: { template: 1 } })];
    expect(slugs(await transformed(lab({ guests })))).toEqual({
      "Linux": undefined,
      "Proxmox VE 8.4": undefined,
    });
  });

  test("are compared after names are cut", async () => {
    const guests = [guest(101, `${"x".repeat(99)} 1`), guest(102, `${"x".repeat(99)} 2`)];
    const names = Object.keys(slugs(await transformed(lab({ guests }))));
    expect(names).toHaveLength(3);
  });
});
