/** push --confirm with what happens to a Diode server and its NetBox at work. */
import { setTimeout as wait } from "node:timers/promises";
import {
  type BackgroundDiode,
  type BackgroundOptions,
  foreignTags,
  startBackgroundDiode,
} from "../../helpers/background-diode.ts";
import type { QueuedEntity } from "../../helpers/diode-queue.ts";
import { type Finished, runCli } from "../../helpers/run-cli.ts";
import { readEntityFiles } from "../diode/entity-files.ts";
import { bulkPlanApply } from "../diode/plugin.ts";
import { Front } from "../server/front.ts";
import { type NetBox, tokenIn } from "../server/netbox.ts";
import { listAll, type Row } from "../server/rest.ts";
import type { Input, Trial } from "../trial.ts";
import type { Case } from "./case.ts";
import { expectAllEqual, reportOf } from "./compare-report.ts";

export const CONFIRM_CASES: readonly Case[] = [
  {
    holds: "10",
    name: "push --confirm ends with everything equal, in any order inside a batch",
    isForAll: true,
    run: (trial) => confirmCase(trial, {}),
  },
  {
    holds: "10",
    name:
      "a NetBox that is away for ten seconds loses entities, and push --confirm sends them again",
    isForAll: true,
    run: (trial) => awayForTenSeconds(trial),
  },
  {
    holds: "10",
    name: "push --confirm waits behind 5,000 entities of another producer",
    isBig: true,
    run: (trial) => confirmCase(trial, { foreign: foreignTags(5000) }),
  },
  {
    holds: "10",
    name: "push --confirm after batches that were posted twice",
    run: (trial) =>
      withTwin(trial, (urls) => confirmCase(trial, { urls, isPostedTwice: () => true })),
  },
  {
    holds: "10",
    name: "push --confirm with two workers",
    run: (trial) => withTwin(trial, (urls) => confirmCase(trial, { urls, workers: 2 })),
  },
];

const EXAMPLE: Input = { runs: ["snapshots/example"] };
/** Diode tries for so long to reach NetBox before it gives up a batch. */
const FAILED_BATCH_MS = 1500;
const AWAY_MS = 10_000;
const MOST_EXAMPLES = 3;
/** Exit code when NetBox has something twice. */
const DOUBLED = 7;
/** Of the push without --confirm, whose custom fields must not arrive with the values. */
const BOOTSTRAP_WAIT = "5s";

interface Setting extends Omit<BackgroundOptions, "apply" | "seed"> {
  /** The NetBox of each worker; default: all use the same. */
  readonly urls?: readonly string[];
}

/** Pushes with --confirm: everything is equal at the end, or the doubled objects are named. */
async function confirmCase(trial: Trial, setting: Setting): Promise<void> {
  await trial.withRun(EXAMPLE, async (run) => {
    trial.sent += (await readEntityFiles(run)).length;
    await withDiode(trial, setting, async (diode) => {
      const job = { run, diode, isConfirming: true };
      const { code, ...finished } = await push(trial, job);
      await expectConfirmed(trial, run, { code, ...finished });
      await diode.settled();
      if (code !== DOUBLED) return;
      await joinDoubled(trial);
      await expectConfirmed(trial, run, await push(trial, job));
    });
  });
}

/** tidy makes one object of two, or says why it cannot. */
async function joinDoubled(trial: Trial): Promise<void> {
  const { netbox: { url, authorization } } = trial;
  const env = { NETBOX_TOKEN: tokenIn(authorization.write) };
  const args = ["--apply", "--only", "join", "--max-removed", "1000", "--netbox", url, "--json"];
  const { code, stdout, stderr } = await trial.withTarget((target) =>
    trial.withRun({ ...EXAMPLE, target }, (run) => runCli(["tidy", run, ...args], { env }))
  );
  if (code !== 0) trial.findings.push(`tidy ended with ${code}: ${stderr}${stdout}`);
  const { kept } = JSON.parse(stdout) as { readonly kept: readonly { readonly url: string }[] };
  const named = new Set(kept.map(({ url: page }) => new URL(page).pathname));
  const left = await doubledIn(trial.netbox);
  for (const [name, ids, paths] of left) {
    if (paths.some((path) => named.has(path))) continue;
    trial.findings.push(`${name} (${ids}) exists twice after tidy, which does not say why`);
  }
  trial.remarks.push(`${left.length} exist twice after tidy, with the reason`);
}

async function awayForTenSeconds(trial: Trial): Promise<void> {
  await trial.withRun(EXAMPLE, async (run) => {
    trial.sent += (await readEntityFiles(run)).length;
    const front = await Front.start(trial.netbox.url);
    const outage = async (diode: BackgroundDiode): Promise<void> => {
      while (diode.entitiesIn("applied").length < 100) await wait(50);
      await front.goAway();
      await wait(AWAY_MS);
      await front.comeBack();
    };
    const setting = { urls: [front.url] };
    try {
      await withDiode(trial, setting, async (diode) => {
        await Promise.all([push(trial, { run, diode, isConfirming: false }), outage(diode)]);
        await diode.settled();
        await expectLost(trial, run);
      });
      await trial.reset();
      await withDiode(trial, setting, async (diode) => {
        const job = { run, diode, isConfirming: true, url: front.url };
        const [finished] = await Promise.all([push(trial, job), outage(diode)]);
        await expectConfirmed(trial, run, finished);
      });
    } finally {
      await front.goAway();
    }
  });
}

