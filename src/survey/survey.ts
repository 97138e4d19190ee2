/** Reads what NetBox holds into a target folder. Sends GET requests only; types that could not be read are recorded. */
import pLimit from "p-limit";
import pMap from "p-map";
import { AppError, isAbort } from "../base/errors.ts";
import {
  type NetBox,
  type NetBoxOptions,
  openNetBox,
  Refusal,
  refusalText,
} from "../netbox/rest/client.ts";
import { fieldsQuery, type StartedList, startList } from "../netbox/rest/pages.ts";
import { type RunKeys, scopedList } from "../netbox/rest/run-scope.ts";
import {
  keptOf,
  SURVEYED,
  type SurveyedName,
  type SurveyedType,
} from "../netbox/types/surveyed.ts";
import type { TargetDraft } from "../run-folder/target-draft.ts";
import type { TargetManifest } from "../run-folder/target.ts";
import { counted } from "../terminal/tables.ts";

export interface SurveyInput extends NetBoxOptions {
  readonly draft: TargetDraft;
  /** Only what the entities of a run can meet; undefined: everything. */
  readonly scope: RunKeys | undefined;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** For the hint of an error. */
  readonly resumeCommand: string;
  /** Objects. */
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * The folder holds a sealed target afterwards, complete or partial. When this throws, it holds what it held before, or
 * an unfinished target to resume.
 * @throws AppError "remote", "interrupted" when aborted.
 */
export async function survey(input: SurveyInput): Promise<TargetManifest> {
  const { draft, url } = input;
  const stop = new AbortController();
  const client = openNetBox({ ...input, signal: AbortSignal.any([input.signal, stop.signal]) });
  const limit = pLimit(input.concurrency);
  const netbox: NetBox = { ...client, page: (...asked) => limit(() => client.page(...asked)) };
  let isBegun = false;
  try {
    const { version, plugin } = await netbox.status();
    const types = await startTypes(netbox, input);
    await draft.begin();
    isBegun = true;
    const missing = await readTypes(types, input);
    return await draft.finish({
      netbox: { url, version, ...(plugin === undefined ? {} : { plugin }) },
      missing,
    });
  } catch (error) {
    // Requests that are still under way are of no use.
    stop.abort();
    await draft.close();
    throw withResumeHint(error, input, isBegun);
  } finally {
    await netbox.close();
  }
}

/**
 * While the last pages of one type are on the way, those of the next one are asked for; not in a scope, where
 * objects are found by those of an earlier type.
 */
const TYPES_AT_ONCE = 2;

interface StartedType extends SurveyedType {
  /** Or why NetBox does not list it. */
  readonly list: StartedList | Refusal;
}

/** The first page of each type that is read completely, so that the number of objects is known. */
async function startTypes(netbox: NetBox, input: SurveyInput): Promise<readonly StartedType[]> {
  const { draft, concurrency } = input;
  const unread = SURVEYED.filter(({ name }) => {
    const written = draft.written(name);
    return written === undefined || written.after !== undefined;
  });
  return await pMap(unread, async (surveyed): Promise<StartedType> => {
    const { name, type: { path }, keys } = surveyed;
    const after = draft.written(name)?.after ?? 0;
    const scoped = scopeOf(netbox, surveyed, { ...input, after });
    if (scoped !== undefined) return { ...surveyed, list: scoped };
    try {
      const query = [fieldsQuery(keys)];
      return { ...surveyed, list: await startList(netbox, { path, query, after, concurrency }) };
    } catch (error) {
      return { ...surveyed, list: refusalOf(error) };
    }
  }, { concurrency });
}

function scopeOf(
  netbox: NetBox,
  surveyed: SurveyedType,
  { scope: keys, draft, after, concurrency }: SurveyInput & { readonly after: number },
): StartedList | undefined {
  if (keys === undefined) return undefined;
  const earlier = (name: SurveyedName) => {
    if (draft.written(name) !== undefined) return draft.read(name);
    throw new Refusal(`they are found by objects of the type ${name}, which were not read`, false);
  };
  return scopedList(netbox, surveyed, { keys, earlier, after, concurrency });
}

/** Returns what is missing. */
async function readTypes(
  types: readonly StartedType[],
  { draft, scope, onProgress }: SurveyInput,
): Promise<TargetManifest["missing"]> {
  let done = draft.objects;
  let total = types.reduce(
    (sum, { list }) => sum + (list instanceof Refusal ? 0 : list.count),
    done,
  );
  onProgress(done, total);
  const found = await pMap(types, async ({ name, type, keys, list }) => {
    try {
      if (list instanceof Refusal) throw list;
      for await (const objects of list.objects()) {
        await draft.add(name, objects.map((object) => keptOf(object, keys)));
        done += objects.length;
        total = Math.max(total, done);
        onProgress(done, total);
      }
      await draft.end(name);
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error);
      await draft.drop(name);
      const cause = refusal.isDenied ? "denied" as const : "refused" as const;
      return { type: name, cause, reason: refusalText(type, refusal) };
    }
  }, { concurrency: scope === undefined ? TYPES_AT_ONCE : 1 });
  return found.filter((missing) => missing !== undefined);
}

/** @throws what is not a refusal. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

/** What stopped the survey, with the command that resumes it. Other errors stay as they are. */
function withResumeHint(
  error: unknown,
  { signal, draft, resumeCommand }: SurveyInput,
  isBegun: boolean,
): unknown {
  const kept = isBegun ? `${counted(draft.objects, "object")} kept in ${draft.place}` : undefined;
  const resume = `resume with: ${resumeCommand}`;
  if (signal.aborted && isAbort(error)) {
    return kept === undefined
      ? new AppError("interrupted", "Interrupted before the first answer")
      : new AppError("interrupted", `Interrupted: ${kept}`, { hint: resume });
  }
  if (kept === undefined || !(error instanceof AppError) || error.kind !== "remote") return error;
  const hint = [error.hint, kept, resume].filter((part) => part !== undefined).join("; ");
  return new AppError("remote", error.message, { hint, cause: error.cause });
}
