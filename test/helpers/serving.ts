/** `serve` for one test: it is closed at the end of the test. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { serve, type Served, type ServeOptions } from "../../src/rehearse/serve/serve.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { ROOT } from "./golden.ts";
import { tempFolder } from "./temp-folder.ts";

export const EXAMPLE = "snapshots/example";

export async function snapshotIn(folder: string): Promise<Snapshot> {
  return await openSnapshot(await openStore(join(ROOT, folder)));
}

/** With seeds 1 to 4, no call of a simulated cluster times out, so no test has to wait for one. */
export async function simulated(nodes: number, guests: number, seed = 3): Promise<Snapshot> {
  const store = await openStore(await tempFolder());
  await simulate(store, { nodes, guests, seed });
  return await openSnapshot(store);
}

/** A committed snapshot by its folder, or one that the test made. */
export async function served(
  snapshot: string | Snapshot = EXAMPLE,
  options: ServeOptions = {},
): Promise<Served> {
  const opened = typeof snapshot === "string" ? await snapshotIn(snapshot) : snapshot;
  const server = await serve(opened, options);
  onTestFinished(() => server.close());
  return server;
}
