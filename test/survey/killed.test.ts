/** A survey that is killed at random moments and resumed writes the same files as one that is not. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { IS_FULL } from "../helpers/full-tests.ts";
import { netboxRows } from "../helpers/sample-site.ts";
import { runProcess, startProcess } from "../helpers/run-process.ts";
import { TOKEN } from "../helpers/small-netbox.ts";
import { manyTags, surveyedNetBox, surveyOf } from "../helpers/surveying.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const KILLS = IS_FULL ? 40 : 4;
/** Of the pages of 45,000 tags. */
const MOST_REQUESTS = 60;

test(`after ${KILLS} kills`, { timeout: 600_000 }, async () => {
  let onRequest = (): void => undefined;
  const rows = { ...netboxRows(), "extras/tags": manyTags(45_000) };
  const netbox = await surveyedNetBox({
    rows,
    faultOf() {
      onRequest();
      return undefined;
    },
  });
  const whole = await tempFolder();
  const { counts } = await surveyOf(netbox, whole);
  const folder = await tempFolder();
  const env = { NETBOX_TOKEN: TOKEN, NETBOX_URL: netbox.url };
  const args = (): string[] => {
    const isUnfinished = existsSync(join(folder, "survey.journal"));
    return ["survey", "--out", folder, "--json", ...(isUnfinished ? ["--resume"] : [])];
  };
  let resumed = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = 1 + Math.floor(Math.random() * MOST_REQUESTS);
    onRequest = () => (left -= 1) === 0 && resolve();
    if (args().includes("--resume")) resumed += 1;
    const child = startProcess(args(), { env });
    await Promise.race([promise, child.ended]);
    await wait(Math.random() * 20);
    await child.stop("SIGKILL");
  }
  onRequest = () => undefined;
  const { code, stdout, stderr } = await runProcess(args(), { env });
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: "complete", counts });
  expect(await treeOf(join(folder, "target"))).toEqual(await treeOf(join(whole, "target")));
  expect(existsSync(join(folder, "survey.journal"))).toBe(false);
  if (IS_FULL) expect(resumed).toBeGreaterThan(0);
});
