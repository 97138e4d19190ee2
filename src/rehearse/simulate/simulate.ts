/** simulate: a synthetic snapshot, written like a captured one and the same for the same seed. */
import { usageError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { CLUSTER_FILE, NODES_FOLDER } from "../../proxmox/endpoints.ts";
import { startSnapshot } from "../../run-folder/snapshot-files.ts";
import { type Manifest, MANIFEST_FILE } from "../../run-folder/snapshot.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { optionReader } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { NETWORK_DEPTHS } from "../settings.ts";
import { clusterAnswers, nodeAnswers, resourceRow, siteVersion } from "./answers.ts";
import { makeGuest } from "./guest.ts";
import { MAX_GUESTS, MAX_NODES, planSite, type SimulateOptions } from "./site.ts";

export type { SimulateOptions } from "./site.ts";

/** The version changes when a seed gives other bytes. */
const GENERATOR = { name: "proxmox-diode simulate", version: "1.2.0" } as const;

/** A constant, so that a seed always gives the same bytes. */
const CAPTURED_AT = "2026-01-15T06:00:00Z";

/**
 * Replaces the snapshot in the store. Memory is bounded by the largest node and the list of all guests.
 * @throws AppError "usage" when a number is outside its range.
 */
export async function simulate(store: Store, options: SimulateOptions): Promise<Manifest> {
  checkOptions(options);
  const site = planSite(options);
  await refuseForeign(store);
  const writer = await startSnapshot(store);
  const resources: Record<string, unknown>[] = [];
  for (const node of site.nodes) {
    const guests = node.guests.map((number) => makeGuest(site, node, number));
    for (const guest of guests) resources.push(resourceRow(site, guest));
    await writer.write(`${NODES_FOLDER}${node.name}.json`, nodeAnswers(site, node, guests));
  }
  await writer.write(CLUSTER_FILE, clusterAnswers(site, resources));
  return await writer.finish({
    tool: GENERATOR,
    source: { host: "pve-0001.sim.example", port: 8006, version: siteVersion(site).version },
    // So that transform uses what is there.
    ...(site.hasFullNetworks
      ? { settings: { NETWORK_DEPTH: "full", AGENT_HOST_NAMES: "true" } }
      : {}),
    scope: { nodes: ["*"] },
    captured_at: CAPTURED_AT,
  });
}

function checkOptions({ nodes, guests, seed }: SimulateOptions): void {
  checkNumber("nodes", nodes, [1, MAX_NODES]);
  checkNumber("guests", guests, [0, MAX_GUESTS]);
  checkNumber("seed", seed, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
}

function checkNumber(name: string, value: number, [min, max]: readonly [number, number]): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw usageError(`Cannot simulate a site with ${name} ${value}`, {
    hint: `"${name}" is a whole number from ${min} to ${max}`,
  });
}

async function refuseForeign(store: Store): Promise<void> {
  const keys = await store.keys();
  if (!keys.some((key) => key === MANIFEST_FILE || key.startsWith("pve/"))) return;
  const manifest = decodeUtf8(await store.read(MANIFEST_FILE) ?? new Uint8Array(), MANIFEST_FILE);
  if (manifest.includes(JSON.stringify(GENERATOR.name))) return;
  throw usageError(
    `Cannot write to ${store.place}: it has a snapshot that simulate did not write`,
    { hint: "Name another folder with --out, or remove that one first" },
  );
}

const DEFAULT_OUT = "snapshots/simulated";

export async function runSimulate(session: Session): Promise<void> {
  const { wholeNumber } = optionReader(session);
  // The catalog has a default for each of them.
  const [nodes = 0, guests = 0, seed = 0] = ["nodes", "guests", "seed"].map(wholeNumber);
  const target = session.option("out") ?? DEFAULT_OUT;
  const store = await session.openTarget(target);
  const networks = NETWORK_DEPTHS.find((each) => each === session.option("networks")) ?? "mapped";
  const { counts, files, outcome } = await simulate(store, { nodes, guests, seed, networks });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (session.isJson) {
    const result = { folder: store.place, nodes, guests, seed, outcome, counts, bytes };
    session.print(JSON.stringify(result, null, 2));
    return;
  }
  session.print(
    `Wrote ${groupDigits(guests)} guests on ${groupDigits(nodes)} nodes (seed ${seed}): ` +
      `${groupDigits(counts.answers)} answers, ${groupDigits(bytes)} bytes, ${outcome}, in ${
        printable(store.place)
      }`,
  );
}
