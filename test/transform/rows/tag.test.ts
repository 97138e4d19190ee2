/** Tag: global tags, the host tag and guest tags. Each test covers one rule of the mapping. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { autoSlug } from "../../../src/netbox/names.ts";
import type { Tag } from "../../../src/netbox/types/tag.ts";
import { transformed } from "../../helpers/in-memory.ts";
import { guest101, lab } from "../../helpers/lab.ts";

const GLOBAL = ["proxmox-ve", "discovered", "proxmox-pve1.example.net"];

/** The names of the guest tags on the VM, without the global tags. */
async function tagsOf(tags: unknown, config: Record<string, unknown> = {}): Promise<string[]> {
  const { vm } = await guest101({ row: { tags }, config });
  const names = vm.tags.map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(GLOBAL);
  return names.slice(3);
}

async function entitiesOf(...tags: unknown[]): Promise<Tag[]> {
  const guests = tags.map((each, i) => ({ vmid: 101 + i, row: { tags: each } }));
  return (await transformed(lab({ guests }))).of("tag");
}

function sixDigits(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 6);
}

describe("the tags of a guest", () => {
  test.each([
    ["prod;web", ["prod", "web"]],
    ["web;prod;web", ["prod", "web"]],
    ["one, two, three", ["one", "three", "two"]],
    ["one two\tthree", ["one", "three", "two"]],
    [";;web;", ["web"]],
    [" ", []],
    ["", []],
    ["tag10;tag9", ["tag9", "tag10"]],
    [undefined, []],
    [null, []],
    [7, ["7"]],
  ])("%j gives %j, after the global tags", async (tags, expected) => {
    expect((await tagsOf(tags)).toSorted()).toEqual(expected.toSorted());
  });

  test("come from the config if the listing has none, as before PVE 7.2", async () => {
    expect(await tagsOf(undefined, { tags: "old;ones" })).toEqual(["old", "ones"]);
    expect(await tagsOf("new", { tags: "old" })).toEqual(["new"]);
  });

  test("are cut to 100 characters, and that is noted", async () => {
    const outcome = await guest101({ row: { tags: `web;${"t".repeat(101)}` }, config: {} });
    const long = outcome.vm.tags.find(({ name }) => name.startsWith("tt"));
    expect(long?.name).toHaveLength(100);
    expect(outcome.codesOf("vm/101/tags")).toEqual(["cut"]);
  });

  test.each([
    ["cut", "t".repeat(101)],
    ["too-long", "t".repeat(20_000)],
  ])("that are %s are listed with the answer that has them", async (_, tags) => {
    const pathOf = async (guest: Parameters<typeof guest101>[0]): Promise<string[]> => {
      const { notes, leftOut } = await guest101(guest);
      const about = [...notes, ...leftOut].filter(({ what }) => what === "vm/101/tags");
      return about.map(({ answer }) => answer.path);
    };
    expect(await pathOf({ row: { tags }, config: {} })).toEqual(["/cluster/resources?type=vm"]);
    expect(await pathOf({ config: { tags } })).toEqual(["/nodes/pve1/qemu/101/config?current=1"]);
  });

  test("that equal a global tag are sent once, as the global tag", async () => {
    expect(await tagsOf("discovered;proxmox-ve;web;proxmox-pve1.example.net")).toEqual(["web"]);
    const tags = await entitiesOf("discovered;proxmox-pve1.example.net");
    expect(tags.map(({ name, color }) => [name, color])).toEqual([
      ["discovered", "198754"],
      ["proxmox-pve1.example.net", "fd7e14"],
      ["proxmox-ve", "e57000"],
    ]);
  });

  test("are sent once each, in natural order and without a color", async () => {
    const tags = await entitiesOf("t10;t9", "t9;Alpha");
    expect(tags.map(({ name }) => name)).toEqual(["Alpha", ...GLOBAL.toSorted(), "t9", "t10"]);
    expect(tags.filter(({ name }) => /^(?:t|A)/.test(name)).map(({ color }) => color))
      .toEqual([undefined, undefined, undefined]);
  });

  test("that differ only in case are two tags", async () => {
    expect((await tagsOf("prod;Prod")).toSorted()).toEqual(["Prod", "prod"]);
  });

  test("are set on the VM only, not on its NICs and disks", async () => {
    const config = { net0: "virtio", scsi0: "local:a,size=1G" };
    const outcome = await guest101({ row: { tags: "web" }, config });
    for (const { tags } of [...outcome.of("vm-interface"), ...outcome.of("virtual-disk")]) {
      expect(tags.map(({ name }) => name)).toEqual(GLOBAL);
    }
  });

  test("are not sent if the guest is left out", async () => {
    const outcome = await guest101({ row: { tags: "web", template: 1 } });
    expect(outcome.of("tag").map(({ name }) => name)).toEqual(GLOBAL.toSorted());
  });
});

