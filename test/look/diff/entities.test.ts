import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareCodeUnits } from "../../../src/base/natural-order.ts";
import { diffEntities } from "../../../src/look/diff/diff-entities.ts";
import { isDifferent, type RunDifferences } from "../../../src/look/diff/differences.ts";
import { openEntities } from "../../../src/run-folder/entity-set.ts";
import { openStore } from "../../../src/run-folder/store/store.ts";
import {
  addressOf,
  buildSet,
  device,
  disk,
  nic,
  platform,
  type SetFacts,
  type SetParts,
  tag,
  vlan,
  vm,
} from "../../helpers/entity-set.ts";
import { ROOT } from "../../helpers/golden.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { swapSides } from "../../helpers/swap-sides.ts";

const NOTHING = { added: [], changed: [], gone: [], unread: [], unreadBefore: [] };

interface Side extends SetFacts {
  readonly parts: SetParts;
}

async function diff(a: Side, b: Side): Promise<RunDifferences> {
  return diffEntities(
    await buildSet(await tempFolder(), a.parts, a),
    await buildSet(await tempFolder(), b.parts, b),
  );
}

function onNode(node: string, name: string) {
  return vm(name, {
    custom_fields: { proxmox_vmid: { text: "101" }, proxmox_node: { text: node } },
  });
}

test("what a transform with a target leaves out once NetBox has the object is no difference", async () => {
  const cluster = { name: "lab", type: { name: "Proxmox" } };
  const before = vm("web", { cluster, site: { name: "HQ" }, comments: "Ask Kim" });
  const { site: _, ...rest } = before;
  const known = { ...rest, cluster: { name: "lab" } };
  const { comments: __, ...silent } = known;
  const side = (web: typeof before): Side => ({ parts: { "virtual-machine": [[web]] } });
  expect(await diff(side(before), side(known))).toEqual(NOTHING);
  const { changed } = await diff(side(before), side(silent));
  expect(changed.map(({ fields }) => fields)).toEqual([
    [{ field: "comments", before: "Ask Kim", after: undefined }],
  ]);
  const { changed: other } = await diff(side(before), side({ ...before, site: { name: "North" } }));
  expect(other.map(({ fields }) => fields)).toEqual([
    [{ field: "site.name", before: "HQ", after: "North" }],
  ]);
});

describe("a virtual machine", () => {
  test("that is renamed and moved keeps its NICs, disks and addresses", async () => {
    const side = (name: string, node: string): Side => ({
      parts: {
        "virtual-machine": [[onNode(node, name)]],
        "vm-interface": [[nic(name, "net0")]],
        "virtual-disk": [[disk(name, "scsi0")]],
        "ip-address": [[addressOf(name, "10.0.0.5/24")]],
      },
    });
    expect(await diff(side("web-01", "pve1"), side("web-02", "pve2"))).toEqual({
      ...NOTHING,
      changed: [{
        what: "virtual-machine web-02",
        node: "pve2",
        renamed: { before: "web-01", after: "web-02" },
        moved: { before: "pve1", after: "pve2" },
        fields: [],
      }],
    });
  });

  test("that takes the name of another VM is still a different VM", async () => {
    const side = (first: string, second: string): Side => ({
      parts: { "virtual-machine": [[vm(first, {}, 101), vm(second, {}, 102)]] },
    });
    const { changed, ...others } = await diff(side("a", "b"), side("b", "a"));
    expect(others).toEqual({ ...NOTHING, changed: undefined });
    expect(changed.map(({ renamed }) => renamed)).toEqual([
      { before: "b", after: "a" },
      { before: "a", after: "b" },
    ]);
  });

  test("with the same VMID in another cluster is a different VM", async () => {
    const other = vm("web", { cluster: { name: "other", type: { name: "Proxmox" } } });
    const { gone, added } = await diff({ parts: { "virtual-machine": [[vm("web")]] } }, {
      parts: { "virtual-machine": [[other]] },
    });
    expect([gone.length, added.length]).toEqual([1, 1]);
  });

  test("is compared field by field, and the order of tags is not a difference", async () => {
    const [a, b] = [tag("a"), tag("b")];
    const { changed } = await diff(
      {
        parts: {
          "virtual-machine": [[
            vm("web", {
              memory: "1024",
              tags: [a, b],
            }),
          ]],
        },
      },
      {
        parts: {
          "virtual-machine": [[
            vm("web", { vcpus: 2, tags: [b, a] }),
          ]],
        },
      },
    );
    expect(changed[0]?.fields).toEqual([
      { field: "memory", before: "1024", after: undefined },
      { field: "vcpus", before: undefined, after: "2" },
    ]);
  });
});

test("timestamps and the split into files are not differences", async () => {
  const a = { parts: { tag: [[tag("a"), tag("b"), tag("c")]] }, time: "2026-01-02T03:04:05Z" };
  const b = { parts: { tag: [[tag("a")], [tag("b"), tag("c")]] }, time: "2027-01-02T03:04:05Z" };
  expect(await diff(a, b)).toEqual(NOTHING);
});

