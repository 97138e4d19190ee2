/** Nothing is lost silently: each thing that the answers hold is an entity or a record, exactly once. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Reason, REASONS } from "../../src/run-folder/left-out.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { faultsOf, unrecordedAnswers } from "../helpers/check-completeness.ts";
import { anyLab } from "../helpers/generated-labs.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { inMemory, siteOf, transformed } from "../helpers/in-memory.ts";
import { labSite } from "../helpers/lab.ts";
import type { Site } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { thingsOf } from "../helpers/snapshot-contents.ts";

const EXTENSIONS: SettingTexts = {
  ALL_INTERFACES: "true",
  LXC_LIVE_ADDRESSES: "true",
  CLEAR_EMPTY: "true",
  DEVICE_CLUSTER: "true",
  PLATFORM_WITHOUT_AGENT: "keep",
  DISK_BASE_UNIT: "1000",
  TENANT_NAME: "Brightwater",
  PREFIX_SCOPE: "site",
  CLUSTER_SCOPE: "none",
};
const POLICIES: readonly [string, SettingTexts][] = [
  ["as the document has it", {}],
  ["with every extension", EXTENSIONS],
];
const FIXTURES = [
  "snapshots/example",
  ...["pve7", "pve8", "pve9", "second-cluster", "standalone", "standalone-no-sys-audit"]
    .map((name) => `test/fixtures/${name}`),
  "test/fixtures/two-sites",
];
/** What only a hostile snapshot brings about, or a node of few: test/transform/rows shows them. */
const NOT_SHOWN: readonly Reason[] = [
  ...["too-long", "missing-device", "zero-mac", "multicast-mac", "duplicate-mac"] as const,
];

async function fixture(folder: string): Promise<Site> {
  const snapshot = await openSnapshot(await openStore(join(ROOT, folder)));
  return siteOf(snapshot);
}

/** Everything that does not add up when one site is transformed alone. */
async function faultsAlone(site: Site, settings: SettingTexts): Promise<string[]> {
  const outcome = await transformed(inMemory(site), settings);
  const things = thingsOf(site, { isLive: settings.LXC_LIVE_ADDRESSES === "true" });
  return [
    ...faultsOf(things, outcome, { host: site.host ?? "" }),
    ...unrecordedAnswers(site, outcome),
  ];
}

describe.each(POLICIES)("%s", (_, settings) => {
  test.each(FIXTURES)("every thing of %s is an entity or a record", async (folder) => {
    expect(await faultsAlone(await fixture(folder), settings)).toEqual([]);
  });

  test.each([1, 2, 3, 77])("every thing of the simulated site %i is one", async (seed) => {
    const store = await openStore(await tempFolder());
    await simulate(store, { nodes: 3, guests: 250, seed });
    expect(await faultsAlone(await siteOf(await openSnapshot(store)), settings)).toEqual([]);
  });

  test.each(["pve1", "pve2,pve3", "pve4", "nowhere"])(
    "in the scope %s, what is out of it is counted on the records of its nodes and guests",
    async (nodes) => {
      const site = await fixture("snapshots/example");
      expect(await faultsAlone(site, { ...settings, nodes })).toEqual([]);
    },
  );

  test("several snapshots together keep the things of each", async () => {
    const sites = [await fixture("snapshots/example"), await fixture("test/fixtures/pve8")];
    const names = ["example", "pve8", "second-cluster"];
    sites.push(await fixture("test/fixtures/second-cluster"));
    const snapshots = sites.map((site, i) => inMemory(site, names[i]));
    const outcome = await transformed(snapshots, settings);
    const isLive = settings.LXC_LIVE_ADDRESSES === "true";
    sites.forEach((site, i) => {
      const whose = { host: site.host ?? "", snapshot: names[i] ?? "" };
      expect(faultsOf(thingsOf(site, { isLive }), outcome, whose), names[i]).toEqual([]);
    });
  });
});

test.each(POLICIES)(
  "every thing of generated answers is an entity or a record: %s",
  async (_, settings) => {
    const scope = fc.constantFrom("*", "pve1", "pve2,pve10");
    await fc.assert(
      fc.asyncProperty(anyLab(), scope, async (parts, nodes) => {
        expect(await faultsAlone(labSite({ ...parts, host: "pve1" }), { ...settings, nodes }))
          .toEqual([]);
      }),
      { numRuns: numRuns(150) },
    );
  },
);

describe("the reasons", () => {
  test("of the example and the fixtures together are all that are listed", async () => {
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
    "of %s each come with a sentence and an answer that exists",
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

test("the count would notice a lost entity, a lost record and a thing that came twice", async () => {
  const site = await fixture("snapshots/example");
  const whole = await transformed(inMemory(site));
  const things = thingsOf(site);
  const whose = { host: site.host ?? "" };
  const kept = { ...whole, leftOut: whole.leftOut.slice(1) };
  expect(faultsOf(things, kept, whose)).toEqual([
    "node/pve1/bond0 is neither an entity nor a record",
  ]);
  const twice = { ...whole, leftOut: [...whole.leftOut.slice(0, 1), ...whole.leftOut] };
  expect(faultsOf(things, twice, whose)).toEqual([
    "no thing belongs to the record node/pve1/bond0 (no-address)",
  ]);
  for (const step of ["virtual-disk", "vm-interface", "ip-address", "interface"] as const) {
    const without = { ...whole, of: withoutFirst(whole, step) };
    expect(faultsOf(things, without, whose).length, step).toBeGreaterThan(0);
  }
});

function withoutFirst(
  whole: Awaited<ReturnType<typeof transformed>>,
  step: string,
): typeof whole.of {
  return (name) => (name === step ? whole.of(name).slice(1) : whole.of(name));
}
