/** Which names need an explicit slug to stay distinct in NetBox, and which slug they get. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { autoSlug } from "../../src/netbox/names.ts";
import type { Device } from "../../src/netbox/types/device.ts";
import type { Slugged } from "../../src/netbox/types/shape.ts";
import { SlugNames } from "../../src/transform/slugs.ts";
import { anyText } from "../helpers/arbitraries.ts";

/** Few letters, so that names often differ only in punctuation or case. */
const closeName = fc.string({ unit: fc.constantFrom(..."aAb.+-_ é"), minLength: 1, maxLength: 5 });
const anyName = fc.oneof(
  closeName,
  anyText().filter((text) => text !== ""),
  fc.string({ minLength: 90, maxLength: 100, size: "max" }),
  fc.string({ unit: fc.constantFrom("㎢", "日", "a"), minLength: 30, maxLength: 100, size: "max" }),
);

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 6);
}

function slugsOf(names: readonly string[], kind: Slugged = "platform"): Map<string, string> {
  const all = new SlugNames();
  for (const name of names) all.see(kind, name);
  const slugs = all.slugs();
  const sent = names.map((name) => [name, slugs.of(kind, name)] as const);
  return new Map(sent.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

describe("an explicit slug is sent for a name", () => {
  test.each<[string, string[], string[]]>([
    ["that differs from another only in dots", ["RouterOS 7.1.5", "RouterOS 7.15", "Debian 12"], [
      "routeros-7-1-5-",
      "routeros-7-15-",
    ]],
    ["that differs from another only in case", ["Ubuntu 24.04", "ubuntu 24.04"], [
      "ubuntu-24-04-",
      "ubuntu-24-04-",
    ]],
    ["from which NetBox can make no slug", ["+++", "Linux", "日本"], ["", ""]],
    ["whose slug would be too long for NetBox", ["㎢".repeat(50), "Linux"], [""]],
  ])("%s: %j", (_, names, starts) => {
    const slugs = [...slugsOf(names)];
    expect(slugs).toHaveLength(starts.length);
    slugs.forEach(([name, slug], i) => expect(slug).toBe(`${starts[i]}${hashOf(name)}`));
  });

  test.each([[["Linux"]], [["Prod", "ubuntu-24.04", "c++", "web"]], [["a", "b", "a-b"]]])(
    "but not if NetBox's own slugs are distinct: %j",
    (names) => {
      expect(slugsOf(names)).toEqual(new Map());
    },
  );

  test("but not if only another type of object has that name", () => {
    const names = new SlugNames();
    names.see("tag", "Linux");
    names.see("platform", "linux");
    const slugs = names.slugs();
    expect([slugs.of("tag", "Linux"), slugs.of("platform", "linux")]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("but not if the name equals its slug: only the other name gets one", () => {
    expect([...slugsOf(["prod", "Prod"], "tag")]).toEqual([["Prod", "prod-5f5635"]]);
    expect([...slugsOf(["c", "c++", "C"], "tag")].map(([name]) => name)).toEqual(["c++", "C"]);
  });

  test("and equals no other name in the set", () => {
    const third = `a-b-${hashOf("a.b")}`;
    const slugs = slugsOf(["a.b", "ab", third]);
    expect(slugs.get("a.b")).toBe(`a-b-${hashOf("a.b 2")}`);
    expect([...slugs.keys()]).toEqual(["a.b"]);
  });
});

test("all names get different, valid slugs in NetBox", () => {
  fc.assert(fc.property(fc.uniqueArray(anyName, { minLength: 1, maxLength: 12 }), (names) => {
    const own = slugsOf(names);
    const all = names.map((name) => own.get(name) ?? autoSlug(name));
    expect(new Set(all).size).toBe(names.length);
    for (const slug of all) expect(slug).toMatch(/^[-a-z0-9_]{1,100}$/);
    // An explicit slug must not equal the slug that Django makes from another name.
    const auto = new Set(names.map(autoSlug));
    for (const slug of own.values()) expect(auto.has(slug)).toBe(false);
  }));
});

test("an explicit slug is sent only for names that need one", () => {
  fc.assert(fc.property(fc.uniqueArray(anyName, { maxLength: 12 }), (names) => {
    for (const name of slugsOf(names).keys()) {
      const auto = autoSlug(name);
      const sharing = names.filter((other) => autoSlug(other) === auto);
      expect(name).not.toBe(auto);
      expect(sharing.length > 1 || auto === "" || auto.length > 100, name).toBe(true);
    }
  }));
});

test("slugs do not depend on the order of names", () => {
  fc.assert(fc.property(fc.uniqueArray(closeName), (names) => {
    const slugs = Object.fromEntries(slugsOf(names));
    expect(Object.fromEntries(slugsOf([...names, ...names].toReversed()))).toEqual(slugs);
  }));
});

test("stubs get the slug of their own object type, and all other values stay unchanged", () => {
  const names = new SlugNames();
  const kinds: Slugged[] = [
    "device-role",
    "device-type",
    "manufacturer",
    "platform",
    "site",
    "tag",
    "tenant",
  ];
  for (const kind of kinds) {
    names.see(kind, "+");
    names.see(kind, "plain");
  }
  const slug = hashOf("+");
  const named = { name: "+" };
  const slugged = { name: "+", slug };
  const entity = {
    name: "+",
    type: named,
    status: "active",
    device_type: { manufacturer: { ...named, tags: [named] }, model: "+" },
    role: named,
    site: named,
    tenant: named,
    platform: { name: "plain" },
    cluster: { name: "+", type: named, scope_site: named },
    tags: [{ name: "plain" }, named],
    custom_fields: { proxmox_node: { text: "+" } },
    untagged_vlan: {},
  };
  expect(names.slugs().onStubs("device", entity as object as Device)).toEqual({
    ...entity,
    device_type: { manufacturer: { ...slugged, tags: [slugged] }, model: "+", slug },
    role: slugged,
    site: slugged,
    tenant: slugged,
    cluster: { name: "+", type: named, scope_site: slugged },
    tags: [{ name: "plain" }, slugged],
  });
  expect(new SlugNames().slugs().onStubs("device", entity as object as Device)).toBe(entity);
});
