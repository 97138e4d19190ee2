/** The table of compared keys is complete: each key in a snapshot is compared, or ignored with a reason. */
import { expect, test } from "vitest";
import { type ComparedAnswer, INVENTORY, isInventory } from "../../../src/look/diff/inventory.ts";
import { type EndpointName, parsePath } from "../../../src/proxmox/endpoints.ts";
import { CUSTOM_FIELD_TABLES, TABLES } from "../../../src/transform/mapping/tables.ts";
import { siteIn, WHOLE_CASES } from "../../helpers/whole-outputs.ts";

/** Answers that are not compared, and why. */
const IGNORED_ANSWERS: Readonly<Record<Exclude<EndpointName, ComparedAnswer>, string>> = {
  agentInterfaces: "addresses alone, NIC by NIC",
  lxcInterfaces: "addresses alone, NIC by NIC",
  agentHostName: "only with AGENT_HOST_NAMES; the differences of the entities show it",
  version: "version of the node that answered; the status of each node has its own",
  acl: "about the token",
  permissions: "about the token",
};

/** True also for answers whose unlisted keys are all compared. */
function isDecided(answer: ComparedAnswer, key: string): boolean {
  const { inventory, ignored, others } = INVENTORY[answer];
  const named = [...inventory, ...Object.values(ignored).flat()];
  return others === "inventory" ||
    named.some((each) => key === each || key.startsWith(`${each}.`));
}

function keysOf(data: unknown, prefix = ""): string[] {
  if (Array.isArray(data)) return data.flatMap((row) => keysOf(row, prefix));
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([key, value]: [string, unknown]) => {
    const isBranch = typeof value === "object" && value !== null && !Array.isArray(value);
    return isBranch ? keysOf(value, `${prefix}${key}.`) : [prefix + key];
  });
}

test.each([...new Set(WHOLE_CASES.flatMap(({ runs }) => runs))])(
  "each key in %s is compared or ignored",
  async (run) => {
    const site = await siteIn(run);
    const undecided = new Set<string>();
    for (const answers of [site.cluster, ...Object.values(site.nodes)]) {
      for (const [path, answer] of Object.entries(answers)) {
        const name = parsePath(path)?.endpoint;
        if (!("data" in answer) || (name ?? "") in IGNORED_ANSWERS) continue;
        const { result = answer.data } = (answer.data ?? {}) as { result?: unknown };
        if (name === undefined) undecided.add(path);
        else if (!("error" in ((result ?? {}) as object))) {
          keysOf(result).filter((key) => !isDecided(name as ComparedAnswer, key)).forEach((key) =>
            undecided.add(`${name}.${key}`)
          );
        }
      }
    }
    expect([...undecided]).toEqual([]);
  },
);

/** Keys that the mapping reads and diff does not compare, since other keys have the same content. */
const ELSEWHERE = new Set([
  // These identify a row.
  "resources.id",
  "resources.type",
  "resources.vmid",
  "nodes.node",
  "network.iface",
  "clusterStatus.name",
  "clusterStatus.type",
  // /nodes has the status, too.
  "clusterStatus.online",
  // The order of interfaces.
  "network.priority",
  // The listing has the tags; the config is only used if the listing has none.
  "config.tags",
  // Rows of SDN are compared by their names.
  "sdnZones.zone",
  "sdnVnets.vnet",
  "sdnSubnets.subnet",
  "sdnSubnets.cidr",
  // Set while a task runs; only SUSPENDED_STATUS reads it.
  "resources.lock",
  "config.lock",
]);

test("all keys that the mapping reads are compared", () => {
  const tables = [...Object.values(TABLES), ...Object.values(CUSTOM_FIELD_TABLES)];
  const reads = new Set(
    tables.flatMap((table) => Object.values(table).flatMap((row) => [...row.reads] as string[])),
  );
  const missed = [...reads].filter((read) => {
    const [answer = "", ...key] = read.split(".");
    return answer in INVENTORY && !ELSEWHERE.has(read) &&
      !isInventory(answer as ComparedAnswer, key.join("."));
  });
  expect(reads.size).toBeGreaterThan(30);
  expect(missed).toEqual([]);
});

test("no key is in the table twice", () => {
  for (const { inventory, ignored } of Object.values(INVENTORY)) {
    const named = [...inventory, ...Object.values(ignored).flat()];
    expect(named).toEqual([...new Set(named)]);
  }
});
