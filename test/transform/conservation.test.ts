/** Nothing is lost silently: each object in the answers becomes one entity or one record in left-out.json. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Reason, REASONS } from "../../src/run-folder/left-out.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { completenessErrors, unrecordedAnswers } from "../helpers/check-completeness.ts";
import { sdnErrors } from "../helpers/check-sdn.ts";
import { vlanErrors } from "../helpers/check-vlans.ts";
import { anyLab } from "../helpers/generated-labs.ts";
import { ruled } from "../helpers/ruled.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { inMemory, siteOf, transformed } from "../helpers/in-memory.ts";
import { labSite } from "../helpers/lab.ts";
import type { Site } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { contentsOf, type Reading } from "../helpers/snapshot-contents.ts";

const EXTENSIONS: SettingTexts = {
  ALL_INTERFACES: "true",
  NETWORK_DEPTH: "full",
  LXC_LIVE_ADDRESSES: "true",
  CLOUD_INIT_ADDRESSES: "true",
  GUEST_SERIAL: "true",
  SUSPENDED_STATUS: "paused",
  CLEAR_EMPTY: "true",
  DEVICE_CLUSTER: "true",
  PLATFORM_WITHOUT_AGENT: "keep",
  DISK_BASE_UNIT: "1000",
  TENANT_NAME: "Brightwater",
  PREFIX_SCOPE: "site",
  CLUSTER_SCOPE: "none",
};
const POLICIES: readonly [string, SettingTexts][] = [
  ["with the default mapping", {}],
  ["with every extension", EXTENSIONS],
  [
    "with rules that leave things out",
    ruled(`
  - match: { name: "*1*" }
    skip: guests
  - match: { bridge: vmbr1 }
    skip: interfaces
  - match: { kind: [qemu, lxc, node], address: [10.0.0.0/8, "2001:db8::/32"] }
    skip: addresses
  - match: { kind: node, name: "*2" }
    skip: nodes
  - match: { kind: [qemu, lxc, node], network: 192.168.0.0/16 }
    set: { vrf: private }
`),
  ],
];
const FIXTURES = [
  "snapshots/example",
  ...["pve7", "pve8", "pve9", "second-cluster", "standalone", "standalone-no-sys-audit"]
    .map((name) => `test/fixtures/${name}`),
  "test/fixtures/two-sites",
  "test/fixtures/vlans",
  "test/fixtures/sdn",
];
/** Reasons that the fixtures lack: they need hostile answers or an unusual node. Tests in rows/ cover them. */
const NOT_SHOWN: readonly Reason[] = [
  ...["too-long", "missing-device", "zero-mac", "multicast-mac", "duplicate-mac"] as const,
  // These need a target.
  ...["held-by-user", "ambiguous", "other-kind", "required-field"] as const,
  "held-elsewhere",
];

async function fixture(folder: string): Promise<Site> {
  const snapshot = await openSnapshot(await openStore(join(ROOT, folder)));
  return siteOf(snapshot);
}

function readingOf(settings: SettingTexts): Reading {
  return {
    isLive: settings.LXC_LIVE_ADDRESSES === "true",
    isCloudInit: settings.CLOUD_INIT_ADDRESSES === "true",
  };
}

/** The objects of one site that were lost or duplicated when it is transformed alone. */
async function faultsOfSite(site: Site, settings: SettingTexts): Promise<string[]> {
  const outcome = await transformed(inMemory(site), settings);
  const objects = contentsOf(site, readingOf(settings));
  return [
    ...completenessErrors(objects, outcome, { host: site.host ?? "" }),
    ...unrecordedAnswers(site, outcome).filter((path) =>
      settings.NETWORK_DEPTH === "full" || !path.startsWith("/cluster/sdn/")
    ),
    ...(settings.NETWORK_DEPTH === "full"
      ? [...vlanErrors(site, outcome), ...sdnErrors(site, outcome)]
      : []),
  ];
}

