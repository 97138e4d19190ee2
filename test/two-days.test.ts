/**
 * Two days of a history in fast motion: a run every 15 minutes, with a cluster that changes, people who work in
 * NetBox, outages, a kill, and a node that goes away and returns. What each run sends is in the table.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SurveyedName } from "../src/netbox/types/surveyed.ts";
import { openEntities } from "../src/run-folder/entity-set.ts";
import { folderIn, openStore } from "../src/run-folder/store/store.ts";
import { ModelNetBox } from "./helpers/applied.ts";
import { cliFolders } from "./helpers/cli-folders.ts";
import { compareWith, verdicts } from "./helpers/comparing.ts";
import { ROOT } from "./helpers/golden.ts";
import { doubledIn } from "./helpers/lossy-diode.ts";
import { runCli } from "./helpers/run-cli.ts";
import { binaryOf, startProcess } from "./helpers/run-process.ts";
import { type Guest, type Outcome, type RunWay, TwoDays } from "./helpers/two-days.ts";

const NODES = ["pve1", "pve2", "pve3"];
const BUILD = guest(108, "build", { node: "pve2", address: "10.0.30.18/24", tags: "test" });
const GUESTS: readonly Guest[] = [
  guest(101, "web-01", { node: "pve1", address: "10.0.10.11/24", tags: "prod;web" }),
  guest(102, "web-02", { node: "pve2", address: "10.0.10.12/24", tags: "prod;web" }),
  guest(103, "db-01", { node: "pve1", address: "10.0.20.13/24", tags: "prod;db" }),
  guest(104, "db-02", { node: "pve2", address: "10.0.20.14/24", tags: "prod;db" }),
  guest(105, "mail", { node: "pve3", address: "10.0.10.15/24", tags: "prod" }),
  guest(106, "proxy", { node: "pve3", address: "10.0.10.16/24", tags: "prod", kind: "lxc" }),
  guest(107, "dns", { node: "pve1", address: "10.0.30.17/24", tags: "infra", kind: "lxc" }),
  BUILD,
  guest(109, "monitor", { node: "pve3", address: "10.0.30.19/24", tags: "infra" }),
  guest(110, "wiki", { node: "pve1", address: "10.0.10.20/24", tags: "prod" }),
  guest(111, "backup", { node: "pve2", address: "10.0.30.21/24", tags: "infra" }),
  guest(112, "staging", { node: "pve3", address: "10.0.20.22/24", tags: "test" }),
];
const SHOP = guest(113, "shop", { node: "pve1", address: "10.0.10.23/24", tags: "prod" });
const CLONES = [114, 115, 116].map((vmid) =>
  guest(vmid, `clone-${vmid}`, { node: "pve3", address: `10.0.20.${vmid - 90}/24`, tags: "test" })
);

function guest(
  vmid: number,
  name: string,
  more: Pick<Guest, "node" | "address" | "tags" | "kind">,
): Guest {
  return { vmid, name, memory: 2048, disk: 16, ...more };
}

const MONDAY = "2026-11-23";
const TUESDAY = "2026-11-24";
/** Names of the runs. */
const TIMES = [MONDAY, TUESDAY].flatMap((day) =>
  Array.from({ length: 96 }, (_, i) => {
    const [hour, minute] = [Math.floor(i / 4), i % 4 * 15].map((n) => String(n).padStart(2, "0"));
    return `${day}T${hour}-${minute}-00Z`;
  })
);
/** "Mon 02:15" → the name of the run. */
function runAt(time: string): string {
  const [day, clock = ""] = time.split(" ");
  return `${day === "Mon" ? MONDAY : TUESDAY}T${clock.replace(":", "-")}-00Z`;
}

/** Settings as in kubernetes/cronjob.yaml; FULL_EVERY; and waits that are shorter than by default. */
const SETTINGS = {
  SITE_NAME: "HQ",
  KEEP_LAST: "96",
  KEEP_DAILY: "30",
  KEEP_MONTHLY: "12",
  FULL_EVERY: "1d",
  PUSH_RESEND_AFTER: "100ms",
  PUSH_CONFIRM_TIMEOUT: "20s",
  PUSH_RETRY_DELAY: "10ms",
  PUSH_MAX_RETRIES: "2",
  NETBOX_RETRY_DELAY: "10ms",
  NETBOX_MAX_RETRIES: "2",
};

