/** Runs `compare` in this process with a NetBox on the loopback interface. */
import { onTestFinished } from "vitest";
import { compare, type CompareInput, type Judged } from "../../src/look/compare/compare.ts";
import { type NetBoxTexts, parseNetBoxSettings } from "../../src/netbox/rest/settings.ts";
import { STEPS } from "../../src/netbox/types/steps.ts";
import type { TransformedSet } from "../../src/run-folder/entity-set.ts";
import { netboxRows, SITE_ENTITIES } from "./sample-site.ts";
import { buildSet, type SetParts } from "./entity-set.ts";
import {
  AUTHORIZATION,
  type SmallNetBox,
  type SmallNetBoxOptions,
  startSmallNetBox,
} from "./small-netbox.ts";
import { tempFolder } from "./temp-folder.ts";

export interface Compared {
  readonly judged: readonly Judged[];
  readonly status: Parameters<CompareInput["onStatus"]>[0] | undefined;
  readonly retries: readonly { readonly message: string; readonly pauseMs: number }[];
  readonly error: unknown;
}

export interface CompareOverrides
  extends Partial<Pick<CompareInput, "certificates" | "steps" | "signal" | "proxy">> {
  readonly texts?: NetBoxTexts;
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
  { texts, onJudged, ...overrides }: CompareOverrides = {},
): Promise<Compared> {
  const options = parseNetBoxSettings({
    NETBOX_URL: url,
    NETBOX_TOKEN: AUTHORIZATION,
    NETBOX_RETRY_DELAY: "1ms",
    ...texts,
  });
  const judged: Judged[] = [];
  const retries: Compared["retries"][number][] = [];
  let status: Compared["status"];
  let error: unknown;
  try {
    const judgements = compare({
      ...options,
      set,
      steps: STEPS.map(({ name }) => name),
      certificates: undefined,
      proxy: undefined,
      signal: new AbortController().signal,
      ...overrides,
      onStatus(found) {
        status = found;
      },
      onRetry: ({ message }, pauseMs) => retries.push({ message, pauseMs }),
    });
    for await (const each of judgements) {
      judged.push(each);
      onJudged?.(each);
    }
  } catch (thrown) {
    error = thrown;
  }
  return { judged, status, retries, error };
}

/** Compares the sample site, or other entities, with a NetBox after `change`. */
export async function comparison(
  change: (rows: ReturnType<typeof netboxRows>) => void = () => undefined,
  options: SmallNetBoxOptions & { readonly parts?: SetParts } = {},
): Promise<readonly Judged[]> {
  const netbox = await smallNetBox(options);
  change(netbox.rows);
  const set = await buildSet(await tempFolder(), options.parts ?? SITE_ENTITIES);
  const { judged, error } = await compareWith(netbox, set);
  if (error !== undefined) throw error;
  return judged;
}

/** Verdicts other than equal: { "tag discovered": "missing" }. */
export function verdicts(judged: readonly Judged[]): Record<string, string> {
  const found = judged.filter(({ verdict }) => verdict !== "equal");
  return Object.fromEntries(
    found.map(({ step, entity, verdict }) => [`${step} ${entity}`, verdict]),
  );
}
