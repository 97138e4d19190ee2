/** The differences between two runs, and whether a missing entity is gone or was not read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entityLabel, naturalKey } from "../../src/netbox/types/order.ts";
import { STEPS } from "../../src/netbox/types/steps.ts";
import type { Prefix } from "../../src/netbox/types/prefix.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import type { LeftOut } from "../../src/run-folder/left-out.ts";
import { judgeMissing } from "../../src/run-folder/not-read.ts";
import { compareSets, contentHash } from "../../src/run-folder/set-difference.ts";
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
} from "../helpers/entity-set.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

async function set(parts: SetParts, facts?: SetFacts): Promise<TransformedSet> {
  return await buildSet(await tempFolder(), parts, facts);
}

/** "step key" of changed, added and missing entities, and the number of equal ones. */
async function differences(earlier: TransformedSet, later: TransformedSet) {
  const found = {
    same: 0,
    changed: [] as string[],
    added: [] as string[],
    missing: [] as string[],
  };
  for await (const { same, ...step } of compareSets({ set: earlier }, { set: later })) {
    found.same += same;
    found.changed.push(...step.changed.map(({ after }) => `${step.step} ${after.key}`));
    for (const kind of ["added", "missing"] as const) {
      found[kind].push(...step[kind].map(({ key }) => `${step.step} ${key}`));
    }
  }
  return found;
}

describe("two runs", () => {
  test("are equal if only times, order of keys and file boundaries differ", async () => {
    const web = vm("web-01", { memory: "1024" });
    const reversed = Object.fromEntries(Object.entries(web).toReversed()) as typeof web;
    const earlier = await set({ "tag": [[tag("a"), tag("b")]], "virtual-machine": [[web]] });
    const later = await set(
      { "tag": [[tag("b")], [tag("a")]], "virtual-machine": [[reversed]] },
      { time: "2026-02-03T00:00:00Z" },
    );
    expect(await differences(earlier, later)).toEqual({
      same: 3,
      changed: [],
      added: [],
      missing: [],
    });
  });

  test("differ in exactly the changed, added and removed entities", async () => {
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        names,
        names,
        fc.subarray(["a", "b", "c"]),
        async (before, after, touched) => {
          const earlier = await set({ "virtual-machine": [before.map((name) => vm(name))] });
          const later = await set({
            "virtual-machine": [
              after.map((name) => vm(name, touched.includes(name) ? { memory: "7" } : {})),
            ],
          });
          const found = await differences(earlier, later);
          const both = after.filter((name) => before.includes(name));
          const changed = both.filter((name) => touched.includes(name));
          expect(found.same).toBe(both.length - changed.length);
          expect(found.changed).toHaveLength(changed.length);
          expect(found.added).toHaveLength(after.length - both.length);
          expect(found.missing).toHaveLength(before.length - both.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("match entities with the same key by their content", async () => {
    const one = (site: string): Prefix => ({
      prefix: "10.0.0.0/24",
      scope_site: { name: site },
      tags: [],
    });
    const earlier = await set({ "prefix": [[one("A"), one("B")]] });
    const found = await differences(earlier, await set({ "prefix": [[one("B"), one("C")]] }));
    expect(found).toMatchObject({ same: 1, missing: [] });
    expect(found.changed).toHaveLength(1);
    const fewer = await differences(earlier, await set({ "prefix": [[one("B")]] }));
    expect(fewer).toMatchObject({ same: 1, changed: [], missing: ['prefix "10.0.0.0/24"'] });
  });
});

describe("an entity", () => {
  test.each([
    [
      "is the same guest if only the case of its name differs",
      vm("Web-01"),
      vm("web-01", { memory: "9" }),
      true,
    ],
    ["is another guest if the tenant differs", vm("a"), vm("a", { tenant: { name: "t" } }), false],
    [
      "is another guest if the scope of its cluster differs",
      vm("a"),
      vm("a", {
        cluster: { name: "lab", type: { name: "Proxmox" }, scope_site: { name: "HQ" } },
      }),
      false,
    ],
  ])("%s", (_what, a, b, isSame) => {
    expect(naturalKey("virtual-machine", a) === naturalKey("virtual-machine", b)).toBe(isSame);
  });

  test("is the same address with any mask and interface", () => {
    expect(naturalKey("ip-address", addressOf("a", "10.0.0.5/24")))
      .toBe(naturalKey("ip-address", addressOf("b", "10.0.0.5/32")));
  });

  test("has a label for any JSON", () => {
    expect(entityLabel({ timestamp: "x", vm_interface: nic("web-01", "net0") }))
      .toBe('vm_interface "web-01/net0"');
    expect(entityLabel({ virtual_machine: { name: "web-01" } })).toBe('virtual_machine "web-01"');
    expect(entityLabel({ virtualMachine: { name: "web-01" } })).toBe('virtualMachine "web-01"');
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...STEPS.map(({ field }) => field)), fc.jsonValue()),
    );
    fc.assert(fc.property(anything, (json) => {
      expect(entityLabel(json)).not.toBe("");
    }));
  });

  test("has the same content hash for any order of keys, and another one for any difference", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (json, extra) => {
        const reversed = Object.fromEntries(Object.entries(json).toReversed());
        expect(contentHash(reversed)).toBe(contentHash(json));
        expect(contentHash({ ...json, [`${extra}!`]: { extra } })).not.toBe(contentHash(json));
      }),
    );
  });
});

