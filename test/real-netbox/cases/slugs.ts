/** Names that differ in case or dots have the same slug in NetBox: they stay separate objects, and a user's slug is kept. */
import { type LabGuest, labSite } from "../../helpers/lab.ts";
import type { Site } from "../../helpers/snapshot-builder.ts";
import type { SentEntity } from "../diode/entity-files.ts";
import { listAll, type Row, send } from "../server/rest.ts";
import { expectedOf, type Input, type Trial } from "../trial.ts";
import type { Case } from "./case.ts";

const PLATFORMS = "dcim/platforms";
const TAGS = "extras/tags";

/** One guest for each operating system, which its agent reports. */
function running(...names: readonly string[]): Site {
  const guests = names.map((name, i): LabGuest => ({
    vmid: 101 + i,
    config: { agent: "1", ostype: "l26" },
    osinfo: { name },
    interfaces: [],
  }));
  return labSite({ guests });
}

function tagged(...tags: readonly string[]): Site {
  return labSite({ guests: tags.map((each, i) => ({ vmid: 101 + i, row: { tags: each } })) });
}

/** Pairs with the same slug, one with the slug of a node's platform, and three without a valid slug. */
const PLATFORM_NAMES: readonly string[] = [
  "RouterOS 7.1.5",
  "RouterOS 7.15",
  "Ubuntu 24.04",
  "ubuntu 24.04",
  "Linux",
  "linux",
  "proxmox ve 8.4",
  "+++",
  "日本",
  "㎢".repeat(60),
];

export const SLUG_CASES: readonly Case[] = [
  {
    holds: "1 2 3",
    name: "platforms with the same slug become one object per name",
    isForAll: true,
    run: (trial) => pushReversed(trial, { runs: [running(...PLATFORM_NAMES)] }),
  },
  {
    holds: "1 2 3",
    name: "tags with the same slug become one object per name",
    isForAll: true,
    run: (trial) =>
      pushReversed(trial, {
        runs: [tagged("a.b;a-b;ab;AB;Prod;prod;C;c++", "c;_;Discovered;prod")],
      }),
  },
  {
    holds: "1 2 3 7",
    name:
      "sites with the same slug become two objects, and names without a valid slug are accepted",
    run: (trial) =>
      pushReversed(trial, {
        runs: [labSite({ nodes: { pve1: {}, pve2: {} }, guests: [{ vmid: 101, config: {} }] })],
        settings: {
          NODE_SITE_MAP: "pve1:DC 1.1,pve2:dc 11",
          TENANT_NAME: "営業",
          NODE_MANUFACTURER: "自作",
          NODE_DEVICE_TYPE: "+",
          NODE_DEVICE_ROLE: "母艦",
        },
      }),
  },
  ...["RouterOS 7.1.5", "RouterOS 7.15"].map((first) => ({
    holds: "3",
    name: `the platform ${first} stays the same object when another one with its slug is added`,
    run: (trial: Trial) => addPlatform(trial, first, ["RouterOS 7.1.5", "RouterOS 7.15"]),
  })),
  {
    holds: "3",
    name: "slugs that a user set on platforms and tags are kept",
    isForAll: true,
    run: usersSlugs,
  },
];

/** In both orders: Diode does not order a batch. Only custom fields are sent first. */
async function pushReversed(trial: Trial, input: Input): Promise<void> {
  const entities = await trial.transform(input);
  const isField = ({ step }: SentEntity): boolean => step.name === "custom-field";
  await trial.push(entities.filter(isField));
  const others = entities.filter((sent) => !isField(sent)).toReversed();
  await trial.push(others, undefined, { bootstrapWait: false });
  await trial.compare(await expectedOf(input));
  await trial.pushAgain(entities);
}

/** The first platform is in NetBox from an earlier push. */
async function addPlatform(trial: Trial, first: string, names: readonly string[]): Promise<void> {
  await trial.push(await trial.transform({ runs: [running(first)] }));
  const before = await rowOf(trial, PLATFORMS, first);
  const input = { runs: [running(first, ...names.filter((name) => name !== first))] };
  const entities = await trial.transform(input);
  for (const order of [entities.toReversed(), entities]) {
    await trial.push(order);
    await trial.compare(await expectedOf(input));
    const after = await rowOf(trial, PLATFORMS, first);
    if (after?.id !== before?.id) {
      trial.findings.push(`${first} was object ${before?.id} and is ${after?.id}`);
    }
  }
  await trial.pushAgain(entities);
}

async function usersSlugs(trial: Trial): Promise<void> {
  const { netbox } = trial;
  const made: readonly (readonly [path: string, name: string, slug: string])[] = [
    [PLATFORMS, "Debian 12", "bookworm"],
    [PLATFORMS, "Linux", "linux-any"],
    [TAGS, "Prod", "production"],
    [TAGS, "ubuntu-24.04", "noble"],
    [TAGS, "c++", "cpp"],
    [TAGS, "web", "www"],
    [TAGS, "discovered", "found"],
  ];
  for (const [path, name, slug] of made) {
    await send(netbox, { method: "POST", path, body: { name, slug } });
  }
  const guests: LabGuest[] = [
    { vmid: 101, row: { tags: "Prod;ubuntu-24.04;c++;web" }, config: { ostype: "l26" } },
    { vmid: 102, row: { tags: "Web" }, config: { agent: "1" }, osinfo: { name: "Debian 12" } },
  ];
  const entities = await trial.transform({ runs: [labSite({ guests })] });
  await trial.push(entities);
  for (const [path, name, slug] of made) {
    const found = (await rowOf(trial, path, name))?.["slug"];
    if (found !== slug) trial.findings.push(`${path} ${name}: its slug is ${found}, not ${slug}`);
  }
  await trial.pushAgain(entities);
}

async function rowOf({ netbox }: Trial, path: string, name: string): Promise<Row | undefined> {
  return (await listAll(netbox, path)).find((row) => row["name"] === name);
}
