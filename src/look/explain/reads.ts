/** What a row of a mapping table reads → the raw values, each with its place, and the settings. */
import type { StepName } from "../../entities/order.ts";
import { MANIFEST_FILE } from "../../snapshot/paths.ts";
import type { AnswerRows } from "../../snapshot/rows.ts";
import type { SettingName } from "../../transform/settings.ts";
import { STUBS } from "../../transform/stubs.ts";
import type { Read, StubName } from "../../transform/table.ts";
import type { Made, Origin } from "../../transform/transform.ts";
import type { AnswerFinder } from "./answer-finder.ts";
import type { AnswerRead, ExplainedRead, ManifestRead, StubRead } from "./explanation.ts";
import type { SettingsInForce } from "./input.ts";
import { whatOf } from "./names.ts";
import { stubTargets } from "./stub-targets.ts";

/** Where reads are looked up. */
export interface ReadScene {
  readonly finder: AnswerFinder;
  readonly settings: SettingsInForce;
  readonly capturedAt: string;
  /** The entities that a stub may name, by step. */
  readonly made: ReadonlyMap<StepName, readonly Made[]>;
}

/** A value, and the source that its row made it from. */
export interface MadeValue {
  readonly source: Made["source"];
  readonly value: unknown;
}

export async function explainReads(
  reads: readonly Read[],
  from: MadeValue,
  scene: ReadScene,
): Promise<ExplainedRead[]> {
  const explained: ExplainedRead[] = [];
  for (const read of reads) explained.push(...await explainRead(read, from, scene));
  return explained;
}

async function explainRead(
  read: Read,
  from: MadeValue,
  scene: ReadScene,
): Promise<ExplainedRead[]> {
  const dot = read.indexOf(".");
  const [kind, key] = [read.slice(0, dot), read.slice(dot + 1)];
  switch (kind) {
    case "setting": {
      const { text, from: who } = scene.settings[key as SettingName];
      return [{ read, ...(text === undefined ? {} : { value: text }), from: who }];
    }
    case "stub":
      return [await explainStub(read, from, scene)];
    case "manifest":
      return [manifestRead(scene.capturedAt)];
    default:
      return await explainAnswer(read, from, scene);
  }
}

export function manifestRead(capturedAt: string): ManifestRead {
  const pointer = "/captured_at";
  return { read: "manifest.captured_at", file: MANIFEST_FILE, pointer, value: capturedAt };
}

/** Of a stub that names one thing, what that thing was made from; else what is read here. */
async function explainStub(read: Read, from: MadeValue, scene: ReadScene): Promise<StubRead> {
  const name = read.slice("stub.".length) as StubName;
  const targets = stubTargets(name, from.value, scene.made);
  if (targets.length === 0 && isNothing(from.value) && STUBS[name].step !== undefined) {
    return { read, names: [], reads: [] };
  }
  const [first] = targets;
  const isThing = first !== undefined && "subject" in first.made.source;
  const source = isThing ? first.made.source : from.source;
  return {
    read,
    names: [...new Set(targets.map(({ made }) => whatOf(made)))],
    reads: await explainReads(STUBS[name].reads, { source, value: first?.stub }, scene),
  };
}

/** Once for each thing that the source was read from, if such a thing has that answer. */
async function explainAnswer(
  read: Read,
  { source }: MadeValue,
  { finder }: ReadScene,
): Promise<AnswerRead[]> {
  const [name, ...rest] = read.split(".") as [keyof AnswerRows, ...string[]];
  const explained: AnswerRead[] = [];
  for (const origin of originsOf(source)) {
    const place = origin.places[name];
    const key = keyOf(rest.join("."), origin);
    if (place === undefined || key === undefined) continue;
    const row: Readonly<Record<string, unknown>> | undefined = origin[name];
    const { pointer, ...found } = await finder.find(place, row);
    const { file, path } = place;
    const at = { read, of: origin.subject.what, key, file, path, ...found };
    explained.push({ ...at, ...valueOf(row, key, pointer) });
  }
  return explained;
}

function valueOf(
  row: Readonly<Record<string, unknown>> | undefined,
  key: string,
  pointer: string | undefined,
): Pick<AnswerRead, "pointer" | "value" | "missing"> {
  if (row === undefined || pointer === undefined) return {};
  if (!Object.hasOwn(row, key)) return { pointer, missing: "not in the answer" };
  return { pointer: `${pointer}/${escapeToken(key)}`, value: row[key] };
}

/** What a source was read from: itself, if it is of one thing; all that a shared object was seen on. */
function originsOf(source: Made["source"]): readonly Origin[] {
  if ("origins" in source) return source.origins;
  return "subject" in source ? [source] : [];
}

/** Left off, or empty. */
function isNothing(value: unknown): boolean {
  return value === undefined || (value !== null && Object.keys(value).length === 0);
}

/** "netN" → "net0"; undefined for a thing that is no NIC or disk. */
function keyOf(key: string, { key: numbered }: Origin): string | undefined {
  return key === "netN" || key === "diskN" ? numbered : key;
}

/** Source: RFC 6901, section 3. */
function escapeToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
