/** Names of guests in NetBox, unique within a cluster. Each test covers one rule of the mapping. */
import { expect, test } from "vitest";
import { transformed } from "../../helpers/in-memory.ts";
import { guest101, lab, type LabGuest } from "../../helpers/lab.ts";

/** VMID → the name that NetBox gets. */
async function namesOf(guests: readonly LabGuest[]): Promise<Record<string, string>> {
  const outcome = await transformed(lab({ guests }));
  return Object.fromEntries(
    outcome.of("virtual-machine").map(({ name, custom_fields: fields }) => {
      const vmid = fields["proxmox_vmid"];
      return [vmid !== undefined && "text" in vmid ? vmid.text : "?", name];
    }),
  );
}

test("the guest with the lowest VMID keeps a name; others get their VMID appended, regardless of case", async () => {
  const guests = [{ vmid: 1000, row: { name: "web" } }, { vmid: 99, row: { name: "WEB" } }, {
    vmid: 200,
    row: { name: "Web" },
  }];
  expect(await namesOf(guests)).toEqual({ 99: "WEB", 200: "Web (200)", 1000: "web (1000)" });
  const { codesOf } = await transformed(lab({ guests }));
  expect([codesOf("vm/99"), codesOf("vm/200")]).toEqual([[], ["renamed"]]);
});

test("a guest that is left out does not reserve its name", async () => {
  const guests = [{ vmid: 101, row: { name: "web", template: 1 } }, {
    vmid: 102,
    row: { name: "web" },
  }];
  expect(await namesOf(guests)).toEqual({ 102: "web" });
});

test("a guest keeps its NetBox name with a narrower `nodes`, so that it stays the same machine", async () => {
  const guests = [{ vmid: 101, node: "pve1", row: { name: "web" } }, {
    vmid: 102,
    node: "pve2",
    row: { name: "web" },
  }];
  const nodes = { pve1: {}, pve2: {} };
  const whole = await transformed(lab({ nodes, guests }));
  const part = await transformed(lab({ nodes, guests }), { nodes: "pve2" });
  expect(whole.of("virtual-machine").map(({ name }) => name)).toEqual(["web", "web (102)"]);
  expect(part.of("virtual-machine").map(({ name }) => name)).toEqual(["web (102)"]);
});

test("a generated name never equals the name of another guest", async () => {
  const names = await namesOf([
    { vmid: 101, row: { name: "web" } },
    { vmid: 102, row: { name: "web (103)" } },
    { vmid: 103, row: { name: "web" } },
    { vmid: 104, row: { name: "WEB (103)" } },
  ]);
  expect(new Set(Object.values(names).map((name) => name.toLowerCase())).size).toBe(4);
  expect([names["101"], names["102"]]).toEqual(["web", "web (103)"]);
});

test("a name longer than 64 characters is cut, ends with the VMID, and is noted", async () => {
  const outcome = await guest101({ row: { name: "ä".repeat(65) } });
  expect(outcome.vm.name).toBe(`${"ä".repeat(58)} (101)`);
  expect(outcome.codesOf("vm/101")).toEqual(["cut"]);
  const longest = "🦊".repeat(64);
  expect((await guest101({ row: { name: longest } })).vm.name).toBe(longest);
});