interface Event {
  readonly what: string;
  /** Before the run. */
  readonly happens?: (site: TwoDays) => Promise<void> | void;
  readonly way?: (site: TwoDays) => RunWay;
  /** null: it was killed. */
  readonly code?: number | null;
  /** Runs before this time end with the same code. */
  readonly until?: string;
  /** "all": every entity of the run. */
  readonly sent?: "all" | readonly string[];
  /** "new": everything is. */
  readonly changed?: "new" | readonly string[];
}

/** Longer than the test takes. */
const LONG_MS = 3_600_000;

/** TABLE: time → what happens, and what the run does about it. All other runs send and change nothing. */
const EVENTS: Readonly<Record<string, Event>> = {
  "Mon 00:00": { what: "the first run", sent: "all", changed: "new" },
  "Mon 01:30": {
    what: "monitor gets more memory",
    happens: (site) => site.change(109, { memory: 4096 }),
    sent: ['virtual_machine "monitor"'],
    changed: ["virtual-machine monitor: memory"],
  },
  "Mon 02:15": {
    what: "db-01 gets a tag",
    happens: (site) => site.change(103, { tags: "prod;db;critical" }),
    sent: ['tag "critical"', 'virtual_machine "db-01"'],
    changed: ["new tag critical", "virtual-machine db-01: tags"],
  },
  "Mon 03:00": {
    what: "pve2 is off",
    happens: (site) => void (site.offline = ["pve2"]),
    code: 4,
    until: "Mon 05:00",
    sent: ['device "pve2"'],
    changed: ["device pve2: status"],
  },
  "Mon 04:00": {
    what: "wiki gets more memory",
    happens: (site) => site.change(110, { memory: 8192 }),
    code: 4,
    sent: ['virtual_machine "wiki"'],
    changed: ["virtual-machine wiki: memory"],
  },
  "Mon 05:00": {
    what: "pve2 is back: what the base could not read is sent again",
    happens: (site) => void (site.offline = []),
    sent: [
      'vm_interface "web-02/net0"',
      'vm_interface "db-02/net0"',
      'vm_interface "build/net0"',
      'vm_interface "backup/net0"',
      'interface "pve2/vmbr0"',
      'ip_address "10.1.0.2/24"',
      'ip_address "10.0.10.12/24"',
      'ip_address "10.0.20.14/24"',
      'ip_address "10.0.30.18/24"',
      'ip_address "10.0.30.21/24"',
      'virtual_machine "web-02"',
      'virtual_machine "db-02"',
      'virtual_machine "build"',
      'virtual_machine "backup"',
      'virtual_disk "web-02/scsi0"',
      'virtual_disk "db-02/scsi0"',
      'virtual_disk "build/scsi0"',
      'virtual_disk "backup/scsi0"',
      'device "pve2"',
    ],
    changed: ["device pve2: status"],
  },
  "Mon 06:30": {
    what: "web-01 is renamed",
    happens: (site) => site.change(101, { name: "www-01" }),
    sent: [
      'vm_interface "www-01/net0"',
      'ip_address "10.0.10.11/24"',
      'virtual_machine "www-01"',
      'virtual_disk "www-01/scsi0"',
    ],
    changed: ["virtual-machine www-01: name"],
  },
  "Mon 07:15": { what: "people work in NetBox", happens: ({ both }) => edit(both.model, EDITS[0]) },
  "Mon 08:00": {
    what: "mail gets another address",
    happens: (site) => site.change(105, { address: "10.0.10.95/24" }),
    sent: ['ip_address "10.0.10.95/24"'],
    changed: [
      "new ip-address 10.0.10.95/24",
      "no ip-address 10.0.10.15/24",
      "virtual-machine mail: primary_ip4",
    ],
  },
  "Mon 09:00": {
    what: "www-01 moves to pve3",
    happens: (site) => site.change(101, { node: "pve3" }),
    sent: ['virtual_machine "www-01"'],
    changed: ["virtual-machine www-01: custom_fields"],
  },
  "Mon 10:00": {
    what: "Proxmox VE is unreachable",
    happens: (site) => site.proxmox.close(),
    code: 6,
    until: "Mon 10:45",
  },
  "Mon 10:30": {
    what: "proxy gets more memory meanwhile",
    happens: (site) => site.change(106, { memory: 1024 }),
    code: 6,
  },
  "Mon 10:45": {
    what: "Proxmox VE is back",
    happens: (site) => site.proxmox.open(),
    sent: ['virtual_machine "proxy"'],
    changed: ["virtual-machine proxy: memory"],
  },
  "Mon 12:00": {
    what: "shop is created",
    happens: (site) => site.create(SHOP),
    sent: guestEntities(SHOP),
    changed: guestObjects("new", SHOP),
  },
  "Mon 13:00": {
    what: "the agent of db-02 is silent",
    happens: (site) => site.change(104, { isAgentSilent: true }),
    sent: ['platform "Linux"', 'virtual_machine "db-02"'],
    changed: ["new platform Linux", "virtual-machine db-02: platform"],
  },
  "Mon 14:00": {
    what: "db-02 gets more memory",
    happens: (site) => site.change(104, { memory: 3072 }),
    sent: ['virtual_machine "db-02"'],
    changed: ["virtual-machine db-02: memory"],
  },
  "Mon 15:00": {
    what: "the agent of db-02 answers",
    happens: (site) => site.change(104, { isAgentSilent: false }),
    sent: ['ip_address "10.0.20.14/24"', 'virtual_machine "db-02"'],
    changed: ["virtual-machine db-02: platform"],
  },
  "Mon 16:00": {
    what: "dns gets a larger disk; NetBox goes away during the push, which waits for its return",
    happens: (site) => {
      site.change(107, { disk: 32 });
      netBoxGoesAwayDuringPush(site, 500);
    },
    sent: ['virtual_disk "dns/rootfs"'],
    changed: ["virtual-disk dns/rootfs: size"],
  },
  "Mon 17:00": {
    what: "backup gets a larger disk, and NetBox is away",
    happens: (site) => {
      site.change(111, { disk: 64 });
      site.both.goAway(LONG_MS);
    },
    code: 6,
    until: "Mon 17:30",
  },
  "Mon 17:30": {
    what: "NetBox is back",
    happens: (site) => site.both.goAway(0),
    sent: ['virtual_disk "backup/scsi0"'],
    changed: ["virtual-disk backup/scsi0: size"],
  },
  "Mon 18:00": {
    what: "build gets more memory, and Diode refuses connections",
    happens: async (site) => {
      site.change(108, { memory: 8192 });
      await site.diode.close();
    },
    code: 6,
    until: "Mon 18:30",
  },
  "Mon 18:30": {
    what: "Diode is back",
    happens: (site) => site.diode.open(),
    sent: ['virtual_machine "build"'],
    changed: ["virtual-machine build: memory"],
  },
  "Mon 20:00": {
    what: "build is removed",
    happens: (site) => site.remove(108),
    changed: guestObjects("no", BUILD),
  },
  "Mon 22:00": {
    what: "three clones are created, and the run is killed in the middle of the push",
    happens: (site) => site.create(...CLONES),
    way: killed,
    code: null,
    // Entities of the disks are in the last request. Addresses make their machines.
    sent: CLONES.flatMap(guestEntities).filter((label) => !label.startsWith("virtual_disk")),
    changed: CLONES.flatMap((clone) => guestObjects("new", clone))
      .filter((text) => !text.startsWith("new virtual-disk")),
  },
  "Mon 22:15": {
    what: "the next run continues it",
    sent: CLONES.flatMap(guestEntities),
    changed: CLONES.map(({ name }) => `new virtual-disk ${name}/scsi0`),
  },
  "Tue 00:00": { what: "FULL_EVERY", sent: "all" },
  "Tue 02:30": {
    what: "monitor gets more memory, and somebody stops the run during the capture",
    happens: (site) => site.change(109, { memory: 6144 }),
    way: stopped,
    code: 130,
  },
  "Tue 02:45": {
    what: "the next run continues it",
    sent: ['virtual_machine "monitor"'],
    changed: ["virtual-machine monitor: memory"],
  },
  "Tue 06:15": { what: "people work in NetBox", happens: ({ both }) => edit(both.model, EDITS[1]) },
  "Tue 08:00": {
    what: "web-02 gets more memory; NetBox goes away during the push, and the run gives up",
    happens: (site) => {
      site.change(102, { memory: 4096 });
      netBoxGoesAwayDuringPush(site, LONG_MS);
    },
    way: () => ({ env: { PUSH_CONFIRM_TIMEOUT: "500ms" } }),
    code: 6,
    sent: ['virtual_machine "web-02"'],
  },
  "Tue 08:15": {
    what: "NetBox is back",
    happens: (site) => site.both.goAway(0),
    sent: ['virtual_machine "web-02"'],
    changed: ["virtual-machine web-02: memory"],
  },
  "Tue 10:00": {
    what: "staging is stopped",
    happens: (site) => site.change(112, { isStopped: true }),
    sent: ['platform "Linux"', 'virtual_machine "staging"'],
    changed: ["virtual-machine staging: platform, status"],
  },
  "Tue 10:45": {
    what: "staging is started",
    happens: (site) => site.change(112, { isStopped: false }),
    sent: ['ip_address "10.0.20.22/24"', 'virtual_machine "staging"'],
    changed: ["virtual-machine staging: platform, status"],
  },
  "Tue 14:00": {
    what: "www-01 moves back, and gets another address",
    happens: (site) => site.change(101, { node: "pve1", address: "10.0.10.96/24" }),
    sent: ['ip_address "10.0.10.96/24"', 'virtual_machine "www-01"'],
    changed: [
      "new ip-address 10.0.10.96/24",
      "no ip-address 10.0.10.11/24",
      "virtual-machine www-01: custom_fields, primary_ip4",
    ],
  },
  "Tue 16:00": {
    what: "clone-116 is removed",
    happens: (site) => site.remove(116),
    changed: guestObjects("no", CLONES[2] ?? SHOP),
  },
  "Tue 18:00": {
    what: "db-01 loses the tag",
    happens: (site) => site.change(103, { tags: "prod;db" }),
    sent: ['virtual_machine "db-01"'],
    changed: ["virtual-machine db-01: tags"],
  },
  "Tue 20:30": {
    what: "build is restored",
    happens: (site) => site.create(BUILD),
    sent: guestEntities(BUILD),
    changed: guestObjects("new", BUILD),
  },
};