async function expectLost(trial: Trial, run: string): Promise<void> {
  const read = tokenIn(trial.netbox.authorization.read);
  const { totals } = await reportOf(trial.netbox, run, read);
  const lost = (totals["missing"] ?? 0) + (totals["different"] ?? 0);
  trial.remarks.push(`the outage loses ${lost} of ${totals["entities"]} without --confirm`);
  if (lost === 0) trial.findings.push("the outage lost nothing");
}

async function withTwin(
  trial: Trial,
  work: (urls: readonly string[]) => Promise<void>,
): Promise<void> {
  const twin = await trial.netbox.startTwin();
  try {
    await work([trial.netbox.url, twin.url]);
  } finally {
    await twin.stop();
  }
}

/** A Diode that applies to the NetBox of the trial while `work` runs. */
export async function withDiode(
  { netbox, seed }: Trial,
  { urls = [netbox.url], ...setting }: Setting,
  work: (diode: BackgroundDiode) => Promise<void>,
): Promise<void> {
  const apply = async (batch: readonly QueuedEntity[], worker: number) => {
    const place = { url: urls[worker % urls.length] ?? netbox.url, diode: netbox.diode };
    try {
      const results = await bulkPlanApply(place, batch);
      return results.map(({ errors }) => errors === null);
    } catch {
      await wait(FAILED_BATCH_MS);
      return batch.map(() => false);
    }
  };
  const diode = await startBackgroundDiode({ ...setting, seed, apply });
  try {
    await work(diode);
  } finally {
    await diode.close();
  }
}

interface PushJob {
  readonly run: string;
  readonly diode: BackgroundDiode;
  readonly isConfirming: boolean;
  /** Of NetBox, as push reaches it. */
  readonly url?: string;
}

async function push(
  { netbox }: Trial,
  { run, diode: { receiver }, isConfirming, url = netbox.url }: PushJob,
): Promise<Finished> {
  const env = {
    DIODE_TARGET: receiver.target,
    DIODE_CLIENT_ID: receiver.client.id,
    DIODE_CLIENT_SECRET: receiver.client.secret,
    NETBOX_TOKEN: tokenIn(netbox.authorization.read),
    PUSH_BOOTSTRAP_WAIT: BOOTSTRAP_WAIT,
    NETBOX_MAX_RETRIES: "0",
  };
  const confirm = isConfirming ? ["--confirm", "--netbox", url] : [];
  return await runCli(["push", run, "--again", "--json", "--quiet", ...confirm], { env });
}

interface PushReport {
  readonly confirmed?: {
    readonly entities: number;
    readonly arrived: number;
    readonly sent_again: number;
    readonly doubled: readonly { readonly urls: readonly string[] }[];
  };
}

/** 0 and everything equal; or 7, every entity in NetBox, and all doubled objects with their URLs. */
async function expectConfirmed(
  trial: Trial,
  run: string,
  { code, stdout, stderr }: Finished,
): Promise<void> {
  const { confirmed } = JSON.parse(stdout || "{}") as PushReport;
  if (confirmed === undefined) {
    trial.findings.push(`push --confirm ended with ${code}: ${stderr}`);
    return;
  }
  const { entities, arrived, doubled, sent_again: sentAgain } = confirmed;
  trial.remarks.push(
    `push --confirm ended with ${code}: ${arrived} of ${entities}, ${sentAgain} sent again`,
  );
  if (arrived !== entities) {
    trial.findings.push(`only ${arrived} of ${entities} arrived: ${stdout}`);
  }
  const rows = await doubledIn(trial.netbox);
  if (rows.length === 0) {
    if (code !== 0) {
      trial.findings.push(`nothing is doubled, but push ended with ${code}: ${stderr}`);
    }
    await expectAllEqual(trial, run);
    return;
  }
  const examples = rows.slice(0, MOST_EXAMPLES).map(([name, ids]) => `${name} (${ids})`);
  trial.remarks.push(`${rows.length} objects exist twice: ${examples.join(", ")}`);
  if (code !== 7) {
    trial.findings.push(`${rows.length} objects are doubled, but push ended with ${code}`);
  }
  const named = new Set(doubled.flatMap(({ urls }) => urls.map((url) => new URL(url).pathname)));
  for (const [name, , paths] of rows) {
    const missing = paths.filter((path) => !named.has(path));
    if (missing.length > 0) trial.findings.push(`${name} is doubled, and push does not name it`);
  }
}

type DoubledRow = readonly [name: string, ids: string, paths: readonly string[]];

/** TABLE: path → what tells two objects apart. NetBox has no constraint on them. */
const KEYS: Readonly<Record<string, (row: Row) => readonly unknown[]>> = {
  "ipam/vlans": ({ vid, site }) => [vid, idOf(site)],
  "ipam/prefixes": ({ prefix, vrf, scope_id: scope }) => [prefix, idOf(vrf), scope],
  "ipam/ip-addresses": ({ address, vrf }) => [address, idOf(vrf)],
};

async function doubledIn(netbox: NetBox): Promise<readonly DoubledRow[]> {
  const found: DoubledRow[] = [];
  for (const [path, keyOf] of Object.entries(KEYS)) {
    const rows = Map.groupBy(await listAll(netbox, path), (row) => JSON.stringify(keyOf(row)));
    for (const [key, same] of rows) {
      if (same.length === 1) continue;
      const ids = same.map(({ id }) => id);
      found.push([`${path} ${key}`, ids.join(", "), ids.map((id) => `/${path}/${id}/`)]);
    }
  }
  return found;
}

function idOf(shown: unknown): unknown {
  return (shown as { readonly id?: number } | null)?.id;
}
