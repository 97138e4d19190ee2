/** Runs `compare` in this process with a NetBox on the loopback interface. */
import { expect, onTestFinished } from "vitest";
import { compare, type CompareInput, type Judged } from "../../src/arrival/compare.ts";
import { type NetBoxTexts, parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import { STEPS } from "../../src/netbox/types/steps.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import { netboxRows, SITE_ENTITIES } from "./sample-site.ts";
import { buildSet, type SetParts } from "./entity-set.ts";
import {
  AUTHORIZATION,
  type SmallNetBox,
  type SmallNetBoxOptions,
  startSmallNetBox,
} from "./small-netbox.ts";
import { surveyOf } from "./surveying.ts";
import { tempFolder } from "./temp-folder.ts";

export interface Compared {
  readonly judged: readonly Judged[];
  readonly status: Parameters<CompareInput["onStatus"]>[0] | undefined;
  readonly retries: readonly { readonly message: string; readonly pauseMs: number }[];
  readonly error: unknown;
}

export interface CompareOverrides extends Partial<Pick<CompareInput, "steps" | "signal">> {
  readonly texts?: NetBoxTexts;
  readonly certificates?: string | undefined;
  readonly proxy?: URL | undefined;
  readonly onJudged?: (judged: Judged) => void;
}

/** Closed at the end of the test; by default with the objects of `netboxRows`. */
export async function smallNetBox(options: SmallNetBoxOptions = {}): Promise<SmallNetBox> {
  const netbox = await startSmallNetBox({ rows: netboxRows(), ...options });
  onTestFinished(() => netbox.close());
  return netbox;
}

/** Never throws: see `error`. */
export async function compareWith(
  { url }: Pick<SmallNetBox, "url">,
  set: TransformedSet,
  { texts, certificates, proxy, onJudged, ...overrides }: CompareOverrides = {},
): Promise<Compared> {
  const options = parseNetBoxSettings({
    NETBOX_URL: url,
    NETBOX_TOKEN: AUTHORIZATION,
    NETBOX_RETRY_DELAY: "1ms",
    ...texts,
  });
  const retries: Compared["retries"][number][] = [];
  const netbox = {
    ...options,
    certificates,
    proxy,
    onRetry: ({ message }: Error, pauseMs: number) => void retries.push({ message, pauseMs }),
  };
  const { concurrency } = options;
  const compared = await judgementsOf({ netbox, concurrency, set, ...overrides }, onJudged);
  return { ...compared, retries };
}

/** Never throws: see `error`. */
async function judgementsOf(
  input:
    & Omit<CompareInput, "onStatus" | "steps" | "signal">
    & Pick<CompareOverrides, "steps" | "signal">,
  onJudged?: (judged: Judged) => void,
): Promise<Omit<Compared, "retries">> {
  const judged: Judged[] = [];
  let status: Compared["status"];
  try {
    const judgements = compare({
      steps: STEPS.map(({ name }) => name),
      signal: new AbortController().signal,
      ...input,
      onStatus(found) {
        status = found;
      },
    });
    for await (const each of judgements) {
      judged.push(each);
      onJudged?.(each);
    }
    return { judged, status, error: undefined };
  } catch (error) {
    return { judged, status, error };
  }
}

/**
 * Compares the sample site, or other entities, with a NetBox after `change`, and with a survey of it: the
 * results must be the same.
 */
export async function comparison(
  change: (rows: ReturnType<typeof netboxRows>) => void = () => undefined,
  options: SmallNetBoxOptions & { readonly parts?: SetParts } = {},
): Promise<readonly Judged[]> {
  const netbox = await smallNetBox(options);
  change(netbox.rows);
  const set = await buildSet(await tempFolder(), options.parts ?? SITE_ENTITIES);
  const { judged, error } = await compareWith(netbox, set);
  if (error !== undefined) throw error;
  const folder = await tempFolder();
  await surveyOf(netbox, folder);
  const target = await openTargetFolder(await openStore(folder));
  expect(await judgementsOf({ netbox: target, concurrency: 1, set })).toMatchObject({
    judged,
    error: undefined,
  });
  return judged;
}

/** Verdicts other than equal: { "tag discovered": "missing" }. */
export function verdicts(judged: readonly Judged[]): Record<string, string> {
  const found = judged.filter(({ verdict }) => verdict !== "equal");
  return Object.fromEntries(
    found.map(({ step, entity, verdict }) => [`${step} ${entity}`, verdict]),
  );
}
