/** A push --confirm that is killed at random moments: the next one ends in the same NetBox. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { openPushJournal } from "../../src/run-folder/push-journal.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { REHEARSAL_NETBOX_TOKEN } from "../../src/rehearse/settings.ts";
import { compareWith, verdicts } from "../helpers/comparing.ts";
import { diodeAndNetBox, doubledIn } from "../helpers/diode-and-netbox.ts";
import { IS_FULL } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { placeFor } from "../helpers/pushing.ts";
import { numbersFrom } from "../helpers/shuffled.ts";
import { runCli } from "../helpers/run-cli.ts";
import { startProcess } from "../helpers/run-process.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const RUNS = IS_FULL ? 10 : 1;
const KILLS_IN_A_RUN = 5;
/** Of a push in this process, without a kill: about a second, of which half a second is the start. */
const LONGEST_LIFE_MS = 1500;

describe(`a push --confirm that is killed ${KILLS_IN_A_RUN} times`, () => {
  test.each(Array.from({ length: RUNS }, (_, i) => i + 1))(
    "delivers everything in the end, once, through a NetBox that restarts: run %i",
    async (seed) => {
      const random = numbersFrom(seed);
      const both = await diodeAndNetBox({ seed, outage: { afterApplied: 80, forMs: 400 } });
      const run = await tempFolder();
      await cp(join(ROOT, "snapshots/example"), run, { recursive: true });
      const set = await openEntities(await openStore(run));
      const args = ["push", run, "--confirm", "--quiet"];
      const env = {
        DIODE_TARGET: both.receiver.target,
        DIODE_CLIENT_ID: both.receiver.client.id,
        DIODE_CLIENT_SECRET: both.receiver.client.secret,
        NETBOX_URL: both.netbox.url,
        NETBOX_TOKEN: REHEARSAL_NETBOX_TOKEN,
        NETBOX_RETRY_DELAY: "10ms",
        PUSH_RESEND_AFTER: "100ms",
      };
      const place = await placeFor(run, both.receiver.target);
      for (let kill = 0; kill < KILLS_IN_A_RUN; kill += 1) {
        const child = startProcess(args, { env });
        await Promise.race([wait(random() * LONGEST_LIFE_MS), child.ended]);
        await child.stop("SIGKILL");
        // What the journal calls confirmed is in NetBox, whenever the program was killed.
        const journal = await openPushJournal(place);
        const { judged } = await compareWith(both.netbox, set);
        const confirmed = judged.filter(({ file }) => journal.hasConfirmed(file));
        expect(verdicts(confirmed)).toEqual({});
      }
      expect(await runCli(args, { env })).toMatchObject({ code: 0 });
      const { judged } = await compareWith(both.netbox, set);
      expect([verdicts(judged), doubledIn(both.model)]).toEqual([{}, []]);
      expect((await openPushJournal(place)).isConfirmed(set)).toBe(true);
    },
    120_000,
  );
});
