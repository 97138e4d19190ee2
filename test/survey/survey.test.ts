/** What a survey writes: every object of every type, or why not. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keptOf, SURVEYED } from "../../src/netbox/types/surveyed.ts";
import { OBJECTS_PER_FILE } from "../../src/run-folder/target-files.ts";
import { netboxRows } from "../helpers/sample-site.ts";
import { type Row, TOKEN } from "../helpers/small-netbox.ts";
import {
  idsIn,
  manyTags,
  objectsIn,
  surveyedNetBox,
  surveyedRows,
  surveyOf,
} from "../helpers/surveying.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

test("keeps all objects of all types, and of each what a target needs", async () => {
  const netbox = await surveyedNetBox();
  const folder = await tempFolder();
  const manifest = await surveyOf(netbox, folder);
  expect(manifest).toMatchObject({
    netbox: { url: netbox.url, version: "4.7.3", plugin: "1.18.1" },
    outcome: "complete",
    missing: [],
  });
  const rows = surveyedRows();
  for (const { name, type, keys, isOptional } of SURVEYED) {
    const expected = (rows[type.path] as Row[]).toSorted((a, b) => a.id - b.id)
      .map((row) => keptOf(row, keys));
    expect(await objectsIn(folder, name), name).toEqual(expected);
    const isCounted = !isOptional || expected.length > 0;
    expect(manifest.counts[name], name).toBe(isCounted ? expected.length : undefined);
  }
  expect(manifest.counts["virtual-machine"]).toBe(2);
  expect(netbox.asked.every(({ method }) => method === "GET")).toBe(true);
  expect(await readdir(folder)).toEqual(["manifest.json", "target"]);
});

test("reads every page once, whatever MAX_PAGE_SIZE and the number of requests at once", async () => {
  const folders = new Set<string>();
  for (const [pageSize, concurrency] of [[1, 4], [2, 1], [7, 16], [1000, 4]] as const) {
    const netbox = await surveyedNetBox({ rows: { "extras/tags": manyTags(200) }, pageSize });
    const folder = await tempFolder();
    await surveyOf(netbox, folder, { concurrency });
    folders.add(JSON.stringify(await treeOf(join(folder, "target"))));
    expect(await idsIn(folder, "tag")).toEqual(manyTags(200).map(({ id }) => id));
  }
  expect(folders.size).toBe(1);
});

test("writes at most 10,000 objects into a file", async () => {
  const netbox = await surveyedNetBox({ rows: { "extras/tags": manyTags(2 * OBJECTS_PER_FILE) } });
  const folder = await tempFolder();
  const progress: string[] = [];
  const { files } = await surveyOf(netbox, folder, {
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  });
  expect(files.map(({ path }) => path)).toEqual([
    "target/01-tag-0001.jsonl",
    "target/01-tag-0002.jsonl",
  ]);
  expect([progress[0], progress.at(-1)]).toEqual(["0/20000", "20000/20000"]);
});

describe("a type that NetBox does not list is recorded, never taken for empty", () => {
  test.each([
    ["denied", { denied: ["ipam/vlans"] }, "the token may not view VLANs (ipam.view_vlan)"],
    [
      "refused",
      {
        faultOf: ({ url }: { url: URL }) =>
          url.pathname.includes("/vlans/") ? { status: 404 } : undefined,
      },
      "NetBox did not list VLANs: HTTP 404",
    ],
  ])("%s", async (cause, options, reason) => {
    const folder = await tempFolder();
    const { outcome, counts, missing } = await surveyOf(await surveyedNetBox(options), folder);
    expect(outcome).toBe("partial");
    expect(missing).toEqual([{ type: "vlan", cause, reason }]);
    expect(counts).not.toHaveProperty("vlan");
    const needed = SURVEYED.filter(({ isOptional }) => !isOptional);
    expect(Object.keys(counts)).toHaveLength(needed.length - 1);
  });

  test("unless only some runs need it: then the target is complete, and names it as unread", async () => {
    const folder = await tempFolder();
    const denied = ["vpn/l2vpns"];
    const rows = { "vpn/l2vpn-terminations": [{ id: 1, assigned_object_id: 7 }] };
    const netbox = await surveyedNetBox({ denied, rows });
    const { outcome, counts, missing, unread } = await surveyOf(netbox, folder);
    expect([outcome, missing, counts["l2vpn"], counts["l2vpn-termination"]])
      .toEqual(["complete", [], undefined, 1]);
    const reason = "the token may not view L2VPNs (vpn.view_l2vpn)";
    expect(unread).toEqual([{ type: "l2vpn", cause: "denied", reason }]);
    denied.length = 0;
    const again = await surveyOf(netbox, folder, { isResumed: true });
    expect([again.outcome, again.unread]).toEqual(["complete", undefined]);
  });

  test("also when it stops to list it in the middle, and no file of it stays", async () => {
    const netbox = await surveyedNetBox({
      rows: { "extras/tags": manyTags(OBJECTS_PER_FILE + 2000) },
      faultOf: ({ url }) =>
        url.searchParams.get("offset") === "10989" ? { status: 403 } : undefined,
    });
    const folder = await tempFolder();
    const { counts, missing, files } = await surveyOf(netbox, folder);
    expect(missing.map(({ type, cause }) => [type, cause])).toEqual([["tag", "denied"]]);
    expect(counts).not.toHaveProperty("tag");
    expect(files).toEqual([]);
    expect(await idsIn(folder, "tag")).toEqual([]);
  });

  test("--resume reads it when the token may view it", async () => {
    const folder = await tempFolder();
    const denied: string[] = ["virtualization/virtual-machines"];
    const netbox = await surveyedNetBox({ denied });
    await surveyOf(netbox, folder);
    denied.length = 0;
    netbox.asked.length = 0;
    const { outcome, counts } = await surveyOf(netbox, folder, { isResumed: true });
    expect([outcome, counts["virtual-machine"]]).toEqual(["complete", 2]);
    // Of a type that only some runs need, a target without objects says nothing.
    const optional = SURVEYED.filter(({ isOptional }) => isOptional);
    expect(netbox.asked.map(({ url }) => url.pathname).sort()).toEqual([
      "/api/status/",
      "/api/virtualization/virtual-machines/",
      ...optional.map(({ type }) => `/api/${type.path}/`).sort(),
    ]);
  });
});

describe("objects that were there all the time are kept once, although meanwhile", () => {
  test.each<[string, (rows: Row[], request: number) => void]>([
    ["others are added", (rows, i) => rows.push({ id: 10_000 + i, name: "new" })],
    ["the first ones are deleted", (rows, i) => i % 3 === 0 && rows.splice(0, 2)],
    ["one is deleted and another one added at once", (rows, i) => {
      rows.splice(0, 1);
      rows.push({ id: 10_000 + i, name: "new" });
    }],
  ])("%s", async (_, change) => {
    const tags = manyTags(300);
    let requests = 0;
    const netbox = await surveyedNetBox({
      rows: { "extras/tags": tags },
      pageSize: 10,
      faultOf({ url }) {
        // Ends, so that the survey does.
        if (url.pathname.includes("/tags/") && requests < 60) change(tags, requests += 1);
        return undefined;
      },
    });
    const folder = await tempFolder();
    await surveyOf(netbox, folder);
    const ids = await idsIn(folder, "tag");
    const stayed = tags.map(({ id }) => id).filter((id) => id <= 300);
    expect(ids.filter((id) => stayed.includes(id))).toEqual(stayed);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(requests).toBeGreaterThan(30);
  });
});

test("refuses a list that is not ordered by id", async () => {
  const netbox = await surveyedNetBox({
    faultOf: ({ url }) =>
      url.pathname.includes("/tags/")
        ? { body: '{"count":2,"next":null,"results":[{"id":2},{"id":1}]}' }
        : undefined,
  });
  await expect(surveyOf(netbox, await tempFolder())).rejects.toThrow(
    "NetBox does not list extras/tags by id: 1 follows 2",
  );
});

test("keeps an older target if NetBox refuses the token, and replaces it otherwise", async () => {
  const folder = await tempFolder();
  const netbox = await surveyedNetBox({ rows: { "extras/tags": manyTags(3) } });
  await surveyOf(netbox, folder);
  const before = await treeOf(folder);
  netbox.rows["extras/tags"] = [];
  await expect(surveyOf(netbox, folder, { authorization: "Token other" })).rejects.toMatchObject({
    kind: "remote",
  });
  expect(await treeOf(folder)).toEqual(before);
  const { files } = await surveyOf(netbox, folder);
  expect([files, Object.keys(await treeOf(folder))]).toEqual([[], ["manifest.json"]]);
});

test("writes no secret into any file", async () => {
  const rows = netboxRows();
  const folder = await tempFolder();
  const netbox = await surveyedNetBox({ rows, denied: ["ipam/vrfs"] });
  await surveyOf(netbox, folder);
  for (const file of Object.keys(await treeOf(folder))) {
    expect(await readFile(join(folder, file), "utf8")).not.toContain(TOKEN);
  }
});

test("keeps of custom fields of people only which are empty", async () => {
  const custom_fields = {
    proxmox_vmid: "101",
    root_password: "hunter2",
    owner_team: null,
    note: "",
  };
  const netbox = await surveyedNetBox({
    rows: { "virtualization/virtual-machines": [{ id: 7, name: "web", custom_fields }] },
  });
  const folder = await tempFolder();
  await surveyOf(netbox, folder);
  expect(await objectsIn(folder, "virtual-machine")).toMatchObject([
    { custom_fields: { proxmox_vmid: "101", owner_team: null, note: null } },
  ]);
  for (const file of Object.keys(await treeOf(folder))) {
    expect(await readFile(join(folder, file), "utf8")).not.toContain("hunter2");
  }
});