function guestEntities({ name, address }: Guest): string[] {
  return [
    `vm_interface "${name}/net0"`,
    `ip_address "${address}"`,
    `virtual_machine "${name}"`,
    `virtual_disk "${name}/scsi0"`,
  ];
}

function guestObjects(what: "new" | "no", { name, address }: Guest): string[] {
  return [
    `${what} ip-address ${address}`,
    `${what} virtual-disk ${name}/scsi0`,
    `${what} virtual-machine ${name}`,
    `${what} vm-interface ${name}/net0`,
  ];
}

/** TABLE: what people set, in the first and in the second night. None of it comes from Proxmox VE. */
const EDITS = [
  {
    "virtual-machine www-01": { description: "Front of the shop", serial: "4711" },
    "ip-address 10.0.10.12/24": { dns_name: "web-02.example.net" },
    "device pve1": { serial: "CZ3400AB12", description: "Rack 4" },
    "vlan VLAN 10": { name: "Web servers" },
  },
  {
    "virtual-machine db-01": { description: "Ask Kim before a restart" },
    "prefix 10.1.0.0/24": { description: "Management" },
    "virtual-machine printer": { description: "Second floor" },
  },
] as const;
type Edits = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Objects that people changed, and what they set. */
const edited: { readonly type: SurveyedName; readonly id: number; readonly fields: object }[] = [];

