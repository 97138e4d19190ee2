import { describe, expect, test } from "vitest";
import { changesBetween, type RunChanges } from "../../src/history/changes.ts";
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

interface Run extends SetFacts {
  readonly parts: SetParts;
}

/** Oldest first; what the last one changed. */
async function changesOf(...runs: readonly Run[]): Promise<RunChanges> {
  const sets = [];
  for (const [i, { parts, ...facts }] of runs.entries()) {
    sets.push({ name: `run-${i + 1}`, entities: await buildSet(await tempFolder(), parts, facts) });
  }
  const [now, ...earlier] = sets.toReversed();
  if (now === undefined) throw new Error("no run");
  return await changesBetween(
    (async function* () {
      yield* await Promise.resolve(earlier);
    })(),
    now.entities,
  );
}

const MAC = { primary_mac_address: { mac_address: "BC:24:11:00:00:01" } };

function onNode(name: string, node: string) {
  return vm(name, {
    custom_fields: { proxmox_vmid: { text: "101" }, proxmox_node: { text: node } },
  });
}

const WEB: SetParts = {
  tag: [[tag("prod")]],
  "virtual-machine": [[onNode("web-01", "pve1")]],
  "vm-interface": [[nic("web-01", "net0", MAC)]],
  "virtual-disk": [[disk("web-01", "scsi0")]],
  "ip-address": [[addressOf("web-01", "10.0.0.5/24")]],
};
const DB = vm("db", {}, 102);
const WITH_DB: SetParts = { ...WEB, "virtual-machine": [[onNode("web-01", "pve1"), DB]] };
const DB_UNREAD = { leftOut: [{ what: "vm/102", reason: "failed" as const }] };

test("the first run names each thing on one line, with its parts", async () => {
  expect(await changesOf({ parts: { ...WEB, vlan: [[vlan("30")]], device: [[device("pve1")]] } }))
    .toEqual({
      counts: undefined,
      lines: [
        { what: "node/pve1", entity: "device pve1", change: "present" },
        { what: "tag/prod", entity: "tag prod", change: "present" },
        { what: "vlan/30", entity: "vlan 30 at HQ", change: "present" },
        {
          what: "vm/101",
          entity: "virtual-machine web-01",
          change: "present",
          node: "pve1",
          parts: ["net0", "net0/10.0.0.5/24", "scsi0"],
          also: ["mac/BC:24:11:00:00:01"],
        },
      ],
    });
});

test("two equal runs have no changes", async () => {
  const counts = { since: "run-1", added: 0, changed: 0, gone: 0, unread: 0, read: 0 };
  expect(await changesOf({ parts: WEB }, { parts: WEB })).toEqual({ counts, lines: [] });
});

test("a guest that is renamed, moved and changed keeps its VMID", async () => {
  const now = {
    ...WEB,
    "virtual-machine": [[{ ...onNode("web-02", "pve2"), memory: "4096" as const }]],
    "vm-interface": [[nic("web-02", "net0", MAC)]],
    "virtual-disk": [[disk("web-02", "scsi0", "2048")]],
    "ip-address": [[addressOf("web-02", "10.0.0.5/24")]],
  };
  expect((await changesOf({ parts: WEB }, { parts: now })).lines).toEqual([
    {
      what: "vm/101",
      entity: "virtual-machine web-02",
      change: "changed",
      node: "pve2",
      fields: [
        { field: "name", from: "web-01", to: "web-02" },
        { field: "node", from: "pve1", to: "pve2" },
        { field: "memory", to: "4096" },
      ],
    },
    {
      what: "vm/101/scsi0",
      entity: "virtual-disk web-02/scsi0",
      change: "changed",
      fields: [{ field: "size", from: "1024", to: "2048" }],
    },
  ]);
});

test("a guest that goes or comes is one line, and its entities are counted", async () => {
  const gone = await changesOf({ parts: WEB }, { parts: { tag: [[tag("prod")]] } });
  const come = await changesOf({ parts: { tag: [[tag("prod")]] } }, { parts: WEB });
  expect(gone.counts).toMatchObject({ gone: 4, added: 0 });
  expect(come.counts).toMatchObject({ gone: 0, added: 4 });
  const line = {
    what: "vm/101",
    entity: "virtual-machine web-01",
    node: "pve1",
    parts: ["net0", "net0/10.0.0.5/24", "scsi0"],
    also: ["mac/BC:24:11:00:00:01"],
  };
  expect(gone.lines).toEqual([{ ...line, change: "gone" }]);
  expect(come.lines).toEqual([{ ...line, change: "added" }]);
});

test("a part that comes has a line of its own", async () => {
  const disks = [[disk("web-01", "scsi0"), disk("web-01", "scsi1")]];
  expect((await changesOf({ parts: WEB }, { parts: { ...WEB, "virtual-disk": disks } })).lines)
    .toEqual([{ what: "vm/101/scsi1", entity: "virtual-disk web-01/scsi1", change: "added" }]);
});

test("an address that moves to another guest is also in the log of the one that had it", async () => {
  const parts = (name: string): SetParts => ({
    "virtual-machine": [[vm("web-01"), DB]],
    "vm-interface": [[nic("web-01", "net0"), nic("db", "net0")]],
    "ip-address": [[addressOf(name, "10.0.0.5/24")]],
  });
  expect((await changesOf({ parts: parts("web-01") }, { parts: parts("db") })).lines).toEqual([{
    what: "vm/102/net0/10.0.0.5/24",
    entity: "ip-address 10.0.0.5/24",
    change: "changed",
    also: ["vm/101"],
    fields: [{
      field: "assigned_object_vm_interface.virtual_machine",
      from: "lab/101",
      to: "lab/102",
    }],
  }]);
});

