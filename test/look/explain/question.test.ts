/** The names that explain accepts, and the objects that they refer to. */
import { describe, expect, test } from "vitest";
import { shownSteps } from "../../../src/netbox/types/steps.ts";
import { explain } from "../../../src/look/explain/explain.ts";
import type { Explanation } from "../../../src/look/explain/explanation.ts";
import { explained, inputFrom, inputOf } from "../../helpers/explaining.ts";
import { lab } from "../../helpers/lab.ts";

function namesOf(explanations: readonly Explanation[]): string[] {
  return explanations.map(({ what }) => what);
}

describe("explain finds an object by the name", () => {
  test.each([
    ["vm/101", "vm/101"],
    ["vm/git", "vm/101"],
    ["virtual-machine/git", "vm/101"],
    ["virtual-machine/101", "vm/101"],
    ["vm/WIKI (118)", "vm/118"],
    ["vm/WIKI", "vm/118"],
    ["node/pve1", "node/pve1"],
    ["device/pve1", "node/pve1"],
    ["nic/101/net0", "vm/101/net0"],
    ["nic/git/net0", "vm/101/net0"],
    ["nic/dns1/eth0", "vm/110/net0"],
    ["vm-interface/git/net0", "vm/101/net0"],
    ["mac/BC:24:11:1B:D2:87", "vm/101/net0"],
    ["mac/bc-24-11-1b-d2-87", "vm/101/net0"],
    ["mac/bc24.111b.d287", "vm/101/net0"],
    ["disk/101/scsi0", "vm/101/scsi0"],
    ["virtual-disk/git/scsi0", "vm/101/scsi0"],
    ["interface/pve1/vmbr0.10", "node/pve1/vmbr0.10"],
    ["ip/10.20.20.21", "vm/101/net0/10.20.20.21/24"],
    ["ip/10.20.20.21/24", "vm/101/net0/10.20.20.21/24"],
    ["ip/2001:DB8:20:20:0::21", "vm/101/net0/2001:db8:20:20::21/64"],
    ["prefix/10.20.10.0/24", "prefix/10.20.10.0/24"],
    ["vlan/30", "vlan/30"],
    ["tag/c++", "tag/c++"],
    ["tag/c-cedb1b", "tag/c++"],
    ["platform/Windows 8/2012", "platform/Windows 8/2012"],
    ["cluster/brightwater", "cluster/brightwater"],
    ["cluster-type/Proxmox", "cluster-type/Proxmox"],
    ["custom-field/proxmox_vmid", "custom-field/proxmox_vmid"],
  ])("%s", async (typed, what) => {
    const explanations = await explained(typed);
    expect(namesOf(explanations)).toEqual([what]);
    expect(explanations[0]?.entities.length).toBeGreaterThan(0);
    expect(explanations[0]?.entities[0]?.what).toBe(what);
  });

  test.each([
    ["vm/9000", "vm/9000", "template"],
    ["vm/tmpl-debian-12", "vm/9000", "template"],
    ["vm/133", "vm/133", "no-name"],
    ["vm/oldcal", "resource/openvz/134", "other-type"],
    ["vm/134", "resource/openvz/134", "other-type"],
    ["disk/101/ide2", "vm/101/ide2", "cdrom"],
    ["vm/109/agent", "vm/109/agent", "agent-off"],
    ["interface/pve1/bond0", "node/pve1/bond0", "no-address"],
    ["ip/172.18.0.1", "vm/101/agent/br-5e0d1c77a2f4/172.18.0.1/16", "mac-unknown"],
  ])("%s, also if it was left out", async (typed, what, reason) => {
    const explanations = await explained(typed);
    expect(namesOf(explanations)).toEqual([what]);
    expect(explanations[0]?.entities).toEqual([]);
    expect(explanations[0]?.left_out.map((record) => record.reason)).toEqual([reason]);
  });
});

describe("explain shows all objects with the same name", () => {
  const guests = [
    { vmid: 101, row: { name: "web" } },
    { vmid: 102, row: { name: "web" } },
    { vmid: 205, row: { name: "101" } },
  ];
  const input = inputFrom(lab({ guests }));

  test("for two guests with the same name", async () => {
    expect(namesOf(await explain(input, "vm/web"))).toEqual(["vm/101", "vm/102"]);
    expect(namesOf(await explain(input, "vm/web (102)"))).toEqual(["vm/102"]);
  });

  test("for the VMID of one guest that is the name of another", async () => {
    expect(namesOf(await explain(input, "vm/101"))).toEqual(["vm/101", "vm/205"]);
  });

  test("for an address that is left out elsewhere as a duplicate", async () => {
    const explanations = await explained("ip/192.168.99.1");
    expect(explanations.map(({ what, entities, left_out: leftOut }) => [
      what,
      entities.length,
      leftOut.map(({ reason }) => reason),
    ])).toEqual([
      ["node/pve1/vmbr1/192.168.99.1/24", 1, []],
      ["node/pve2/vmbr1/192.168.99.1/24", 0, ["duplicate-address"]],
      ["node/pve3/vmbr1/192.168.99.1/24", 0, ["duplicate-address"]],
      ["vm/114/net2/192.168.99.1/24", 0, ["duplicate-address"]],
    ]);
  });

  test("for a VLAN in two sites", async () => {
    const input = await inputOf("test/fixtures/two-sites", { nodes: "*" });
    const [vlan] = await explain(input, "vlan/70");
    expect(vlan?.entities.map(({ name }) => name)).toEqual([
      "70 at Bristol Yard",
      "70 at Leeds Depot",
    ]);
  });
});

