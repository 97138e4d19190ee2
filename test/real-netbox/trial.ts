/** One case in one empty NetBox: its actions and its findings. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { flagOf } from "../../src/base/setting.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { BOOTSTRAP_STEPS } from "../../src/push/send.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { SETTINGS } from "../../src/transform/settings.ts";
import { ROOT } from "../helpers/golden.ts";
import { siteOf } from "../helpers/in-memory.ts";
import { runCli } from "../helpers/run-cli.ts";
import { buildSnapshot, type Site } from "../helpers/snapshot-builder.ts";
import { readEntityFiles, type SentEntity } from "./diode/entity-files.ts";
import {
  type Reconciled,
  type Reconciler,
  type ReconcilerOptions,
  startReconciler,
} from "./diode/reconciler.ts";
import { describe } from "./findings.ts";
import { type Dump, dumpOf } from "./judge/dump.ts";
import { expectAll, sumDisks } from "./judge/expect.ts";
import { type Book, differences } from "./judge/facts.ts";
import { planOf, type Settings } from "./judge/plan.ts";
import { readBack } from "./judge/read-back.ts";
import { type NetBox, tokenIn } from "./server/netbox.ts";
import { temporaryFolder } from "./set-up/temporary-folder.ts";

/** Snapshots that are transformed together: committed ones, or sites that a case makes. */
export interface Input {
  readonly runs: readonly (string | Site)[];
  readonly settings?: Settings;
  /** The text of a policy file. */
  readonly policy?: string;
  /** The target folder that `survey` wrote. */
  readonly target?: string;
  /** The earlier run folder that the plan relies on. */
  readonly since?: string;
}

export interface Waiting {
  /** Whether custom fields are applied before entities with values of them are sent, as `push` does. */
  readonly bootstrapWait?: boolean;
}

export class Trial {
  readonly netbox: NetBox;
  /** Seed of every random order. */
  readonly seed: number;
  /** Everything that is wrong. Without findings, the case passes. */
  readonly findings: string[] = [];
  /** Notes that are not errors. */
  readonly remarks: string[] = [];
  /** How many entities were sent. */
  sent = 0;
  readonly #options: ReconcilerOptions;
  #diode: Reconciler;

  constructor(netbox: NetBox, options: ReconcilerOptions) {
    this.netbox = netbox;
    this.seed = options.seed;
    this.#options = options;
    this.#diode = startReconciler(netbox, options);
  }

  /** Back to an empty NetBox and an empty Diode. */
  async reset(): Promise<void> {
    await this.netbox.reset();
    this.#diode = startReconciler(this.netbox, this.#options);
  }

  /** The entities that `transform` writes for the input. */
  transform(input: Input): Promise<SentEntity[]> {
    return this.withRun(input, readEntityFiles);
  }

  /** Calls `work` with the run folder that `transform` writes for the input. */
  async withRun<Value>(
    { runs, settings = {}, policy, target, since }: Input,
    work: (run: string) => Promise<Value>,
  ): Promise<Value> {
    const folder = await temporaryFolder("trial");
    try {
      const places = await Promise.all(
        runs.map((run, i) => placeOf(run, join(folder.path, `run${i}`))),
      );
      const flags = Object.entries(settings).map(([name, value]) =>
        `--${flagOf(name, SETTINGS[name as keyof typeof SETTINGS])}=${value}`
      );
      const out = join(folder.path, "out");
      const config = join(folder.path, "policy.yaml");
      if (policy !== undefined) await writeFile(config, policy);
      const known = [
        ...(policy === undefined ? [] : [`--config=${config}`]),
        ...(target === undefined ? [] : [`--target=${target}`]),
        ...(since === undefined ? [] : [`--since=${since}`]),
      ];
      await write(["transform", ...places, ...flags, ...known], out);
      return await work(out);
    } finally {
      await folder.remove();
    }
  }

