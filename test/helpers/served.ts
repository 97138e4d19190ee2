/** Servers that live as long as the test that asked for them. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openStore } from "../../src/kernel/store.ts";
import { serve, type Served, type ServeOptions } from "../../src/rehearse/serve/serve.ts";
import { openSnapshot } from "../../src/snapshot/read.ts";
import type { Snapshot } from "../../src/snapshot/schema.ts";
import { ROOT } from "./golden.ts";

export const EXAMPLE = "snapshots/example";

export async function snapshotIn(folder: string): Promise<Snapshot> {
  return await openSnapshot(await openStore(join(ROOT, folder)));
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
