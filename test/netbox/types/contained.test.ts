/** An entity that says nothing new is not sent: whatever it lacks, NetBox keeps. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/base/json.ts";
import { isContained } from "../../../src/netbox/types/contained.ts";
import { naturalKey } from "../../../src/netbox/types/order.ts";
import { ModelNetBox } from "../../helpers/applied.ts";
import { type Emitted, transformed } from "../../helpers/in-memory.ts";
import { outcomeFor, SITE } from "../../helpers/respecting.ts";
import { snapshotIn } from "../../helpers/serving.ts";

/** The entities of two runs of the example: the second one finds in NetBox what the first one has made. */
const runs: { first: readonly Emitted[]; second: readonly Emitted[] } = { first: [], second: [] };

beforeAll(async () => {
  const netbox = new ModelNetBox();
  netbox.make("site", { name: "HQ" });
  const snapshot = await snapshotIn("snapshots/example");
  runs.first = (await outcomeFor(netbox, snapshot, SITE)).all;
  netbox.apply(runs.first);
  runs.second = (await outcomeFor(netbox, snapshot, SITE)).all;
});

function within(later: Emitted, earlier: Emitted): boolean {
  return later.step === earlier.step &&
    isContained(later.step, { later: later.entity as never, earlier: earlier.entity as never });
}

test("a second run says nothing new, and less", () => {
  const first = new Map(runs.first.map((each) => [keyOf(each), each]));
  const pairs = runs.second.map((later) => ({ later, earlier: first.get(keyOf(later)) }));
  const news = pairs.filter(({ later, earlier }) => !earlier || !within(later, earlier));
  expect(news).toEqual([]);
  const less = pairs.filter(({ later, earlier }) => textOf(later) !== textOf(earlier));
  expect(less.length).toBeGreaterThan(50);
  // The other way round it is new.
  expect(less.filter(({ later, earlier }) => earlier && within(earlier, later))).toEqual([]);
});

describe("laws:", () => {
  test("what is contained changes nothing in NetBox", async () => {
    const all = (await transformed(await snapshotIn("snapshots/example"), SITE)).all;
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    netbox.apply(all);
    let contained = 0;
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.infiniteStream(fc.nat(9)), (earlier, numbers) => {
        const later = { ...earlier, entity: without(earlier.entity, numbers) as never };
        if (!within(later, earlier)) return;
        contained += 1;
        expect(netbox.apply([later])).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
    expect(contained).toBeGreaterThan(200);
  });

  test("another value anywhere is new", () => {
    fc.assert(
      fc.property(fc.constantFrom(...runs.first), fc.nat(), (earlier, number) => {
        const paths = leaves(earlier.entity);
        const path = paths[number % paths.length] ?? [];
        const later = { ...earlier, entity: withOther(earlier.entity, path) as never };
        expect(within(later, earlier)).toBe(false);
        expect(within(earlier, earlier)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("is new:", () => {
  const site = { name: "HQ" };
  const vlan = { vid: "10", name: "VLAN 10", site } as const;
  const machine = { name: "web", cluster: { name: "lab", type: { name: "Proxmox" } } };

  test.each([
    ["a reference to another object", { untagged_vlan: { vid: "10", name: "VLAN 10" } }],
    ["a relation that is cleared", { untagged_vlan: {} }],
    ["a longer list", { tags: [{ name: "a" }, { name: "b" }] }],
    ["a shorter list", { tags: [] }],
    ["a field that was not sent", { mtu: "1500" }],
  ])("%s", (_, change) => {
    const earlier = {
      name: "net0",
      virtual_machine: machine,
      enabled: true,
      untagged_vlan: vlan,
      tags: [{ name: "a", slug: "a-1" }],
    };
    const entities = { later: { ...earlier, ...change } as never, earlier: earlier as never };
    expect(isContained("vm-interface", entities)).toBe(false);
  });
});

function keyOf({ step, entity }: Emitted): string {
  return `${step} ${naturalKey(step, entity as never)}`;
}

function textOf(emitted: Emitted | undefined): string {
  return canonicalJson(emitted?.entity ?? null);
}

/** Without some of the fields, at any depth. */
function without(value: unknown, numbers: Iterator<number>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(() => numbers.next().value !== 0)
      .map(([key, part]) => [key, without(part, numbers)]),
  );
}

/** The paths of all texts, numbers and flags. */
function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, key]));
}

function withOther(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    return typeof value === "boolean"
      ? !value
      : typeof value === "number"
      ? value + 1
      : `${String(value)}x`;
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => String(i) === key ? withOther(item, rest) : item);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [key]: withOther(fields[key], rest) };
}
