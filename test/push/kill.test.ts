/** A push that is killed at random moments loses no file, and its journal lists only sent files. */
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { EntitySet } from "../../src/run-folder/entity-set.ts";
import { readRequest } from "../../src/run-folder/request.ts";
import { receive, type Receiver } from "../../src/rehearse/receive/receive.ts";
import { cliFolders } from "../helpers/cli-folders.ts";
import { buildSet, tag, vm } from "../helpers/entity-set.ts";
import { IS_FULL } from "../helpers/full-tests.ts";
import { journalLines } from "../helpers/pushing.ts";
import { runCli } from "../helpers/run-cli.ts";
import { startProcess } from "../helpers/run-process.ts";

const { fresh } = cliFolders();

const RUNS = IS_FULL ? 10 : 1;
const KILLS_IN_A_RUN = 5;
const FILES = 40;
const CONCURRENCY = 4;

async function buildTwoSteps(): Promise<EntitySet> {
  return await buildSet(fresh(), {
    "tag": Array.from({ length: 5 }, (_, i) => [tag(`t${i}`)]),
    "virtual-machine": Array.from({ length: FILES - 5 }, (_, i) => [vm(`guest-${i}`)]),
  });
}

async function idsOf(set: EntitySet): Promise<Set<unknown>> {
  const requests = set.files.map(async (file) => readRequest(await file.read(), file.path)["id"]);
  return new Set(await Promise.all(requests));
}

function pushArgs(set: EntitySet, diode: Receiver) {
  const args = ["push", set.place, "--bootstrap-wait=0", `--concurrency=${CONCURRENCY}`];
  const env = {
    DIODE_TARGET: diode.target,
    DIODE_CLIENT_ID: diode.client.id,
    DIODE_CLIENT_SECRET: diode.client.secret,
  };
  return { args, env };
}

/** A receiver, and a promise that resolves after a number of requests. */
async function countingReceiver() {
  let onRequest = (): void => {};
  const diode = await receive({ latencyMs: 3, onRequest: () => onRequest() });
  const requests = (count: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = count;
    onRequest = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    return promise;
  };
  return { diode, requests };
}

/** Kills a push after some requests, or at a random time after its start. */
async function killAtRandom(
  set: EntitySet,
  { diode, requests }: Awaited<ReturnType<typeof countingReceiver>>,
): Promise<void> {
  const { args, env } = pushArgs(set, diode);
  const enough = requests(1 + Math.floor(Math.random() * 6));
  const child = startProcess(args, { env });
  // A push with less to send than that ends before it can be killed.
  await (Math.random() < 0.25 ? wait(Math.random() * 500) : Promise.race([enough, child.ended]));
  await wait(Math.random() * 6);
  await child.stop("SIGKILL");
}

/** Each kill includes the start of a process. */
const TIMEOUT_MS = 300_000;

describe.concurrent(`a push that is killed ${KILLS_IN_A_RUN} times`, () => {
  test.each(Array.from({ length: RUNS }, (_, i) => i + 1))(
    "delivers every file in the end, and its journal lists only sent files: run %i",
    async () => {
      const set = await buildTwoSteps();
      const counted = await countingReceiver();
      const { diode } = counted;
      try {
        for (let kill = 0; kill < KILLS_IN_A_RUN; kill += 1) {
          await killAtRandom(set, counted);
          const sent = new Set(diode.requests.map(({ id }) => id));
          for (const { request_id } of (await journalLines(set.place, diode.target)).values()) {
            expect(sent).toContain(request_id);
          }
        }
        const { args, env } = pushArgs(set, diode);
        expect(await runCli(args, { env })).toMatchObject({ code: 0 });
        expect(new Set(diode.requests.map(({ id }) => id))).toEqual(await idsOf(set));
        // Only requests in flight at a kill may arrive twice.
        expect(diode.requests.length - FILES).toBeLessThanOrEqual(KILLS_IN_A_RUN * CONCURRENCY);
        expect((await journalLines(set.place, diode.target)).size).toBe(FILES);
      } finally {
        await diode.close();
      }
    },
    TIMEOUT_MS,
  );
});