test("entities on one side only are added or gone, by step and name", async () => {
  const a = { parts: { tag: [[tag("old")]], vlan: [[vlan("30")]] } };
  const b = { parts: { tag: [[tag("new")]], vlan: [[vlan("40")]] } };
  expect(await diff(a, b)).toEqual({
    ...NOTHING,
    added: [{ what: "tag new" }, { what: "vlan 40 at HQ" }],
    gone: [{ what: "tag old" }, { what: "vlan 30 at HQ" }],
  });
});

test("entities with unexpected values are compared, too", async () => {
  const odd = { ...vm("web"), tags: [null, 7], custom_fields: null } as never;
  const { changed } = await diff({ parts: { "virtual-machine": [[odd]] } }, {
    parts: { "virtual-machine": [[{ ...vm("web"), custom_fields: {} }]] },
  });
  expect(changed.map(({ what, fields }) => [what, fields])).toEqual([
    ["virtual-machine web", [{ field: "tags", before: "undefined, undefined", after: undefined }]],
  ]);
});

test("a new description of a guest without an agent is a change, and a new platform may be an old one", async () => {
  const leftOut = [{ what: "vm/101/agent", reason: "agent-off" as const }];
  const now = vm("web-01", { comments: "Shop", platform: { name: "Debian 13" } });
  const { changed, unreadBefore } = await diff(
    { parts: { "virtual-machine": [[vm("web-01")]] }, leftOut },
    { parts: { "virtual-machine": [[now]] }, leftOut },
  );
  expect(changed[0]?.fields).toEqual([{ field: "comments", before: undefined, after: "Shop" }]);
  expect(unreadBefore).toMatchObject([{ parts: ["platform"], reason: "agent-off" }]);
});

describe("entities that were not read for b are never gone", () => {
  test("if the answer that they come from failed", async () => {
    const machine = { "virtual-machine": [[vm("web")]] };
    const a = { parts: { ...machine, "vm-interface": [[nic("web", "net0")]] } };
    const b: Side = { parts: machine, leftOut: [{ what: "vm/101/config", reason: "denied" }] };
    const unread = [{
      what: "vm-interface web/net0",
      parts: [],
      reason: "denied",
      detail: "denied",
    }];
    const there = await diff(a, b);
    expect(there).toEqual({ ...NOTHING, unread });
    expect(isDifferent(there)).toBe(true);
    expect(await diff(b, a)).toEqual({ ...NOTHING, unreadBefore: unread });
  });

  test("if only some fields were not read, while others changed", async () => {
    const a = { parts: { "virtual-machine": [[vm("web", { platform: platform("Debian") })]] } };
    const b: Side = {
      parts: { "virtual-machine": [[vm("web", { vcpus: 4 })]] },
      leftOut: [{ what: "vm/101/agent", reason: "agent-not-running" }],
    };
    const { changed, unread } = await diff(a, b);
    expect(changed[0]?.fields).toEqual([{ field: "vcpus", before: undefined, after: "4" }]);
    expect(unread).toMatchObject([{
      what: "virtual-machine web",
      parts: ["platform"],
      reason: "agent-not-running",
    }]);
  });

  test("if their node is offline", async () => {
    const off = { custom_fields: {}, status: "offline" } as const;
    const a = {
      parts: {
        device: [[device("pve1", { custom_fields: { proxmox_cpu_count: { integer: "8" } } })]],
      },
    };
    const b: Side = {
      parts: { device: [[device("pve1", off)]] },
      leftOut: [{ what: "node/pve1/status", reason: "unreachable" }],
    };
    const { changed, unread } = await diff(a, b);
    expect(changed[0]?.fields).toEqual([{ field: "status", before: "active", after: "offline" }]);
    expect(unread).toMatchObject([{ parts: ["custom_fields.proxmox_cpu_count"] }]);
  });
});

const GOLDEN = [
  "pve7",
  "pve8",
  "standalone",
  "standalone-no-sys-audit",
  "two-sites",
  "two-clusters",
];

async function golden(name: string) {
  return openEntities(await openStore(join(ROOT, "test/golden", name)));
}

describe("diff of entity sets", () => {
  test.each([...GOLDEN, "example-extensions", "bootstrap"])(
    "finds no difference between %s and itself",
    async (name) =>
      expect(await diffEntities(await golden(name), await golden(name))).toEqual(NOTHING),
  );

  test.each(GOLDEN.map((name, i) => [name, GOLDEN[(i + 1) % GOLDEN.length] ?? ""]))(
    "with sides swapped gives the opposite result: %s and %s",
    async (first, second) => {
      const [a, b] = [await golden(first), await golden(second)];
      const there = await diffEntities(a, b);
      expect(isDifferent(there)).toBe(true);
      expect(swapSides(withoutNames(await diffEntities(b, a)))).toEqual(
        swapSides(swapSides(withoutNames(there))),
      );
    },
  );
});

/** Machines are named as in b, so names depend on the direction. */
function withoutNames(differences: RunDifferences): RunDifferences {
  const changed = differences.changed.map((each) => ({ ...each, what: "" }));
  return {
    ...differences,
    changed: changed.toSorted((a, b) => compareCodeUnits(order(a), order(b))),
  };
}

function order({ fields }: RunDifferences["changed"][number]): string {
  return JSON.stringify(fields.map(({ field, before, after }) => [field, [before, after].sort()]));
}