function edit(netbox: ModelNetBox, edits: Edits): void {
  for (const [label, fields] of Object.entries(edits)) {
    const space = label.indexOf(" ");
    const [type, name] = [label.slice(0, space) as SurveyedName, label.slice(space + 1)];
    const row = netbox.one(type, (each) => nameOf(each) === name);
    edited.push({ type, id: row.id, fields });
    Object.assign(row, fields);
  }
  netbox.refresh();
}

function nameOf(row: Readonly<Record<string, unknown>>): unknown {
  return row["name"] ?? row["address"] ?? row["prefix"];
}

/** From its first request on. */
function netBoxGoesAwayDuringPush(site: TwoDays, forMs: number): void {
  site.onSent = () => {
    site.onSent = undefined;
    site.both.goAway(forMs);
  };
}

/** In a process of its own, while it waits for the answer to its third request. */
function killed(site: TwoDays): RunWay {
  const third = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  return {
    start: (args, { env }) =>
      startProcess(args, {
        env: { ...env, CLOCK_AT: new Date().toISOString() },
        program: [
          binaryOf("node"),
          "--import",
          join(ROOT, "test/helpers/clock-at.ts"),
          join(ROOT, "src/cli.ts"),
        ],
      }),
    async meanwhile(program) {
      let requests = 0;
      site.onSent = async () => {
        requests += 1;
        if (requests < 3) return;
        third.resolve();
        await over.promise;
      };
      await Promise.race([third.promise, program.ended]);
      await program.stop("SIGKILL");
      site.onSent = undefined;
      over.resolve();
    },
  };
}