describe.each(POLICIES)("%s", (_, settings) => {
  test.each(FIXTURES)(
    "each object in %s becomes an entity or a left-out record",
    async (folder) => {
      expect(await faultsOfSite(await fixture(folder), settings)).toEqual([]);
    },
  );

  test.each([1, 2, 3, 77])(
    "each object in the simulated site %i becomes an entity or a left-out record",
    async (seed) => {
      const store = await openStore(await tempFolder());
      await simulate(store, { nodes: 3, guests: 250, seed });
      expect(await faultsOfSite(await siteOf(await openSnapshot(store)), settings)).toEqual([]);
    },
  );

  test.each(["pve1", "pve2,pve3", "pve4", "nowhere"])(
    "with nodes=%s, left-out records of nodes and guests count what is out of scope",
    async (nodes) => {
      const site = await fixture("snapshots/example");
      expect(await faultsOfSite(site, { ...settings, nodes })).toEqual([]);
    },
  );

  test("several snapshots in one run keep the objects of each snapshot", async () => {
    const sites = [await fixture("snapshots/example"), await fixture("test/fixtures/pve8")];
    const names = ["example", "pve8", "second-cluster"];
    sites.push(await fixture("test/fixtures/second-cluster"));
    const snapshots = sites.map((site, i) => inMemory(site, names[i]));
    const outcome = await transformed(snapshots, settings);
    sites.forEach((site, i) => {
      const origin = { host: site.host ?? "", snapshot: names[i] ?? "" };
      expect(completenessErrors(contentsOf(site, readingOf(settings)), outcome, origin), names[i])
        .toEqual(
          [],
        );
    });
  });
});

test.each(POLICIES)(
  "each object in generated answers becomes an entity or a left-out record: %s",
  async (_, settings) => {
    const scope = fc.constantFrom("*", "pve1", "pve2,pve10");
    await fc.assert(
      fc.asyncProperty(anyLab(), scope, async (parts, nodes) => {
        expect(await faultsOfSite(labSite({ ...parts, host: "pve1" }), { ...settings, nodes }))
          .toEqual([]);
      }),
      { numRuns: numRuns(150) },
    );
  },
);

describe("reasons in left-out.json", () => {
  test("all appear in the example and the fixtures, except those that need unusual answers", async () => {
    const shown = new Set<string>();
    for (const folder of FIXTURES) {
      for (const [, settings] of POLICIES) {
        const { leftOut } = await transformed(inMemory(await fixture(folder)), settings);
        for (const { reason } of leftOut) shown.add(reason);
      }
    }
    const expected = Object.keys(REASONS).filter((reason) =>
      !(NOT_SHOWN as readonly string[]).includes(reason)
    );
    expect([...shown].sort()).toEqual(expected.sort());
  });

  test.each(FIXTURES)(
    "each have a sentence and refer to an existing answer in %s",
    async (folder) => {
      const site = await fixture(folder);
      const { leftOut, notes } = await transformed(inMemory(site));
      for (const { what, sentence, answer } of [...leftOut, ...notes]) {
        const node = /^pve\/nodes\/(.+)\.json$/.exec(answer.file)?.[1];
        const file = node === undefined ? site.cluster : site.nodes[node];
        expect(sentence.length, what).toBeGreaterThan(10);
        expect(Object.keys(file ?? {}), `${what} of ${answer.file}`).toContain(answer.path);
      }
    },
  );
});

test("the completeness check detects a missing entity, a missing record and a duplicate record", async () => {
  const site = await fixture("snapshots/example");
  const whole = await transformed(inMemory(site));
  const objects = contentsOf(site);
  const origin = { host: site.host ?? "" };
  const kept = { ...whole, leftOut: whole.leftOut.slice(1) };
  expect(completenessErrors(objects, kept, origin)).toEqual([
    "node/pve1/bond0 is neither an entity nor a record",
  ]);
  const twice = { ...whole, leftOut: [...whole.leftOut.slice(0, 1), ...whole.leftOut] };
  expect(completenessErrors(objects, twice, origin)).toEqual([
    "no thing belongs to the record node/pve1/bond0 (no-address)",
  ]);
  for (const step of ["virtual-disk", "vm-interface", "ip-address", "interface"] as const) {
    const without = { ...whole, of: withoutFirst(whole, step) };
    expect(completenessErrors(objects, without, origin).length, step).toBeGreaterThan(0);
  }
});

test("the check of SDN detects a missing VLAN, L2VPN, VRF, prefix and record", async () => {
  const site = await fixture("test/fixtures/sdn");
  const whole = await transformed(inMemory(site), EXTENSIONS);
  expect(sdnErrors(site, whole)).toEqual([]);
  for (const step of ["vlan", "l2vpn", "vrf", "prefix"] as const) {
    expect(sdnErrors(site, { ...whole, of: withoutFirst(whole, step) }), step).not.toEqual([]);
  }
  const isOfSdn = (what: string): boolean => what.startsWith("sdn-");
  for (const { what } of whole.leftOut.filter((record) => isOfSdn(record.what))) {
    const leftOut = whole.leftOut.filter((record) => !record.what.startsWith(what));
    expect(sdnErrors(site, { ...whole, leftOut }), what).not.toEqual([]);
  }
});

function withoutFirst(
  whole: Awaited<ReturnType<typeof transformed>>,
  step: string,
): typeof whole.of {
  return (name) => (name === step ? whole.of(name).slice(1) : whole.of(name));
}
