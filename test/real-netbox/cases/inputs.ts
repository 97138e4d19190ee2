/** Complete inputs: each is applied, reads back as mapped, and changes nothing when it is sent again. */
import { labSite } from "../../helpers/lab.ts";
import { WHOLE_CASES } from "../../helpers/whole-outputs.ts";
import { readEntityFiles } from "../diode/entity-files.ts";
import { expectBootstrap } from "../judge/expect.ts";
import { expectedOf, type Input, type Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual } from "./compare-report.ts";

const EXAMPLE = ["snapshots/example"];
const TWO_SITES = ["test/fixtures/two-sites"];
const PVE8 = ["test/fixtures/pve8"];
const MAC = "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=10";

/** Clones with the MAC addresses of their originals. */
const CLONES = labSite({
  guests: ["net0", "net1"].flatMap((key, i) => [
    { vmid: 101 + i, config: { net0: MAC, [key]: MAC, scsi0: "local:d,size=1G" } },
    {
      vmid: 103 + i,
      kind: "lxc" as const,
      config: { net0: `name=eth0,${MAC.replace("virtio", "hwaddr")}` },
    },
  ]),
});

interface InputCase extends Input, Omit<Case, "run"> {
  /** Pushes until nothing changes; default 1. */
  readonly pushes?: number;
}

/**
 * With CLEAR_EMPTY, of a guest whose own entity is applied before one of its NICs or addresses, NetBox
 * keeps an empty custom field in the second push only.
 */
const CLEARING = 2;

/** The expectations know the mapping document; policy/depth.ts tests these settings. */
const MAPPED = {
  NETWORK_DEPTH: "mapped",
  CLOUD_INIT_ADDRESSES: "false",
  GUEST_SERIAL: "false",
  SUSPENDED_STATUS: "",
};

const INPUTS: readonly InputCase[] = [
  { holds: "1 2 3", name: "the example", runs: EXAMPLE, isForAll: true },
  ...["pve7", "pve8", "pve9", "standalone", "standalone-no-sys-audit", "two-sites"].map((name) => ({
    holds: "1 2 3",
    name: `the fixture ${name}`,
    runs: [`test/fixtures/${name}`],
    ...(name === "pve8" && { isForAll: true as const, modes: ["bulk", "single"] as const }),
  })),
  {
    holds: "6",
    name: "two clusters of one site, transformed together",
    runs: ["test/fixtures/pve8", "test/fixtures/second-cluster"],
    settings: { SITE_NAME: "Yard" },
  },
  {
    holds: "6",
    name: "two clusters of two sites, transformed together",
    runs: ["test/fixtures/pve8", "test/fixtures/second-cluster"],
  },
  {
    holds: "7",
    name: "NODE_SITE_MAP within one cluster",
    runs: TWO_SITES,
    settings: { nodes: "*" },
  },
  {
    holds: "7",
    name: "CLUSTER_SCOPE=site with nodes of other sites",
    runs: TWO_SITES,
    settings: { nodes: "*", CLUSTER_SCOPE: "site" },
  },
  {
    holds: "7",
    name: "CLUSTER_SCOPE=none",
    runs: PVE8,
    settings: { CLUSTER_SCOPE: "none" },
  },
  {
    holds: "7",
    name: "TENANT_NAME, DEVICE_CLUSTER and a custom device type",
    runs: PVE8,
    settings: {
      TENANT_NAME: "Brightwater",
      DEVICE_CLUSTER: "true",
      NODE_DEVICE_TYPE: "R650",
      NODE_MANUFACTURER: "Dell",
      NODE_DEVICE_ROLE: "Virtualisation host",
    },
  },
  {
    holds: "7",
    name: "DEVICE_CLUSTER with a cluster without scope",
    runs: TWO_SITES,
    settings: { nodes: "*", DEVICE_CLUSTER: "true" },
  },
  {
    holds: "7",
    name: "CLEAR_EMPTY from the start",
    runs: PVE8,
    settings: { CLEAR_EMPTY: "true" },
    pushes: CLEARING,
  },
  {
    holds: "7",
    name: "ALL_INTERFACES and LXC_LIVE_ADDRESSES",
    runs: EXAMPLE,
    settings: { ALL_INTERFACES: "true", LXC_LIVE_ADDRESSES: "true" },
  },
  {
    holds: "1 2 3",
    name: "one MAC address on NICs of one guest and of two guests",
    runs: [CLONES],
  },
  // PREFIX_SCOPE=site requires VRFs: within one VRF, NetBox has a prefix once.
  ...WHOLE_CASES.filter(({ name }) => name !== "the example").map(({ name, runs, settings }) => ({
    holds: "1 2 3 7",
    name: `all entities of ${name}`,
    runs,
    settings: { ...settings, ...MAPPED, PREFIX_SCOPE: "auto" },
    isBig: true as const,
    pushes: settings.CLEAR_EMPTY === "true" ? CLEARING : 1,
  })),
];

export const INPUT_CASES: readonly Case[] = [
  { holds: "1 2 3", name: "bootstrap", isForAll: true, run: bootstrap },
  {
    holds: "1 2 3",
    name: "a simulated site of 1,000 guests",
    isBig: true,
    run: simulated,
  },
  ...INPUTS.map(({ runs, settings = {}, pushes = 1, ...rest }) => ({
    ...rest,
    run: (trial: Trial) => pushAndCheck(trial, { runs, settings }, pushes),
  })),
];

async function bootstrap(trial: Trial): Promise<void> {
  const entities = await trial.bootstrap();
  await trial.push(entities);
  await trial.compare(expectBootstrap());
  await trial.pushAgain(entities);
}

async function simulated(trial: Trial): Promise<void> {
  const site = await trial.simulate({ nodes: 8, guests: 1000, seed: 7 });
  await pushAndCheck(trial, { runs: [site] });
}

/** The checks of these tests and the command `compare` must both find everything. */
function pushAndCheck(trial: Trial, input: Input, pushes = 1): Promise<void> {
  return trial.withRun(input, async (run) => {
    const entities = await readEntityFiles(run);
    for (let i = 0; i < pushes; i += 1) await trial.push(entities);
    await trial.compare(await expectedOf(input));
    await expectAllEqual(trial, run);
    await trial.pushAgain(entities);
  });
}
