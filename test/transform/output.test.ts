/** The output follows NetBox's rules: each object once, and no value that NetBox rejects. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shownSteps } from "../../src/netbox/types/steps.ts";
import { anyLab, anySettings } from "../helpers/generated-labs.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { transformed } from "../helpers/in-memory.ts";
import { lab } from "../helpers/lab.ts";
import { NETBOX_RULES } from "../helpers/netbox-rules.ts";
import { outcomeOf, WHOLE_CASES } from "../helpers/whole-outputs.ts";

describe.each(WHOLE_CASES)("output of $name", (each) => {
  test.each(Object.entries(NETBOX_RULES))("%s", async (_, check) => {
    check(await outcomeOf(each));
  });

  test("every step has an entity, and every snapshot has a host tag", async () => {
    const outcome = await outcomeOf(each);
    const steps = new Set(outcome.all.map(({ step }) => step));
    const shown = shownSteps(Object.fromEntries([...steps].map((step) => [step, 1])));
    expect([...steps].sort()).toEqual(shown.map(({ name }) => name).sort());
    const hosts = outcome.of("tag").filter(({ color }) => color === "fd7e14");
    expect(hosts.length).toBe(each.runs.length);
  });
});

test("two generated sites in one run follow NetBox's rules under any settings", async () => {
  await fc.assert(
    fc.asyncProperty(anyLab(), anyLab(), anySettings(), async (one, other, settings) => {
      const snapshots = [
        lab({ ...one, cluster: "b", host: "b.example" }, "one"),
        lab({ ...other, cluster: "a", host: "a.example" }, "two"),
      ];
      const outcome = await transformed(snapshots, settings);
      for (const check of Object.values(NETBOX_RULES)) check(outcome);
    }),
    { numRuns: numRuns(60) },
  );
});