/** As with Ctrl-C, after 20 answers. */
function stopped(site: TwoDays): RunWay {
  const enough = Promise.withResolvers<void>();
  return {
    // One request at a time: always the same answers are kept.
    env: { PROXMOX_CONCURRENCY: "1" },
    async meanwhile(program) {
      let answers = 0;
      site.onAnswer = () => {
        answers += 1;
        if (answers === 20) enough.resolve();
      };
      await Promise.race([enough.promise, program.ended]);
      await program.stop("SIGINT");
      site.onAnswer = undefined;
    },
  };
}

const { fresh } = cliFolders();
const outcomes = new Map<string, Outcome>();
const model = new ModelNetBox();
let history = "";
let site: TwoDays;

beforeAll(async () => {
  history = fresh("history");
  model.make("site", { name: "HQ" });
  const type = model.make("cluster-type", { name: "VMware" });
  const cluster = model.make("cluster", { name: "office", type, scope_type: null, scope: null });
  model.make("virtual-machine", { name: "printer", cluster, tenant: null });
  site = await TwoDays.begin({ history, model, nodes: NODES, guests: GUESTS, env: SETTINGS });
  const events = new Map(Object.entries(EVENTS).map(([time, event]) => [runAt(time), event]));
  for (const run of TIMES) {
    const event = events.get(run);
    await event?.happens?.(site);
    outcomes.set(run, await site.run(run, event?.way?.(site)));
  }
}, 600_000);

afterAll(() => site.end());

interface Done {
  readonly code: number | null;
  readonly sent: "all" | readonly string[];
  readonly changed: "new" | readonly string[];
}

/** Run → what the table says of it. */
function expectedRuns(): Readonly<Record<string, Done>> {
  const events = Object.entries(EVENTS).map(([time, event]) => ({ run: runAt(time), ...event }));
  return Object.fromEntries(TIMES.map((run) => {
    const event = events.find((each) => each.run === run);
    const period = events.find(({ run: from, until }) =>
      until !== undefined && from <= run && run < runAt(until)
    );
    const { code = period?.code ?? 0, sent = [], changed = [] } = event ?? {};
    return [run, {
      code,
      sent: typeof sent === "string" ? sent : sent.toSorted(),
      changed: typeof changed === "string" ? changed : changed.toSorted(),
    }];
  }));
}

