/** run --history --tidy: each run sends only what changed, and NetBox has exactly that. */
import { join } from "node:path";
import { serve } from "../../../src/rehearse/serve/serve.ts";
import { runsIn } from "../../../src/run-folder/history.ts";
import { readRunRecord } from "../../../src/run-folder/run-record.ts";
import { openStore } from "../../../src/run-folder/store/store.ts";
import type { BackgroundDiode } from "../../helpers/background-diode.ts";
import type { LabGuest } from "../../helpers/lab.ts";
import { runCli } from "../../helpers/run-cli.ts";
import { settingsOf, siteGuest, siteOf } from "../../helpers/site-runs.ts";
import { tokenIn } from "../server/netbox.ts";
import { temporaryFolder } from "../set-up/temporary-folder.ts";
import type { Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual } from "./compare-report.ts";
import { withDiode } from "./confirm.ts";

export const HISTORY_CASES: readonly Case[] = [
  {
    holds: "10",
    name: "run --history --tidy sends only what changed, run after run",
    isForAll: true,
    run: changesOnly,
  },
];

const WEB = siteGuest(101, "web", { address: "10.0.0.11/24", tags: "prod" });
const DB = siteGuest(102, "db", { address: "10.0.0.12/24" });
const MAIL = siteGuest(103, "mail", { address: "10.0.0.13/24" });
const WWW = siteGuest(101, "www", { address: "10.0.0.11/24", tags: "prod" });
const NEW_DB = { ...DB, config: { ...DB.config, description: "replica" } };

/** TABLE: guests of a run → entities that it sends; undefined: all. */
const RUNS: readonly { readonly guests: readonly LabGuest[]; readonly sent?: number }[] = [
  { guests: [WEB, DB, MAIL] },
  { guests: [WEB, DB, MAIL], sent: 0 },
  { guests: [WEB, NEW_DB, MAIL], sent: 1 },
  // The machine, its disk, its NIC and its address.
  { guests: [WWW, NEW_DB, MAIL], sent: 4 },
  { guests: [WWW, NEW_DB], sent: 0 },
  { guests: [WWW, NEW_DB], sent: 0 },
];

async function changesOnly(trial: Trial): Promise<void> {
  const folder = await temporaryFolder("history");
  const place = join(folder.path, "history");
  try {
    await withDiode(trial, {}, async (diode) => {
      for (const [index, { guests, sent }] of RUNS.entries()) {
        const run = await nextRun(trial, { diode, place, guests });
        if (run === undefined) return;
        trial.sent += run.sent;
        const expected = sent ?? run.total;
        if (run.sent !== expected) {
          trial.findings.push(`run ${index} sent ${run.sent} entities, not ${expected}`);
        }
        await expectAllEqual(trial, run.folder);
      }
    });
  } finally {
    await folder.remove();
  }
}

async function nextRun(
  trial: Trial,
  { diode, place, guests }: {
    readonly diode: BackgroundDiode;
    readonly place: string;
    readonly guests: readonly LabGuest[];
  },
) {
  const { netbox } = trial;
  const cluster = await serve(siteOf(guests));
  try {
    const env = {
      ...settingsOf({ receiver: diode.receiver, netbox: { url: netbox.url, asked: 0 } }, cluster),
      NETBOX_TOKEN: tokenIn(netbox.authorization.write),
      PUSH_RESEND_AFTER: "5s",
      PUSH_CONFIRM_TIMEOUT: "60s",
    };
    const { code, stdout, stderr } = await runCli(["run", "--history", place, "--tidy"], { env });
    if (code !== 0) {
      trial.findings.push(`run --history ended with ${code}: ${stdout}${stderr}`);
      return undefined;
    }
  } finally {
    await cluster.close();
  }
  const history = await openStore(place);
  const name = (await runsIn(history)).at(-1) ?? "";
  const record = await readRunRecord(history, name);
  return {
    folder: join(place, name),
    sent: record?.push?.sent ?? NaN,
    total: record?.entities?.total ?? NaN,
  };
}