describe("a name with too many matches", () => {
  const NIC = "BC:24:11:00:00:0A";
  const guests = Array.from({ length: 11 }, (_, i) => ({
    vmid: 101 + i,
    config: { net0: `virtio=${NIC}` },
    interfaces: [{
      "name": "docker0",
      "hardware-address": "02:42:00:00:00:01",
      "ip-addresses": [{ "ip-address": "172.17.0.1", "prefix": 16 }],
    }],
  }));
  const input = inputFrom(lab({ guests }));

  test("is rejected with the first matches", async () => {
    for (const typed of ["nic/net0", `mac/${NIC}`]) {
      await expect(explain(input, typed)).rejects.toMatchObject({
        kind: "usage",
        message: `"${typed}" matches 11 things`,
        hint: expect.stringMatching(/vm\/101\/net0, vm\/102\/net0, .*, …$/),
      });
    }
  });

  test("is explained if all matches were left out", async () => {
    const explanations = await explain(input, "ip/172.17.0.1");
    expect(explanations).toHaveLength(11);
    expect(explanations.flatMap(({ entities }) => entities)).toEqual([]);
  });
});

describe("explain for a line of an entity file", () => {
  test("shows its entity", async () => {
    const input = await inputOf("snapshots/example");
    const files = input.entities?.files ?? [];
    expect(files).toHaveLength(shownSteps({}).length);
    for (const { path, step } of files) {
      const [explanation, ...others] = await explain(input, `${path}:2`);
      expect(others).toEqual([]);
      expect(explanation?.entities).toMatchObject([{ step, line: { file: path, line: 2 } }]);
    }
  });

  test.each([
    "11-virtual-machine-0001.json:3",
    "/mnt/example/netbox/11-virtual-machine-0001.json:3",
  ])(
    "accepts %s",
    async (typed) => {
      const [explanation] = await explained(typed);
      expect(explanation).toMatchObject({ what: "vm/101", entities: [{ what: "vm/101" }] });
    },
  );

  test("finds the entity by its natural key if other settings change its fields", async () => {
    const input = await inputOf("snapshots/example", { DISK_BASE_UNIT: "1000" });
    const [explanation] = await explain(input, "netbox/12-virtual-disk-0001.json:3");
    expect(explanation?.what).toBe("vm/101/scsi0");
    expect(explanation?.entities[0]).not.toHaveProperty("line");
  });

  test.each([
    ["netbox/11-virtual-machine-0001.json:1", /No entity in line 1 of/, /2 to 38/],
    ["netbox/11-virtual-machine-0001.json:39", /No entity in line 39 of/, /2 to 38/],
    ["netbox/11-virtual-machine-0002.json:2", /No "netbox\/11-virtual-machine-0002/, /0001/],
  ])("rejects %s, which has no entity", async (typed, message, hint) => {
    await expect(explained(typed)).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  test("fails with a hint if the snapshot was not transformed", async () => {
    const input = await inputOf("test/fixtures/pve9");
    await expect(explain(input, "netbox/11-virtual-machine-0001.json:2")).rejects.toMatchObject({
      kind: "usage",
      hint: expect.stringContaining("transform"),
    });
  });

  test("fails if the given settings do not produce the entity", async () => {
    const input = await inputOf("snapshots/example", { nodes: "pve2" });
    await expect(explain(input, "netbox/11-virtual-machine-0001.json:3")).rejects.toMatchObject({
      kind: "usage",
      hint: expect.stringContaining("transform it again"),
    });
  });
});

describe("an unknown name is rejected", () => {
  test.each([
    ["vm/gti", "vm/git"],
    ["vm/GIT", "vm/git"],
    ["git", "vm/git"],
    ["node/git", "vm/git"],
    ["tag/porxmox-ve", "tag/proxmox-ve"],
    ["vm/900", "vm/9000"],
    ["disk/101/scsi9", "disk/101/scsi0"],
  ])("with similar names: %s", async (typed, near) => {
    await expect(explained(typed)).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(`"${typed}"`),
      hint: expect.stringContaining(near),
    });
  });

  test.each(["", "vm", "/", "nonsense/xyzzy", "__proto__/x", "vm/\u0000\u0000\u0000\u0000"])(
    "with the list of object types: %j",
    async (typed) => {
      await expect(explained(typed)).rejects.toMatchObject({
        kind: "usage",
        hint: expect.stringMatching(/vlan.*mac/),
      });
    },
  );

  test("without suggesting very long names", async () => {
    const guests = [{ vmid: 101, row: { name: `web${"x".repeat(100_000)}` } }];
    const refused = explain(inputFrom(lab({ guests })), "vm/web");
    await expect(refused).rejects.toMatchObject({ kind: "usage" });
    await refused.catch((error: { hint: string }) => expect(error.hint.length).toBeLessThan(500));
  });
});

test("explain finds a node interface by its MAC address", async () => {
  const nic = { iface: "nic0", type: "eth", altnames: ["enx0c42a17f1a30"] };
  const snapshot = lab({ nodes: { pve1: { network: [nic] } } });
  const input = inputFrom(snapshot, { ALL_INTERFACES: "true" });
  expect(namesOf(await explain(input, "mac/0c42.a17f.1a30"))).toEqual(["node/pve1/nic0"]);
});