describe("the slug of a tag", () => {
  test.each(["web", "a.b", "Prod", "c++", "discovered", "ubuntu-24.04"])(
    "is not sent for %s alone, so that NetBox keeps its own",
    async (name) => {
      const outcome = await guest101({ row: { tags: `${name};other` } });
      for (const tag of [...outcome.of("tag"), ...outcome.vm.tags]) {
        expect(tag.slug).toBe(undefined);
      }
    },
  );

  test("is sent for two tags with the same slug, in every entity, and for no others", async () => {
    const guests = ["A.B;web", "a+b"].map((tags, i) => ({ vmid: 101 + i, row: { tags } }));
    const outcome = await transformed(lab({ guests }));
    const expected = {
      "A.B": `a-b-${sixDigits("A.B")}`,
      "a+b": `a-b-${sixDigits("a+b")}`,
      "web": undefined,
    };
    const slugs = Object.fromEntries(outcome.of("tag").map(({ name, slug }) => [name, slug]));
    expect(slugs).toMatchObject(expected);
    for (const { tags } of outcome.of("virtual-machine")) {
      for (const { name, slug } of tags) expect(slug, name).toBe(slugs[name]);
    }
  });

  test("is not sent for a tag whose name is the slug: only the other tag gets one", async () => {
    const { vm } = await guest101({ row: { tags: "Discovered;Proxmox-VE" } });
    expect(vm.tags.map(({ name, slug }) => [name, slug])).toEqual([
      ...GLOBAL.map((name) => [name, undefined]),
      ["Discovered", `discovered-${sixDigits("Discovered")}`],
      ["Proxmox-VE", `proxmox-ve-${sixDigits("Proxmox-VE")}`],
    ]);
  });

  test("is unique, and the same in every stub", async () => {
    const outcome = await guest101({ row: { tags: "a.b;a-b;ab;AB;a+b;prod;Prod;C;c;c++" } });
    const slugs = new Map(outcome.of("tag").map(({ name, slug }) => [name, slug]));
    const inNetBox = [...slugs].map(([name, slug]) => slug ?? autoSlug(name));
    expect(new Set(inNetBox).size).toBe(13);
    for (const { name, slug } of outcome.vm.tags) expect(slug).toBe(slugs.get(name));
  });

  test("is valid in NetBox for any name", async () => {
    const names = ["ünï", "日本", "!!!", "-", "x".repeat(300), "🦊".repeat(90), "㎢".repeat(60)];
    for (const { name, slug } of await entitiesOf(names.join(";"))) {
      expect(slug ?? autoSlug(name), name).toMatch(/^[-a-zA-Z0-9_]{1,100}$/);
      expect([...name].length, slug).toBeLessThan(101);
    }
  });

  test("is also sent for tags from the config, if the listing has none", async () => {
    const outcome = await transformed(lab({
      guests: [
        { vmid: 101, row: { tags: "" }, config: { tags: "a.b" } },
        { vmid: 102, row: { tags: "AB" }, config: { tags: "A.B" } },
      ],
    }));
    const sent = outcome.of("tag").filter(({ slug }) => slug !== undefined);
    expect(sent.map(({ name }) => name)).toEqual(["AB", "a.b"]);
  });

  test("is not affected by tags of a guest that is left out", async () => {
    const guests = [{ vmid: 101, row: { tags: "web" } }, {
      vmid: 102,
      row: { tags: "Web", template: 1 },
    }];
    const { of } = await transformed(lab({ guests }));
    expect(of("tag").map(({ slug }) => slug)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("the host tag", () => {
  test.each([
    ["pve1.example.net", "proxmox-pve1.example.net"],
    ["pve1.example.net:8006", "proxmox-pve1.example.net"],
    ["PVE1", "proxmox-PVE1"],
    ["192.0.2.10", "proxmox-192.0.2.10"],
    ["[2001:db8::1]:8006", "proxmox-2001:db8::1"],
  ])("for %s is %s: as written, without the port", async (host, name) => {
    const outcome = await transformed(lab({ host }));
    expect(outcome.of("tag").find(({ color }) => color === "fd7e14")?.name).toBe(name);
  });

  test("and the global tags have the colors of the mapping document", async () => {
    const colors = (await entitiesOf()).map(({ name, color }) => [name, color]);
    expect(Object.fromEntries(colors)).toEqual({
      "proxmox-ve": "e57000",
      "discovered": "198754",
      "proxmox-pve1.example.net": "fd7e14",
    });
  });

  test('for the host "ve" equals the global tag, which is sent once', async () => {
    const labs = [lab({ host: "ve", guests: [{ vmid: 101, row: { tags: "proxmox-ve;web" } }] })];
    const other = lab({ host: "pve2", cluster: "other", nodes: { pve2: {} } }, "other");
    for (const snapshots of [labs, [...labs, other]]) {
      const outcome = await transformed(snapshots);
      for (const { entity } of outcome.all) {
        const names = "tags" in entity ? entity.tags.map(({ name }) => name) : [];
        expect(names).toEqual([...new Set(names)]);
      }
      expect(outcome.of("tag").filter(({ name }) => name === "proxmox-ve"))
        .toEqual([{ name: "proxmox-ve", color: "e57000" }]);
    }
  });

  test('for the host "VE" differs from the global tag', async () => {
    const outcome = await transformed(lab({ host: "VE" }));
    const slugs = outcome.of("tag").map(({ name, slug }) => [name, slug]);
    expect(slugs).toEqual([
      ["discovered", undefined],
      ["proxmox-VE", `proxmox-ve-${sixDigits("proxmox-VE")}`],
      ["proxmox-ve", undefined],
    ]);
  });
});
