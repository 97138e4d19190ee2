/** The shapes of entities, held against what transform makes and against what it never would. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Step, STEPS } from "../../src/netbox/types/order.ts";
import { entityShapes, readLine } from "../../src/run-folder/shapes.ts";
import { stepOfFile } from "../../src/run-folder/entity-set.ts";
import { anyLab, anySettings } from "../helpers/any-lab.ts";
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

test.each(GOLDEN_CASES)("every line of $name is in shape", async ({ expected }) => {
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

test("whatever transform makes is in shape", async () => {
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

describe("a line is refused, with the field", () => {
  test.each<[string, unknown, string]>([
    ["that is no object", 7, "timestamp"],
    ["without a time", { virtual_machine: machine }, "timestamp"],
    ["with a time that is none", { timestamp: "now", virtual_machine: machine }, "timestamp"],
    ["of another type", { timestamp: TIME, tag: { name: "a", slug: "a" } }, "tag"],
    ["with two entities", { timestamp: TIME, virtual_machine: machine, tag: {} }, "tag"],
  ])("%s", (_what, item, field) => {
    const faults = readLine(item, MACHINE, "reject");
    expect(faults).toContainEqual({ field, problem: expect.any(String) });
  });

  test.each<[string, object, string]>([
    ["lacks", { cluster: undefined }, "virtual_machine.cluster"],
    ["has of another kind", { memory: 4096 }, "virtual_machine.memory"],
    ["has empty", { name: "" }, "virtual_machine.name"],
    ["has null", { platform: null }, "virtual_machine.platform"],
    [
      "has deep within",
      { cluster: { name: "lab", type: {} } },
      "virtual_machine.cluster.type.name",
    ],
    ["should not have", { cpu: 4 }, "virtual_machine.cpu"],
    ["has in a list", { tags: [{ slug: "a" }] }, "virtual_machine.tags[0].name"],
    ["has of two kinds", {
      custom_fields: { a: { text: "1", integer: "1" } },
    }, "virtual_machine.custom_fields.a"],
  ])("that it %s", (_what, change, field) => {
    const item = { timestamp: TIME, virtual_machine: { ...machine, ...change } };
    const faults = readLine(item, MACHINE, "reject");
    expect(Array.isArray(faults) && faults.map((fault) => fault.field)).toContain(field);
  });
});

test("an empty stub clears a relation, and an empty text a comment", () => {
  const cleared = { ...machine, platform: {}, primary_ip4: {}, comments: "" };
  expect(readLine({ timestamp: TIME, virtual_machine: cleared }, MACHINE, "reject")).toEqual({
    timestamp: TIME,
    entity: cleared,
  });
});

test("fields of another version are no fault where they may be, and their values stay", () => {
  const tag = { name: "a", slug: "a", icon: "star" };
  expect(readLine({ timestamp: TIME, tag }, TAG, "ignore")).toEqual({
    timestamp: TIME,
    entity: tag,
  });
  expect(readLine({ timestamp: TIME, tag }, TAG, "reject")).toMatchObject([{ field: "tag.icon" }]);
});
