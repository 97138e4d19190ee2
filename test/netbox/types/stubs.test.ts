/** References between entities: an object has the same stub everywhere, and its entity agrees with it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StepName } from "../../../src/netbox/types/steps.ts";
import { anyLab } from "../../helpers/generated-labs.ts";
import { numRuns } from "../../helpers/full-tests.ts";
import { type Outcome, transformed } from "../../helpers/in-memory.ts";
import { lab } from "../../helpers/lab.ts";
import { outcomeOf, WHOLE_CASES } from "../../helpers/whole-outputs.ts";

type Json = Readonly<Record<string, unknown>>;

interface StubRule {
  /** The fields that contain such a stub. */
  readonly fields: readonly string[];
  /** The only keys that it may have. */
  readonly keys: readonly string[];
  /** The step of its entities; undefined for objects of the user. */
  readonly step?: StepName;
  /** What NetBox identifies the object by. */
  readonly identity: (stub: Json) => readonly unknown[];
}

const name = (stub: Json): readonly unknown[] => [stub["name"]];
const at = (stub: Json, key: string): Json => (stub[key] ?? {}) as Json;
const machine = (stub: Json): readonly unknown[] => [stub["name"], at(stub, "cluster")["name"]];
const device = (stub: Json): readonly unknown[] => [stub["name"], at(stub, "site")["name"]];

const PRIMARY = ["primary_ip4", "primary_ip6"];

const RULES: Readonly<Record<string, StubRule>> = {
  "virtual machine": {
    fields: ["virtual_machine"],
    keys: ["name", "cluster", "site", "tenant"],
    step: "virtual-machine",
    identity: machine,
  },
  "cluster": {
    fields: ["cluster"],
    keys: ["name", "type", "scope_site"],
    step: "cluster",
    identity: name,
  },
  "device": {
    fields: ["device"],
    keys: ["name", "site", "device_type", "role", "tenant"],
    step: "device",
    identity: device,
  },
  "interface": {
    fields: ["assigned_object_interface", "parent", "bridge", "lag"],
    keys: ["device", "name", "type"],
    step: "interface",
    identity: (stub) => [stub["name"], ...device(at(stub, "device"))],
  },
  "vm interface": {
    fields: ["assigned_object_vm_interface"],
    keys: ["virtual_machine", "name"],
    step: "vm-interface",
    identity: (stub) => [stub["name"], ...machine(at(stub, "virtual_machine"))],
  },
  "VLAN": {
    fields: ["untagged_vlan"],
    keys: ["vid", "name", "site"],
    step: "vlan",
    identity: (stub) => [stub["vid"], at(stub, "site")["name"]],
  },
  "address": {
    fields: PRIMARY,
    keys: ["address", "vrf"],
    step: "ip-address",
    identity: (stub) => [String(stub["address"]).split("/")[0], at(stub, "vrf")["name"]],
  },
  "VRF": { fields: ["vrf"], keys: ["name"], step: "vrf", identity: name },
  "L2VPN": { fields: ["l2vpn"], keys: ["name", "type"], step: "l2vpn", identity: name },
  "platform": { fields: ["platform"], keys: ["name"], step: "platform", identity: name },
  "tag": { fields: ["tags"], keys: ["name", "slug"], step: "tag", identity: name },
  "site": { fields: ["site", "scope_site"], keys: ["name"], identity: name },
  "tenant": { fields: ["tenant"], keys: ["name"], identity: name },
  "MAC address": {
    fields: ["primary_mac_address"],
    keys: ["mac_address"],
    identity: (stub) => [stub["mac_address"]],
  },
};

/** All stubs of one type, at any depth; an empty object clears a relation and is not a stub. */
function stubsIn(value: unknown, fields: readonly string[]): Json[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, item]: [string, unknown]) => {
    const here = fields.includes(field) ? [item].flat() as Json[] : [];
    return [...here.filter((stub) => Object.keys(stub).length > 0), ...stubsIn(item, fields)];
  });
}

/** Device types and roles have tags only in step 13. */
function withoutTags(value: unknown): unknown {
  return without(value, ["tags"]);
}

function without(value: unknown, keys: readonly string[]): unknown {
  const text = JSON.stringify(
    value,
    (key, item: unknown) => (keys.includes(key) ? undefined : item),
  );
  return JSON.parse(text ?? "null");
}

