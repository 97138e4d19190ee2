/** netbox/plan.json as a file: written one item a line, and read with its shape and format checked. */
import { expect, test } from "vitest";
import { openEntities, readTidyPlan } from "../../src/run-folder/entity-set.ts";
import { writeEntities } from "../../src/run-folder/entity-writer.ts";
import {
  ACTIONS,
  countActions,
  type MadePlan,
  parsePlan,
  planText,
} from "../../src/run-folder/tidy-plan.ts";
import { TOOL } from "../../src/base/tool.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import { NETBOX_SOURCE } from "../helpers/planning.ts";
import { storeIn, textOf } from "../helpers/run-in-memory.ts";

const ITEM: MadePlan["items"][number] = {
  action: "remove",
  type: "virtual-disk",
  id: 7,
  url: "https://netbox.example.net/virtualization/virtual-disks/7/",
  name: "web/scsi0",
  changes: [],
  why: "Proxmox VE no longer lists vm/101",
  evidence: [{ of: "target", file: "target/24-virtual-disk-0001.jsonl", line: 1 }],
  seen: { "name": "scsi0", "virtual_machine.id": 3, "tags": ["proxmox-ve"] },
};
const { evidence: _, seen: _seen, why: because, changes: _changes, ...kept } = ITEM;
const PLAN: MadePlan = {
  target: NETBOX_SOURCE,
  ours: 3,
  items: [ITEM, { ...ITEM, id: 8 }],
  kept: [{ ...kept, because }],
};

async function written(plan?: MadePlan) {
  const files = new Map<string, Uint8Array>();
  const store = storeIn(files);
  const facts = { tool: TOOL, snapshots: [] };
  const batch = { made: [], leftOut: [], notes: [], plan };
  const summary = await writeEntities(store, [batch], facts);
  return { store, files, summary };
}

test("is written one item a line, and read again as it was", async () => {
  const { store, files, summary } = await written(PLAN);
  expect(textOf(files, "netbox/plan.json").split("\n").length).toBe(7);
  expect(summary.plan).toEqual({ remove: 2 });
  expect(await readTidyPlan(store)).toEqual({ format: 1, ...PLAN });
  expect((await openEntities(store)).files).toEqual([]);
});

test("is missing from a run without a target", async () => {
  const { store, summary } = await written();
  expect(summary).not.toHaveProperty("plan");
  await expect(readTidyPlan(store)).rejects.toThrow("transformed without a target");
});

test("is refused if it was changed", async () => {
  const { store, files } = await written(PLAN);
  files.set("netbox/plan.json", encodeUtf8(planText({ ...PLAN, ours: 4 })));
  await expect(readTidyPlan(store)).rejects.toThrow("it was changed");
});

test.each([
  ["an unknown action", planText(PLAN).replace('"remove"', '"destroy"'), "action"],
  ["a newer format", planText(PLAN).replace('"format":1', '"format":2'), "plan format 2"],
  ["no items", "{}", "must be"],
])("is refused with %s", (_what, text, message) => {
  expect(() => parsePlan(encodeUtf8(text), "plan.json")).toThrow(message);
});

test("counts are in the order in which the actions are done, without zeros", () => {
  const items = Object.keys(ACTIONS).toReversed().filter((action) => action !== "join")
    .map((action) => ({ ...ITEM, action: action as typeof ITEM.action }));
  expect(Object.keys(countActions({ items }))).toEqual([
    "release",
    "rename",
    "assign",
    "retire",
    "remove",
    "untag",
  ]);
});