test("a NIC is also in the log of the MAC address that it had", async () => {
  const parts = (mac: string): SetParts => ({
    "virtual-machine": [[vm("web-01")]],
    "vm-interface": [[nic("web-01", "net0", { primary_mac_address: { mac_address: mac } })]],
  });
  const [old, now] = ["BC:24:11:00:00:01", "BC:24:11:00:00:02"];
  expect((await changesOf({ parts: parts(old) }, { parts: parts(now) })).lines).toMatchObject([{
    what: "vm/101/net0",
    also: [`mac/${now}`, `mac/${old}`],
    fields: [{ field: "primary_mac_address.mac_address", from: old, to: now }],
  }]);
});

test("in several clusters, a line names that of its guest", async () => {
  const type = { name: "Proxmox", slug: "proxmox" };
  const parts: SetParts = {
    cluster: [[{ name: "lab", type, tags: [] }, { name: "prod", type, tags: [] }]],
    "virtual-machine": [[
      vm("web-01"),
      { ...vm("web-01"), cluster: { name: "prod", type } },
    ]],
  };
  const guests = (await changesOf({ parts })).lines.filter(({ what }) => what === "vm/101");
  expect(guests.map(({ cluster }) => cluster)).toEqual(["lab", "prod"]);
});

test("a long value is cut off around what differs", async () => {
  const side = (end: string) => ({
    parts: { "virtual-machine": [[vm("web-01", { comments: `${"a".repeat(500)}${end}` })]] },
  });
  const [line] = (await changesOf(side("old"), side("new"))).lines;
  const [field] = line?.fields ?? [];
  expect(field?.from).toMatch(/^…a+old$/);
  expect(field?.to).toMatch(/^…a+new$/);
  expect(field?.from?.length).toBeLessThanOrEqual(201);
});

describe("what a run could not read", () => {
  test("is unread, with its parts and the reason", async () => {
    const parts: SetParts = {
      "virtual-machine": [[DB]],
      "vm-interface": [[nic("db", "net0")]],
    };
    const { counts, lines } = await changesOf({ parts }, { parts: {}, ...DB_UNREAD });
    expect(counts).toMatchObject({ gone: 0, unread: 2 });
    expect(lines).toEqual([{
      what: "vm/102",
      entity: "virtual-machine db",
      change: "unread",
      parts: ["net0"],
      reason: "failed",
    }]);
  });

  test("has no line in the next run that cannot read it either", async () => {
    const partial = { parts: WEB, ...DB_UNREAD };
    expect((await changesOf({ parts: WITH_DB }, partial, partial)).lines).toEqual([]);
  });

  test("is compared with the newest run that could read it", async () => {
    const changed = vm("db", { memory: "4096" }, 102);
    const lines = async (...between: readonly Run[]) =>
      (await changesOf({ parts: WITH_DB }, ...between, {
        parts: { ...WEB, "virtual-machine": [[onNode("web-01", "pve1"), changed]] },
      })).lines;
    const partial = { parts: WEB, ...DB_UNREAD };
    const expected = [
      {
        what: "vm/102",
        entity: "virtual-machine db",
        change: "changed",
        fields: [{ field: "memory", to: "4096" }],
      },
      { what: "vm/102", entity: "virtual-machine db", change: "read", reason: "failed" },
    ];
    expect(await lines(partial)).toEqual(expected);
    expect(await lines(partial, partial, partial)).toEqual(expected);
  });

  test("is gone in a later run that finds it gone", async () => {
    const partial = { parts: WEB, ...DB_UNREAD };
    const { counts, lines } = await changesOf({ parts: WITH_DB }, partial, { parts: WEB });
    expect(counts).toMatchObject({ gone: 1, unread: 0 });
    expect(lines).toEqual([{ what: "vm/102", entity: "virtual-machine db", change: "gone" }]);
  });

  test("that came meanwhile is added", async () => {
    const { counts, lines } = await changesOf({ parts: WEB }, { parts: WEB, ...DB_UNREAD }, {
      parts: WITH_DB,
    });
    expect(counts).toMatchObject({ added: 1, read: 1 });
    expect(lines.map(({ change }) => change)).toEqual(["added", "read"]);
  });

  test("is first read when no run before could read it", async () => {
    const partial = { parts: WEB, ...DB_UNREAD };
    expect((await changesOf(partial, partial, { parts: WITH_DB })).lines).toEqual([
      { what: "vm/102", entity: "virtual-machine db", change: "first-read", reason: "failed" },
    ]);
  });

  test("of one field changes it later, and is not counted twice", async () => {
    const debian = (name: string): SetParts => ({
      platform: [[platform(name)]],
      "virtual-machine": [[vm("db", { platform: { name }, memory: "2" }, 102)]],
    });
    const unread: Run = {
      parts: { "virtual-machine": [[vm("db", { memory: "2" }, 102)]] },
      leftOut: [{ what: "vm/102/agent/get-osinfo", reason: "agent-not-running" }],
    };
    const now = { "virtual-machine": [[vm("db", { platform: { name: "B" }, memory: "1" }, 102)]] };
    const { counts, lines } = await changesOf({ parts: debian("A") }, unread, {
      parts: { ...debian("B"), ...now },
    });
    expect(lines.filter(({ what }) => what === "vm/102")).toEqual([
      {
        what: "vm/102",
        entity: "virtual-machine db",
        change: "changed",
        fields: [
          { field: "memory", from: "2", to: "1" },
          { field: "platform.name", from: "A", to: "B" },
        ],
      },
      {
        what: "vm/102",
        entity: "virtual-machine db",
        change: "read",
        fields: [{ field: "platform" }],
        reason: "agent-not-running",
      },
    ]);
    expect(counts).toMatchObject({ added: 1, changed: 1, gone: 1 });
  });
});