  /** Calls `work` with the target folder that `survey` writes now. */
  async withTarget<Value>(work: (target: string) => Promise<Value>): Promise<Value> {
    const folder = await temporaryFolder("trial");
    const { url, authorization } = this.netbox;
    try {
      const out = join(folder.path, "target");
      const env = { NETBOX_TOKEN: tokenIn(authorization.read) };
      await write(["survey", "--netbox", url], out, env);
      return await work(out);
    } finally {
      await folder.remove();
    }
  }

  /** The site that `simulate` writes. */
  async simulate(options: Readonly<Record<string, number>>): Promise<Site> {
    const folder = await temporaryFolder("trial");
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const { code, stderr } = await runCli([
      "simulate",
      ...flags,
      "--out",
      folder.path,
      "--quiet",
    ]);
    if (code !== 0) throw new Error(`simulate ended with ${code}: ${stderr}`);
    const site = await siteOf(await openSnapshot(await openStore(folder.path)));
    await folder.remove();
    return site;
  }

  async bootstrap(): Promise<SentEntity[]> {
    const out = await temporaryFolder("trial");
    return write(["bootstrap"], out.path).then(() => readEntityFiles(out.path))
      .finally(() => out.remove());
  }

  /**
   * Every failure and every warning is a finding, except those that match `expected`, of which at
   * least one must occur.
   */
  async push(
    entities: readonly SentEntity[],
    expected?: RegExp,
    waiting?: Waiting,
  ): Promise<Reconciled[]> {
    const results = await this.tryPush(entities, waiting);
    const sentences = results.flatMap(describe);
    const isExpected = (sentence: string): boolean => expected?.test(sentence) === true;
    this.findings.push(...sentences.filter((one) => !isExpected(one)));
    this.remarks.push(...sentences.filter(isExpected).map((one) => `as expected, ${one}`));
    if (expected && !sentences.some(isExpected)) {
      this.findings.push(`nothing was refused: ${expected}`);
    }
    return results;
  }

  /**
   * Returns failures to the caller. As `push`, it waits until the custom fields are applied before it
   * sends entities with values of them, unless `bootstrapWait` is false.
   */
  async tryPush(
    entities: readonly SentEntity[],
    { bootstrapWait = true }: Waiting = {},
  ): Promise<Reconciled[]> {
    this.sent += entities.length;
    if (!bootstrapWait) return this.#diode.reconcile(entities);
    const isFirst = ({ step }: SentEntity): boolean => BOOTSTRAP_STEPS.has(step.name);
    return [
      ...await this.#diode.reconcile(entities.filter(isFirst)),
      ...await this.#diode.reconcile(entities.filter((each) => !isFirst(each))),
    ];
  }

  /** Sends entities again, which must change nothing. */
  async pushAgain(entities: readonly SentEntity[], expected?: RegExp): Promise<void> {
    const results = await this.push(entities, expected);
    for (const { sent, verdict, changes } of results.filter((one) => one.verdict === "applied")) {
      const what = `${sent.file}:${sent.line}`;
      this.findings.push(`${what}: sent again, it was ${verdict}: ${changes.join(", ")}`);
    }
  }

  async compare(expected: Book): Promise<void> {
    sumDisks(expected);
    this.findings.push(...differences(expected, await readBack(this.netbox)));
  }

  dump(): Promise<Dump> {
    return dumpOf(this.netbox);
  }
}

/** The expected content of NetBox after this input alone. */
export async function expectedOf({ runs, settings = {} }: Input): Promise<Book> {
  const plans = runs.map(async (run) => {
    if (typeof run !== "string") return planOf(run, settings);
    const snapshot = await openSnapshot(await openStore(join(ROOT, run)));
    const nodes = snapshot.manifest.scope.nodes.join(",");
    return planOf(await siteOf(snapshot), { nodes, ...settings });
  });
  return expectAll(await Promise.all(plans));
}

/** The folder of a committed snapshot, or a new one for a site. */
async function placeOf(run: string | Site, folder: string): Promise<string> {
  if (typeof run === "string") return run;
  await buildSnapshot(folder, run);
  return folder;
}

async function write(
  args: readonly string[],
  out: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { code, stderr } = await runCli([...args, "--out", out, "--quiet"], { env });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
}