describe("an entity that is missing in a later run", () => {
  const SITE: SetParts = {
    "tag": [[tag("db")]],
    "platform": [[platform("Debian 12")]],
    "vlan": [[vlan("10")]],
    "vm-interface": [[nic("web-01", "net0", { untagged_vlan: vlan("10") })]],
    "ip-address": [[addressOf("web-01", "10.0.0.5/24")]],
    "virtual-machine": [
      [
        vm("web-01", {
          tags: [{ name: "db", slug: "db" }],
          platform: { name: "Debian 12" },
        }),
      ],
    ],
    "virtual-disk": [[disk("web-01", "scsi0")]],
    "device": [[device("pve1", { platform: { name: "Proxmox VE 8.4" } })]],
  };

  /** The steps of missing entities if the later run has only `later` and these records. */
  async function judge(later: SetParts, leftOut: readonly Pick<LeftOut, "what" | "reason">[]) {
    const earlierSet = await set(SITE);
    const laterSet = await set(later, { leftOut });
    const missing = [];
    for await (const step of compareSets({ set: earlierSet }, { set: laterSet })) {
      missing.push(...step.missing);
    }
    const all = await judgeMissing(missing, earlierSet, laterSet);
    return {
      gone: all.filter(({ notRead }) => notRead === undefined).map(({ step }) => step).sort(),
      notRead: all.filter(({ notRead }) => notRead !== undefined).map(({ step }) => step).sort(),
    };
  }

  const { "ip-address": _, ...WITHOUT_ADDRESS } = SITE;

  test("is gone by default", async () => {
    expect(await judge(WITHOUT_ADDRESS, [])).toEqual({ gone: ["ip-address"], notRead: [] });
    const cause = { what: "vm/101/net0/10.0.0.5/24", reason: "duplicate-address" } as const;
    expect((await judge(WITHOUT_ADDRESS, [cause])).gone).toEqual(["ip-address"]);
  });

  test.each(
    ["agent-off", "agent-not-running", "agent-error", "failed", "denied", "unreachable"] as const,
  )(
    "was not read if the agent of its guest is %s",
    async (reason) => {
      for (const what of ["vm/101/agent", "vm/101/agent/network-get-interfaces"]) {
        expect(await judge(WITHOUT_ADDRESS, [{ what, reason }]))
          .toEqual({ gone: [], notRead: ["ip-address"] });
      }
      const other = { what: "vm/1010/agent", reason };
      expect((await judge(WITHOUT_ADDRESS, [other])).gone).toEqual(["ip-address"]);
    },
  );

  test("of an extension was not read if what may be in it was not", async () => {
    const tags = [{ name: "prod" }];
    const l2vpn = { name: "vnet1", type: "vxlan" } as const;
    const { virtual_machine, name } = nic("web-01", "net0");
    const extension: SetParts = {
      "vrf": [[{ name: "internal", tags }]],
      "vlan-group": [[{ name: "DC1", tags }]],
      "l2vpn": [[{ ...l2vpn, tags }]],
      "l2vpn-termination": [[
        { l2vpn, assigned_object_vm_interface: { virtual_machine, name }, tags },
      ]],
    };
    const earlier = await set({ ...SITE, ...extension });
    const later = async (what: string) => {
      const laterSet = await set(SITE, { leftOut: [{ what, reason: "failed" }] });
      const missing = [];
      for await (const step of compareSets({ set: earlier }, { set: laterSet })) {
        missing.push(...step.missing);
      }
      const all = await judgeMissing(missing, earlier, laterSet);
      return all.filter(({ notRead }) => notRead !== undefined).map(({ step }) => step);
    };
    expect(await later("vm/101/config")).toEqual(Object.keys(extension));
    expect(await later("vm/101/agent")).toEqual(["vrf"]);
    expect(await later("node/pve1/network")).toEqual(["vrf", "vlan-group"]);
    expect(await later("vm/9999/config")).toEqual([]);
  });

  test("is gone if a record is about another part: disks do not come from the agent", async () => {
    const { "virtual-disk": _, ...later } = SITE;
    const agent = { what: "vm/101/agent", reason: "agent-off" } as const;
    expect((await judge(later, [agent])).gone).toEqual(["virtual-disk"]);
    const config = { what: "vm/101/config", reason: "denied" } as const;
    expect((await judge(later, [config])).notRead).toEqual(["virtual-disk"]);
  });

  test("was not read if its guest's node is unreachable, like all of the guest", async () => {
    const { device, ...guest } = SITE;
    const later = { device };
    const record = { what: "vm/101", reason: "unreachable" } as const;
    expect(await judge(later as SetParts, [record]))
      .toEqual({ gone: [], notRead: Object.keys(guest).sort() });
  });

  test("was not read if the cluster's listing was not read", async () => {
    const record = { what: "cluster/resources", reason: "denied" } as const;
    expect((await judge({}, [record])).gone).toEqual([]);
  });

  test("is gone if it is a host tag, even if guests with that tag were not read", async () => {
    const host = tag("proxmox-old");
    const cluster = {
      name: "lab",
      type: { name: "Proxmox" },
      status: "active",
      tags: [host],
    } as const;
    const machine = vm("web-01", { tags: [tag("db"), host] });
    const earlier = await set({
      "tag": [[tag("db"), host]],
      "cluster": [[cluster]],
      "virtual-machine": [[machine]],
    });
    const record = { what: "vm/101/config", reason: "denied" } as const;
    const later = await set({ "virtual-machine": [[vm("web-01")]] }, { leftOut: [record] });
    const missing = [];
    for await (const step of compareSets({ set: earlier }, { set: later })) {
      missing.push(...step.missing);
    }
    const found = await judgeMissing(missing, earlier, later);
    const tags = found.filter(({ step }) => step === "tag");
    expect(tags.map(({ key, notRead }) => [key, notRead !== undefined]))
      .toEqual([['"db"', true], ['"proxmox-old"', false]]);
  });

  test("is gone or was not read if it belongs to a node", async () => {
    const { device: _, ...later } = SITE;
    expect((await judge(later, [])).gone).toEqual(["device"]);
    const record = { what: "node/pve1", reason: "unreachable" } as const;
    expect((await judge(later, [record])).notRead).toEqual(["device"]);
  });
});
