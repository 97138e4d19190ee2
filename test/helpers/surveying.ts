/** Runs `survey` in this process against a NetBox on the loopback interface. */
import { onTestFinished } from "vitest";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openTargetFolder } from "../../src/run-folder/target-files.ts";
import type { TargetManifest } from "../../src/run-folder/target.ts";
import { openDraft } from "../../src/survey/draft.ts";
import { survey, type SurveyInput } from "../../src/survey/survey.ts";
import { netboxRows } from "./sample-site.ts";
import {
  AUTHORIZATION,
  type Row,
  type Rows,
  type SmallNetBox,
  type SmallNetBoxOptions,
  startSmallNetBox,
} from "./small-netbox.ts";

/** The objects of the sample site; empty lists of the other types. */
export function surveyedRows(rows: Rows = netboxRows()): Rows {
  return { ...Object.fromEntries(SURVEYED.map(({ type }) => [type.path, []])), ...rows };
}

/** The tags 1 … count. */
export function manyTags(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({ id: i + 1, name: `tag-${i + 1}` }));
}

/** Closed at the end of the test. */
export async function surveyedNetBox(options: SmallNetBoxOptions = {}): Promise<SmallNetBox> {
  const netbox = await startSmallNetBox({ ...options, rows: surveyedRows(options.rows) });
  onTestFinished(() => netbox.close());
  return netbox;
}

export async function surveyOf(
  { url }: Pick<SmallNetBox, "url">,
  folder: string,
  { isResumed = false, ...overrides }: Partial<SurveyInput> & { readonly isResumed?: boolean } = {},
): Promise<TargetManifest> {
  const head = { url, started_at: "2026-11-28T12:00:00Z" };
  const draft = await openDraft(await openStore(folder), head, {
    isResumed,
    onWarning: () => undefined,
  });
  return await survey({
    url,
    authorization: AUTHORIZATION,
    concurrency: 4,
    timeoutMs: 10_000,
    maxRetries: 2,
    retryDelayMs: 1,
    isUnverified: false,
    certificates: undefined,
    proxy: undefined,
    signal: new AbortController().signal,
    draft,
    scope: undefined,
    resumeCommand: "proxmox-diode survey --resume",
    onProgress: () => undefined,
    ...overrides,
  });
}

export async function objectsIn(folder: string, name: SurveyedName): Promise<NetBoxObject[]> {
  const target = await openTargetFolder(await openStore(folder));
  const objects: NetBoxObject[] = [];
  for await (const part of target.objects(name)) objects.push(...part);
  return objects;
}

export async function idsIn(folder: string, name: SurveyedName): Promise<number[]> {
  return (await objectsIn(folder, name)).map(({ id }) => id);
}
