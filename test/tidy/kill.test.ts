/** tidy --apply that is killed at random moments: the next run ends in the same NetBox, and undo takes all of it back. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { cliFolders } from "../helpers/cli-folders.ts";
import { IS_FULL } from "../helpers/full-tests.ts";
import { startProcess } from "../helpers/run-process.ts";
import type { SmallNetBox } from "../helpers/small-netbox.ts";
import {
  JOIN,
  RELEASE,
  REMOVALS,
  RENAME,
  runTidyCli,
  startTidyNetBox,
  TIDY_ENV,
  UNTAG,
  withoutIds,
  writePlan,
} from "../helpers/tidying.ts";

const { fresh } = cliFolders();
const RUNS = IS_FULL ? 10 : 1;
const KILLS_IN_A_RUN = 5;
const TIMEOUT_MS = 300_000;
const ITEMS = [RELEASE, RENAME, ...REMOVALS.slice(0, 2), UNTAG, JOIN];

async function uninterrupted(): Promise<unknown> {
  const netbox = await startTidyNetBox();
  try {
    const run = fresh("run");
    await writePlan(run, netbox.url, ITEMS);
    await runTidyCli([run, "--apply", "--netbox", netbox.url]);
    return withoutIds(netbox.rows);
  } finally {
    await netbox.close();
  }
}

/** Kills a process after a number of requests. */
async function killAtRandom(args: readonly string[], netbox: SmallNetBox): Promise<void> {
  const child = startProcess(args, { env: TIDY_ENV });
  const until = netbox.asked.length + 1 + Math.floor(Math.random() * 60);
  const { signal, abort } = abortable();
  const enough = (async () => {
    while (netbox.asked.length < until && !signal.aborted) await wait(1);
  })();
  await Promise.race([enough, child.ended]);
  abort();
  await child.stop("SIGKILL");
}

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

async function undoAll(run: string, netbox: SmallNetBox): Promise<void> {
  // The latest record first.
  for (const file of (await readdir(join(run, "tidy"))).sort().toReversed()) {
    const args = ["--undo", join(run, "tidy", file), "--netbox", netbox.url];
    await killAtRandom(["tidy", ...args], netbox);
    const { code, stderr } = await runTidyCli(args);
    expect(code, stderr).toBe(0);
  }
}

describe.concurrent(`tidy that is killed ${KILLS_IN_A_RUN} times`, () => {
  test.each(Array.from({ length: RUNS }, (_, i) => i + 1))(
    "ends in the same NetBox, and undo restores the first: run %i",
    async () => {
      const netbox = await startTidyNetBox({ latencyMs: 2 });
      try {
        const before = withoutIds(netbox.rows);
        const run = fresh("run");
        await writePlan(run, netbox.url, ITEMS);
        const args = [run, "--apply", "--netbox", netbox.url];
        for (let kill = 0; kill < KILLS_IN_A_RUN; kill += 1) {
          await killAtRandom(["tidy", ...args], netbox);
        }
        const { code, stdout } = await runTidyCli(args);
        expect([code, /stale|kept|refused/.exec(stdout)?.[0]]).toEqual([0, undefined]);
        expect(withoutIds(netbox.rows)).toEqual(await uninterrupted());
        await undoAll(run, netbox);
        expect(withoutIds(netbox.rows)).toEqual(before);
      } finally {
        await netbox.close();
      }
    },
    TIMEOUT_MS,
  );
});
