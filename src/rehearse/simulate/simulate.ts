/** simulate: a synthetic snapshot, written like a captured one and the same for the same seed. */
import { usageError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { CLUSTER_FILE, NODES_FOLDER } from "../../proxmox/endpoints.ts";
import { type ManifestFacts, startSnapshot } from "../../run-folder/snapshot-files.ts";
import { type Manifest, MANIFEST_FILE } from "../../run-folder/snapshot.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { wholeNumber } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { clusterAnswers, resourceRow, siteVersion } from "./cluster-answers.ts";
import { makeGuest } from "./guest.ts";
import { nodeAnswers } from "./node-answers.ts";
import { MAX_GUESTS, MAX_NODES, planSite, type SimulateOptions, type Site } from "./site.ts";

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
    const guests = node.guests.map((number) => makeGuest(site, { node, number }));
    for (const guest of guests) resources.push(resourceRow(site, guest));
    const answers = nodeAnswers(site, { node, guests });
    await writer.write(`${NODES_FOLDER}${node.name}.json`, answers);
  }
  await writer.write(CLUSTER_FILE, clusterAnswers(site, resources));
  return await writer.finish(factsOf(site));
}

function checkOptions(options: SimulateOptions): void {
  checkNumber("nodes", { value: options.nodes, min: 1, max: MAX_NODES });
  checkNumber("guests", { value: options.guests, min: 0, max: MAX_GUESTS });
  checkNumber("seed", {
    value: options.seed,
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
  });
}

function checkNumber(name: string, range: { value: number; min: number; max: number }): void {
  const { value, min, max } = range;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw usageError(`Cannot simulate a site with ${name} ${value}`, {
    hint: `"${name}" is a whole number from ${min} to ${max}`,
  });
}

async function refuseForeign(store: Store): Promise<void> {
  const isTaken = (await store.keys()).some((key) =>
    key === MANIFEST_FILE || key.startsWith("pve/")
  );
  if (!isTaken || await isSimulated(store)) return;
  throw usageError(
    `Cannot write to ${store.place}: it has a snapshot that simulate did not write`,
    {
      hint: "Name another folder with --out, or remove that one first",
    },
  );
}

async function isSimulated(store: Store): Promise<boolean> {
  const bytes = await store.read(MANIFEST_FILE) ?? new Uint8Array();
  return decodeUtf8(bytes, MANIFEST_FILE).includes(JSON.stringify(GENERATOR.name));
}

function factsOf(site: Site): ManifestFacts {
  return {
    tool: GENERATOR,
    source: { host: "pve-0001.sim.example", port: 8006, version: siteVersion(site).version },
    scope: { nodes: ["*"] },
    captured_at: CAPTURED_AT,
  };
}

const DEFAULT_OUT = "snapshots/simulated";

export async function runSimulate(session: Session): Promise<void> {
  const nodes = numberOf(session, "nodes");
  const guests = numberOf(session, "guests");
  const seed = numberOf(session, "seed");
  const target = session.option("out") ?? DEFAULT_OUT;
  const store = await session.openTarget(target);
  const { counts, files, outcome } = await simulate(store, { nodes, guests, seed });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (session.isJson) {
    const result = { folder: target, nodes, guests, seed, outcome, counts, bytes };
    session.print(JSON.stringify(result, null, 2));
    return;
  }
  session.print(
    `Wrote ${groupDigits(guests)} guests on ${groupDigits(nodes)} nodes (seed ${seed}): ` +
      `${groupDigits(counts.answers)} answers, ${groupDigits(bytes)} bytes, ${outcome}, in ${
        printable(target)
      }`,
  );
}

function numberOf(session: Session, name: string): number {
  return wholeNumber({ name, text: session.option(name) ?? "" });
}
