/** The shapes of entities: output of transform is accepted, anything else is rejected. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Step, STEPS } from "../../src/netbox/types/steps.ts";
import { entityShapes, readLine } from "../../src/run-folder/shapes.ts";
import { stepOfFile } from "../../src/run-folder/entity-set.ts";
import { anyLab, anySettings } from "../helpers/generated-labs.ts";
import { GOLDEN_CASES, ROOT } from "../helpers/golden.ts";
import { transformed } from "../helpers/in-memory.ts";
import { lab } from "../helpers/lab.ts";

const TIME = "2026-01-02T03:04:05Z";
const TAG = STEPS[0];
const MACHINE = STEPS.find(({ name }) => name === "virtual-machine") as Step;
const machine = {
  name: "web-01",
  status: "active",
  cluster: { name: "lab", type: { name: "Proxmox" } },
  custom_fields: { proxmox_vmid: { text: "101" } },
  tags: [],
};

test.each(GOLDEN_CASES)("every line of $name is accepted", async ({ expected }) => {
  const folder = join(ROOT, expected, "netbox");
  for (const file of await readdir(folder)) {
    const name = stepOfFile(`netbox/${file}`);
    const step = STEPS.find((each) => each.name === name);
    if (step === undefined) continue;
    const { entities } = JSON.parse(await readFile(join(folder, file), "utf8")) as {
      entities: unknown[];
    };
    for (const item of entities) expect(readLine(item, step, "reject")).toHaveProperty("timestamp");
  }
});

test("any output of transform is accepted", async () => {
  const shapes = entityShapes("reject");
  await fc.assert(
    fc.asyncProperty(anyLab(), anySettings(), async (parts, settings) => {
      for (const { step, entity } of (await transformed(lab(parts), settings)).all) {
        expect(String(shapes[step](entity)), step).toBe("[object Object]");
      }
    }),
    { numRuns: 30 },
  );
});

describe("a line is rejected with the name of the field:", () => {
  test.each<[string, unknown, string]>([
    ["not an object", 7, "timestamp"],
    ["no timestamp", { virtual_machine: machine }, "timestamp"],
    ["an invalid timestamp", { timestamp: "now", virtual_machine: machine }, "timestamp"],
    ["an entity of another type", { timestamp: TIME, tag: { name: "a", slug: "a" } }, "tag"],
    ["two entities", { timestamp: TIME, virtual_machine: machine, tag: {} }, "tag"],
  ])("%s", (_what, item, field) => {
    const faults = readLine(item, MACHINE, "reject");
    expect(faults).toContainEqual({ field, problem: expect.any(String) });
  });

  test.each<[string, object, string]>([
    ["a missing field", { cluster: undefined }, "virtual_machine.cluster"],
    ["a number instead of a string", { memory: 4096 }, "virtual_machine.memory"],
    ["an empty string", { name: "" }, "virtual_machine.name"],
    ["null", { platform: null }, "virtual_machine.platform"],
    [
      "a nested stub",
      { cluster: { name: "lab", type: {} } },
      "virtual_machine.cluster.type.name",
    ],
    ["an unknown field", { cpu: 4 }, "virtual_machine.cpu"],
    ["an item of a list", { tags: [{ slug: "a" }] }, "virtual_machine.tags[0].name"],
    ["two types at once", {
      custom_fields: { a: { text: "1", integer: "1" } },
    }, "virtual_machine.custom_fields.a"],
  ])("%s", (_what, change, field) => {
    const item = { timestamp: TIME, virtual_machine: { ...machine, ...change } };
    const faults = readLine(item, MACHINE, "reject");
    expect(Array.isArray(faults) && faults.map((fault) => fault.field)).toContain(field);
  });
});

test("only an address names its machine's primary address in the stub of the machine", () => {
  const { name, cluster } = machine;
  const virtual_machine = { name, cluster, primary_ip4: { address: "192.0.2.7/24" } };
  const nic = { virtual_machine, name: "net0" };
  const address = { address: "192.0.2.7/24", assigned_object_vm_interface: nic, tags: [] };
  expect(String(entityShapes("reject")["ip-address"](address))).toBe("[object Object]");
  expect(String(entityShapes("reject")["vm-interface"]({ ...nic, tags: [] }))).toContain(
    "primary_ip4",
  );
});

test("an empty stub clears a relation, and an empty string clears a comment", () => {
  const cleared = { ...machine, platform: {}, primary_ip4: {}, comments: "" };
  expect(readLine({ timestamp: TIME, virtual_machine: cleared }, MACHINE, "reject")).toEqual({
    timestamp: TIME,
    entity: cleared,
  });
});

test('unknown fields are kept with "ignore" and rejected with "reject"', () => {
  const tag = { name: "a", slug: "a", icon: "star" };
  expect(readLine({ timestamp: TIME, tag }, TAG, "ignore")).toEqual({
    timestamp: TIME,
    entity: tag,
  });
  expect(readLine({ timestamp: TIME, tag }, TAG, "reject")).toMatchObject([{ field: "tag.icon" }]);
});
