/** push --confirm: a Diode that acknowledges and applies later, wrongly, or never, and a NetBox that shows it. */
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ConfirmOptions } from "../../src/push/confirm.ts";
import { parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import { requestJson } from "../../src/rehearse/receive/ingester.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import { openPushJournal } from "../../src/run-folder/push-journal.ts";
import { buildSet, customField, tag, vlan } from "../helpers/entity-set.ts";
import {
  placeFor,
  pushInto,
  type PushOverrides,
  type PushRun,
  receiver,
} from "../helpers/pushing.ts";
import {
  AUTHORIZATION,
  type Row,
  type SmallNetBox,
  startSmallNetBox,
} from "../helpers/small-netbox.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

type Entity = Readonly<Record<string, unknown>>;

const TAGS = "extras/tags";
const FIELDS = "extras/custom-fields";
const VLANS = "ipam/vlans";
const VRFS = "ipam/vrfs";
const SITE = { id: 1, name: "HQ" };
/** Field of an entity → path, and the object that NetBox shows of it. */
const APPLIED: Readonly<Record<string, readonly [path: string, show: (sent: Entity) => object]>> = {
  tag: [TAGS, (sent) => ({ slug: sent["name"], ...sent })],
  custom_field: [FIELDS, (sent) => ({ ...sent, type: { value: sent["type"] } })],
  vrf: [VRFS, (sent) => ({ ...sent, rd: null, tenant: null, tags: [] })],
  vlan: [VLANS, (sent) => ({
    ...sent,
    vid: Number(sent["vid"]),
    site: SITE,
    group: null,
    status: { value: "active" },
    tags: [],
  })],
};

interface Lossy {
  readonly target: string;
  readonly netbox: SmallNetBox;
  /** Field and name of each entity in the order of arrival, with repetitions. */
  readonly received: string[];
  push(set: TransformedSet, overrides?: PushOverrides): Promise<PushRun>;
}

interface Application {
  readonly afterMs?: number;
  /** 0: it is lost. */
  readonly copies?: number;
}

interface LossyOptions {
  /** When and how often an entity is applied; `time`: how many times it came before. Default: once, at once. */
  readonly applied?: (name: string, time: number) => Application;
  readonly change?: (name: string, row: Row) => Row;
  readonly denied?: readonly string[];
  readonly isAway?: () => boolean;
  readonly watch?: Partial<ConfirmOptions["watch"]>;
  readonly timeoutMs?: number;
}

/** A Diode that applies entities later, and the NetBox that shows them. */
async function lossy(options: LossyOptions = {}): Promise<Lossy> {
  const { applied = (): Application => ({}), change = (_, row) => row, isAway = () => false } =
    options;
  const rows: Record<string, Row[]> = {};
  for (const path of ALL_PATHS) rows[path] = [];
  const netbox = await startSmallNetBox({
    rows,
    denied: options.denied,
    faultOf: () => isAway() ? { wire: "drop" } : undefined,
  });
  onTestFinished(() => netbox.close());
  const received: string[] = [];
  const ids = new Map<string, number>();
  let nextId = 1;
  const apply = (field: string, sent: Entity): void => {
    const [path, show] = APPLIED[field] ?? [TAGS, (each: Entity) => each];
    const list = rows[path] ?? [];
    const name = String(sent["name"]);
    const known = list.find(({ id }) => id === ids.get(name));
    const row = change(name, { id: known?.id ?? nextId++, ...show(sent) });
    ids.set(name, row.id);
    if (known === undefined) list.push(row);
    else Object.assign(known, row);
  };
  const diode = await receiver({
    onRequest(_, bytes) {
      for (const { timestamp: _, ...each } of requestJson(bytes).entities) {
        const [[field, sent] = ["", {}]] = Object.entries(each) as [string, Entity][];
        const name = String(sent["name"]);
        const label = `${field} ${name}`;
        const { afterMs = 0, copies = 1 } = applied(
          name,
          received.filter((other) => other === label).length,
        );
        received.push(label);
        const later = async (): Promise<void> => {
          await wait(afterMs);
          if (copies > 0) apply(field, sent);
          for (let more = 1; more < copies; more += 1) {
            const [path, show] = APPLIED[field] ?? [TAGS, (other: Entity) => other];
            rows[path]?.push({ id: nextId++, ...show(sent) });
          }
        };
        void later();
      }
    },
  });
  const connection = parseNetBoxSettings({
    NETBOX_URL: netbox.url,
    NETBOX_TOKEN: AUTHORIZATION,
    NETBOX_RETRY_DELAY: "1ms",
    NETBOX_MAX_RETRIES: "0",
  });
  const confirm: ConfirmOptions = {
    netbox: { ...connection, certificates: undefined, proxy: undefined },
    timeoutMs: options.timeoutMs ?? 20_000,
    resendAfterMs: 20,
    watch: {
      onOpened: () => undefined,
      onLooked: () => undefined,
      onResend: () => undefined,
      onUnreachable: () => undefined,
      ...options.watch,
    },
  };
  return {
    target: diode.target,
    netbox,
    received,
    push: (set, overrides) => pushInto(diode, set, { confirm, ...overrides }),
  };
}

const ALL_PATHS = [
  TAGS,
  FIELDS,
  VLANS,
  VRFS,
  "dcim/devices",
  "dcim/interfaces",
  "dcim/platforms",
  "ipam/ip-addresses",
  "ipam/prefixes",
  "virtualization/cluster-types",
  "virtualization/clusters",
  "virtualization/interfaces",
  "virtualization/virtual-disks",
  "virtualization/virtual-machines",
];

async function tags(...names: readonly string[]): Promise<TransformedSet> {
  return await buildSet(await tempFolder(), { "tag": [names.map((name) => tag(name))] });
}

async function isConfirmed(set: TransformedSet, { target }: Lossy): Promise<boolean> {
  return (await openPushJournal(await placeFor(set.place, target))).isConfirmed(set);
}

describe("push --confirm", () => {
  test("ends when NetBox has what was sent, not when Diode has acknowledged it", async () => {
    const set = await tags("a", "b");
    const diode = await lossy({ applied: (name) => ({ afterMs: name === "b" ? 200 : 0 }) });
    const run = await diode.push(set);
    expect([run.error, run.confirmed]).toMatchObject([
      undefined,
      { entities: 2, arrived: 2, open: [], doubled: [] },
    ]);
    expect(diode.netbox.rows[TAGS]).toHaveLength(2);
    expect(await isConfirmed(set, diode)).toBe(true);
  });

  test("sends again what was lost, and nothing else", async () => {
    const diode = await lossy({
      applied: (name, time) => ({ copies: name === "b" && time < 2 ? 0 : 1 }),
    });
    const { confirmed, error } = await diode.push(await tags("a", "b", "c"));
    expect([error, confirmed?.arrived]).toEqual([undefined, 3]);
    expect(diode.received).toEqual(["tag a", "tag b", "tag c", "tag b", "tag b"]);
  });

  test("sends again what arrived otherwise than it was sent", async () => {
    let times = 0;
    const diode = await lossy({
      change: (_, row) => times++ === 0 ? { ...row, name: "lost" } : row,
    });
    const set = await buildSet(await tempFolder(), { "vlan": [[vlan("10"), vlan("20")]] });
    expect((await diode.push(set)).confirmed?.arrived).toBe(2);
    expect(diode.received).toEqual(["vlan VLAN 10", "vlan VLAN 20", "vlan VLAN 10"]);
  });

  test("names what does not arrive at last, and does not confirm its file", async () => {
    const set = await tags("a", "b");
    const diode = await lossy({ applied: (name) => ({ copies: name === "b" ? 0 : 1 }) });
    const run = await diode.push(set);
    expect(run.error).toBeUndefined();
    expect(run.confirmed?.examples).toMatchObject([{ entity: "b", verdict: "missing" }]);
    expect(diode.received.filter((each) => each === "tag b")).toHaveLength(7);
    expect(await isConfirmed(set, diode)).toBe(false);
  });

  test("gives up after the time limit when nothing arrives at all", async () => {
    const diode = await lossy({ applied: () => ({ copies: 0 }), timeoutMs: 300 });
    const started = performance.now();
    const { confirmed, error } = await diode.push(await tags("a"));
    expect([error, confirmed?.arrived]).toEqual([undefined, 0]);
    expect(performance.now() - started).toBeGreaterThan(300);
  });

  test("sends values only when NetBox has their custom fields", async () => {
    const seen: number[] = [];
    const diode = await lossy({
      applied: (name) => {
        if (name === "VLAN 10") seen.push(diode.netbox.rows[FIELDS]?.length ?? 0);
        return { afterMs: name === "proxmox_vmid" ? 250 : 0 };
      },
    });
    const set = await buildSet(await tempFolder(), {
      "custom-field": [[customField("proxmox_vmid")]],
      "vlan": [[vlan("10")]],
    });
    const { error } = await diode.push(set, { texts: { PUSH_BOOTSTRAP_WAIT: "0" } });
    expect([error, seen]).toEqual([undefined, [1]]);
  });

  test("sends what names a VRF only when NetBox has the VRF", async () => {
    const seen: number[] = [];
    const diode = await lossy({
      applied: (name) => {
        if (name === "VLAN 10") seen.push(diode.netbox.rows[VRFS]?.length ?? 0);
        return { afterMs: name === "internal" ? 250 : 0 };
      },
    });
    const set = await buildSet(await tempFolder(), {
      "vrf": [[{ name: "internal", tags: [] }]],
      "vlan": [[vlan("10")]],
    });
    const { error, confirmed } = await diode.push(set);
    expect([error, seen, confirmed?.open]).toEqual([undefined, [1], []]);
    expect([...new Set(diode.received)]).toEqual(["vrf internal", "vlan VLAN 10"]);
  });

  test("sends no values when NetBox has a custom field of another type", async () => {
    const diode = await lossy({
      change: (name, row) => name === "proxmox_vmid" ? { ...row, type: { value: "integer" } } : row,
    });
    const set = await buildSet(await tempFolder(), {
      "custom-field": [[customField("proxmox_vmid")]],
      "vlan": [[vlan("10")]],
    });
    const { confirmed } = await diode.push(set);
    expect(confirmed).toMatchObject({ isStopped: true, arrived: 0, entities: 1 });
    expect(confirmed?.examples[0]?.differences).toEqual([
      { field: "type", netbox: "integer", sent: "text" },
    ]);
    expect(diode.received).toEqual(["custom_field proxmox_vmid"]);
  });

  test("names what NetBox has twice, with both objects, and does not confirm it", async () => {
    const set = await buildSet(await tempFolder(), { "vlan": [[vlan("10"), vlan("20")]] });
    const diode = await lossy({ applied: (name) => ({ copies: name === "VLAN 10" ? 2 : 1 }) });
    const run = await diode.push(set);
    expect(run.confirmed).toMatchObject({ arrived: 2, entities: 2, open: [] });
    expect(run.confirmed?.doubled.map(({ entity, doubled }) => [entity, doubled?.urls])).toEqual([
      ["10 at HQ", [`${diode.netbox.url}/ipam/vlans/1/`, `${diode.netbox.url}/ipam/vlans/2/`]],
    ]);
    expect(await isConfirmed(set, diode)).toBe(false);
  });

  test("waits for a NetBox that is away", async () => {
    let isAway = false;
    const failures: string[] = [];
    const diode = await lossy({
      applied: () => ({ afterMs: 50 }),
      isAway: () => isAway,
      watch: { onUnreachable: ({ message }) => void failures.push(message) },
    });
    const run = diode.push(await tags("a"), {
      onSent() {
        isAway = true;
        setTimeout(() => isAway = false, 300);
      },
    });
    expect(await run).toMatchObject({ error: undefined, confirmed: { arrived: 1 } });
    expect(failures[0]).toContain("Cannot read extras/tags");
  });

  test("fails when NetBox stays away", async () => {
    let isAway = false;
    const diode = await lossy({ isAway: () => isAway, timeoutMs: 200 });
    const { error } = await diode.push(await tags("a"), { onSent: () => void (isAway = true) });
    expect(error).toMatchObject({
      kind: "remote",
      message: expect.stringContaining("Cannot read"),
    });
  });

  test("sends nothing when the token may not view what has to be seen", async () => {
    const diode = await lossy({ denied: [VLANS, "dcim/devices"] });
    const { error } = await diode.push(await tags("a"));
    expect(error).toMatchObject({
      kind: "remote",
      message: `Cannot confirm: the token may not view VLANs (ipam.view_vlan), devices ` +
        `(dcim.view_device) in NetBox at ${diode.netbox.url}`,
    });
    expect(diode.received).toEqual([]);
  });

  test("looks for what an earlier push had acknowledged, and only for that", async () => {
    const set = await tags("a");
    const diode = await lossy({ applied: (_, time) => ({ copies: time === 0 ? 0 : 1 }) });
    const first = await diode.push(set, { confirm: undefined });
    expect([first.confirmed, diode.netbox.asked.length]).toEqual([undefined, 0]);
    const second = await diode.push(set);
    expect([second.confirmed?.arrived, diode.received]).toEqual([1, ["tag a", "tag a"]]);
    const asked = diode.netbox.asked.length;
    const third = await diode.push(set);
    expect([third.confirmed, diode.netbox.asked.length]).toEqual([undefined, asked]);
  });

  test.each([
    ["the whole if that run is confirmed", true],
    ["only these if that run is acknowledged", false],
  ])("of the changes since a run confirms %s", async (_, isWhole) => {
    const monday = await tags("a", "b");
    const tuesday = await tags("a", "b", "c");
    const diode = await lossy();
    const since = {
      set: monday,
      journalPlace: await placeFor(monday.place, diode.target),
    };
    await diode.push(monday, isWhole ? {} : { confirm: undefined });
    const run = await diode.push(tuesday, { since });
    expect(run.planned?.base?.state).toBe(isWhole ? "confirmed" : "acknowledged");
    expect(run.confirmed).toMatchObject({ entities: 1, arrived: 1 });
    expect(await isConfirmed(tuesday, diode)).toBe(isWhole);
  });
});
