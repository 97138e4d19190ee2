/** A capture that is killed at random moments, several times, is complete after --resume. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRandom } from "../../src/rehearse/random.ts";
import type { Served } from "../../src/rehearse/serve/serve.ts";
import { answersIn, captured, textsFor } from "../helpers/capturing.ts";
import type { ChildCapture } from "../helpers/capture-child.ts";
import { IS_FULL } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { COMPILE_CACHE } from "../helpers/run-process.ts";
import { served, simulated } from "../helpers/serving.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** Killed captures. A full run kills fifty: 25 on each runtime. */
const KILLED = IS_FULL ? 25 : 5;
/** Captures in one process, each at another speed, so that one kill stops them at different moments. */
const CAPTURES = IS_FULL ? 6 : 2;
/** Requests before a kill, for each capture on average. A whole capture makes 130. */
const MOST_REQUESTS = 40;
const LONGEST_WAIT_MS = 40;

/** Kills the process after so many requests and so many milliseconds. False: it ended before. */
async function isKilled(
  captures: readonly ChildCapture[],
  moment: { requests: number; waitMs: number; watch: (onRequest: () => void) => void },
): Promise<boolean> {
  const flags = "Deno" in globalThis ? ["run", "-A"] : [];
  const script = join(ROOT, "test/helpers/capture-child.ts");
  const child = spawn(process.execPath, [...flags, script, JSON.stringify(captures)], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    stdio: ["ignore", "ignore", "inherit"],
  });
  let requests = 0;
  moment.watch(() => {
    requests += 1;
    if (requests === moment.requests) setTimeout(() => child.kill("SIGKILL"), moment.waitMs);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (signal !== "SIGKILL") expect(code).toBe(0);
  return signal === "SIGKILL";
}

/** The server answers quickly, but the machine may be slow. */
const PATIENT = { PROXMOX_API_TIMEOUT: "60" };

function texts(server: Served, index: number): ChildCapture["texts"] {
  return { ...textsFor(server), ...PATIENT, PROXMOX_CONCURRENCY: String(index + 1) };
}

test(
  `${KILLED} captures that were killed and resumed give the same snapshot`,
  async () => {
    const snapshot = await simulated(3, 60);
    const whole = await captured(await served(snapshot), { settings: PATIENT });
    const expected = await answersIn(whole.folder);

    const random = createRandom("Deno" in globalThis ? 2 : 1, "kills");
    let onRequest = (): void => undefined;
    const server = await served(snapshot, { latencyMs: 10, onRequest: () => onRequest() });
    const watch = (listener: () => void): void => {
      onRequest = listener;
    };
    let killed = 0;
    for (let round = 1; killed < KILLED; round += 1) {
      const folder = await tempFolder();
      const all = Array.from({ length: CAPTURES }, (_, index) => ({
        folder: join(folder, String(index)),
        texts: texts(server, index),
      }));
      for (let left: ChildCapture[] = all; left.length > 0;) {
        const isLast = killed >= KILLED;
        const moment = {
          requests: isLast ? Infinity : random.between(1, MOST_REQUESTS * left.length),
          waitMs: random.below(LONGEST_WAIT_MS),
          watch,
        };
        const wasKilled = await isKilled(left, moment);
        if (wasKilled) killed += left.length;
        left = wasKilled ? await unfinished(left) : [];
      }
      for (const each of all) {
        expect(await answersIn(each.folder), `round ${round}, ${each.folder}`).toEqual(expected);
        expect((await readdir(each.folder)).sort()).toEqual(["manifest.json", "pve"]);
      }
    }
  },
  180_000,
);

async function unfinished(captures: readonly ChildCapture[]): Promise<ChildCapture[]> {
  const isLeft = await Promise.all(captures.map(async ({ folder }) => {
    const found = await readdir(folder).catch((): string[] => []);
    return found.includes("capture.journal") || !found.includes("manifest.json");
  }));
  return captures.filter((_, index) => isLeft[index]);
}
