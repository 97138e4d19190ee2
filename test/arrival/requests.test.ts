/** How many requests a comparison of a real size takes. */
import { expect, test } from "vitest";
import { compare } from "../../src/arrival/compare.ts";
import { parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import { STEP_NAMES } from "../../src/netbox/types/steps.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import { serveNetBox } from "../../src/rehearse/netbox/server.ts";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import { readTarget } from "../../src/run-folder/target-objects.ts";
import { writeTargetOfRun } from "../bench/target-of-run.ts";
import { runCli } from "../helpers/run-cli.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** What `push --confirm` may cost NetBox each time that it looks. */
const MOST_REQUESTS = 150;

test("comparing 1,000 guests takes at most 150 requests for 5,000 entities", async () => {
  const [run, folder] = [await tempFolder(), await tempFolder()];
  for (
    const args of [
      ["simulate", "--nodes", "8", "--guests", "1000", "--seed", "3", "--out", run],
      ["transform", run],
    ]
  ) expect((await runCli([...args, "--quiet"])).code).toBe(0);
  await writeTargetOfRun(run, folder, 0);
  const objects = await readTarget(await openTargetFolder(await openStore(folder)));
  const netbox = await serveNetBox({
    objects: Object.fromEntries(SURVEYED.map(({ type }) => [type.path, objects.all(type)])),
  });
  try {
    const connection = parseNetBoxSettings({ NETBOX_URL: netbox.url, NETBOX_TOKEN: netbox.token });
    const judged = compare({
      set: await openEntities(await openStore(run)),
      steps: STEP_NAMES,
      netbox: { ...connection, certificates: undefined, proxy: undefined },
      concurrency: 4,
      signal: new AbortController().signal,
      onStatus: () => undefined,
    });
    let equal = 0;
    let entities = 0;
    for await (const { verdict } of judged) {
      entities += 1;
      if (verdict === "equal") equal += 1;
    }
    expect(equal / entities).toBeGreaterThan(0.99);
    expect(entities).toBeGreaterThan(4000);
    expect(netbox.asked).toBeLessThan(entities * MOST_REQUESTS / 5000);
  } finally {
    await netbox.close();
  }
});