/** Primary addresses in the stub of a machine have their own rule, "address". */
function allOf(outcome: Outcome, { fields }: StubRule): Json[] {
  const stubs = outcome.all.flatMap(({ entity }) => stubsIn(entity, fields));
  return stubs.map((stub) => without(stub, PRIMARY) as Json);
}

/** Expects an entity with all values of each stub. */
function expectEntities(outcome: Outcome, rule: StubRule): void {
  const entities = new Map(
    outcome.all.filter(({ step }) => step === rule.step).map(({ entity }) => {
      const json = entity as unknown as Json;
      return [JSON.stringify(rule.identity(json)), withoutTags(json) as Json];
    }),
  );
  for (const stub of allOf(outcome, rule)) {
    const entity = entities.get(JSON.stringify(rule.identity(stub)));
    expect(entity, JSON.stringify(stub)).toMatchObject(withoutTags(stub) as Json);
  }
}

describe.each(WHOLE_CASES)("stubs of $name", (each) => {
  test.each(Object.entries(RULES))("are the same everywhere for each %s", async (_, rule) => {
    const stubs = allOf(await outcomeOf(each), rule).map((stub) => withoutTags(stub) as Json);
    const first = new Map<string, Json>();
    for (const stub of stubs) {
      const identity = JSON.stringify(rule.identity(stub));
      expect(stub).toEqual(first.get(identity) ?? stub);
      first.set(identity, stub);
    }
  });

  test.each(Object.entries(RULES))(
    "contain, for a %s, only what identifies it",
    async (_, rule) => {
      const keys = new Set(allOf(await outcomeOf(each), rule).flatMap((stub) => Object.keys(stub)));
      expect([...keys].filter((key) => !rule.keys.includes(key))).toEqual([]);
    },
  );

  test.each(Object.entries(RULES).filter(([, { step }]) => step !== undefined))(
    "agree, for each %s, with an existing entity",
    async (_, rule) => {
      expectEntities(await outcomeOf(each), rule);
    },
  );
});

/** Objects that are tagged inside another entity, like "role Hypervisor", and their tags. */
function taggedIn(value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, item]: [string, unknown]) => {
    const tagged = typeof item === "object" && item !== null && "tags" in item;
    const { name, model, tags } = (item ?? {}) as Json;
    const here: [string, unknown][] = tagged ? [[`${field} ${String(name ?? model)}`, tags]] : [];
    return [...here, ...taggedIn(item)];
  });
}

// If a batch contains an object several times, NetBox keeps the tags of the last one.
test.each(WHOLE_CASES)(
  "an object has the same tags in each stub: $name",
  async (each) => {
    const { all } = await outcomeOf(each);
    const tagged = all.flatMap(({ entity }) => taggedIn(entity));
    const byObject = Map.groupBy(tagged, ([object]) => object);
    expect([...byObject.keys()].map((object) => object.split(" ")[0]).sort()).toEqual(
      ["device_type", "manufacturer", "role"],
    );
    for (const [object, found] of byObject) {
      expect(new Set(found.map(([, tags]) => JSON.stringify(tags))).size, object).toBe(1);
    }
  },
);

test("each stub of any generated site refers to an existing entity and agrees with it", async () => {
  const settings = { ALL_INTERFACES: "true", LXC_LIVE_ADDRESSES: "true", TENANT_NAME: "t" };
  await fc.assert(
    fc.asyncProperty(anyLab(), async (parts) => {
      const outcome = await transformed(lab(parts), settings);
      for (const rule of Object.values(RULES)) {
        if (rule.step !== undefined) expectEntities(outcome, rule);
      }
    }),
    { numRuns: numRuns(100) },
  );
});

test("two cases together contain stubs of all types, so that each rule is tested", async () => {
  const cases = WHOLE_CASES.filter(({ name }) =>
    ["the example with extensions", "a zone of each kind"].includes(name)
  );
  const outcomes = await Promise.all(cases.map(outcomeOf));
  for (const [kind, rule] of Object.entries(RULES)) {
    expect(outcomes.flatMap((outcome) => allOf(outcome, rule)).length, kind).toBeGreaterThan(1);
    for (const field of rule.fields) {
      const stubs = outcomes.flatMap(({ all }) =>
        all.flatMap(({ entity }) => stubsIn(entity, [field]))
      );
      expect(stubs.length, field).toBeGreaterThan(0);
    }
  }
});