function doneBy({ code, sent, changed, entities }: Outcome): Done {
  return {
    code,
    sent: sent.length > 0 && sent.length === entities ? "all" : sent.toSorted(),
    changed: changed.length > 80 && changed.every((text) => text.startsWith("new "))
      ? "new"
      : changed,
  };
}

function outcomeAt(time: string): Outcome {
  const outcome = outcomes.get(runAt(time));
  if (outcome === undefined) throw new Error(`No run at ${time}`);
  return outcome;
}

test("each run sends what happened and nothing else, and has its exit code", () => {
  const done = [...outcomes].map(([run, outcome]) => [run, doneBy(outcome)]);
  expect(Object.fromEntries(done)).toEqual(expectedRuns());
});

test("a quiet run asks Diode nothing", () => {
  expect(outcomeAt("Mon 01:00").requests).toEqual({ proxmox: 44, diode: 0, netbox: 76 });
});

describe("NetBox", () => {
  test("has exactly the entities of the last run, once each, and refused nothing", async () => {
    const last = await openEntities(folderIn(await openStore(history), TIMES.at(-1) ?? ""));
    const { judged, error } = await compareWith(site.both.netbox, last);
    expect(error).toBeUndefined();
    expect(verdicts(judged)).toEqual({});
    expect(judged.filter(({ doubled }) => doubled !== undefined)).toEqual([]);
    expect([doubledIn(model), model.refused]).toEqual([[], []]);
    const names = [...GUESTS, SHOP, ...CLONES.slice(0, 2)].map(({ name }) =>
      name === "web-01" ? "www-01" : name
    );
    expect(model.all("virtual-machine").map(({ name }) => name).toSorted())
      .toEqual([...names, "printer"].toSorted());
  });

  test("never changed a guest of the node that was off", () => {
    const runs = TIMES.filter((run) => runAt("Mon 03:00") <= run && run < runAt("Mon 05:00"));
    expect(runs).toHaveLength(8);
    const applied = runs.flatMap((run) => outcomes.get(run)?.applied ?? []);
    expect(applied.map(({ type, name, field }) => [type, name, field])).toEqual([
      ["device", "pve2", "status"],
      ["virtual-machine", "wiki", "memory"],
    ]);
  });

  test("has what people set", () => {
    expect(edited).toHaveLength(7);
    for (const { type, id, fields } of edited) {
      expect(model.one(type, (row) => row.id === id)).toMatchObject(fields);
    }
  });
});

test("retention leaves the last 96 runs, with their surveys and all records", async () => {
  const store = await openStore(history);
  const kept = TIMES.filter((run) => run >= runAt("Mon 23:45") && run !== runAt("Tue 02:45"));
  expect(kept).toHaveLength(96);
  expect((await store.folders()).toSorted()).toEqual(
    [...kept.flatMap((run) => [run, `${run}-netbox`]), "lock", "log"].toSorted(),
  );
  // Two runs have continued the ones before them.
  expect(await store.keys("log")).toHaveLength(TIMES.length - 2);
});

describe("log shows", () => {
  const logOf = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli(["log", history, ...args]);
    expect([code, stderr]).toEqual([0, ""]);
    const { proxmox, diode, both: { netbox } } = site;
    return stdout.replaceAll(`127.0.0.1:${proxmox.port}`, "127.0.0.1:8006")
      .replaceAll(`127.0.0.1:${diode.port}`, "127.0.0.1:8080")
      .replaceAll(netbox.url, "http://127.0.0.1:8000")
      // How much of an interrupted run is left depends on the moment.
      .replace(
        /\b[\d.]+m?s +(?=resumed|folder removed; resumed)/g,
        (time) => "…".padEnd(time.length),
      );
  };

  test("the runs", async () => {
    await expect(await logOf()).toMatchFileSnapshot(golden("log.txt"));
  });

  test.each([101, 104, 108])("what happened to the guest %i", async (vmid) => {
    await expect(await logOf(`vm/${vmid}`)).toMatchFileSnapshot(golden(`log-vm-${vmid}.txt`));
  });
});

function golden(file: string): string {
  return join(ROOT, "test/golden/two-days", file);
}
