/** What a folder holds already: a survey to resume, or something that must not be replaced. */
import { type AppError, usageError } from "../base/errors.ts";
import { SURVEY_JOURNAL_FILE, type SurveyHead, TargetDraft } from "../run-folder/target-draft.ts";
import { openTargetFolder } from "../run-folder/target-files.ts";
import { TARGET_MANIFEST_FILE } from "../run-folder/target.ts";
import type { Store } from "../run-folder/store/store.ts";
import { counted } from "../terminal/tables.ts";

export interface DraftOptions {
  /** Continue from what the folder holds. */
  readonly isResumed: boolean;
  readonly onWarning: (sentence: string) => void;
}

/** Writes nothing. @throws AppError "usage" or "input" for what the folder holds. */
export async function openDraft(
  store: Store,
  head: SurveyHead,
  { isResumed, onWarning }: DraftOptions,
): Promise<TargetDraft> {
  return isResumed ? await resumedDraft(store, head) : await newDraft(store, head, onWarning);
}

/**
 * An interrupted survey, or a finished one, of which the missing types are read.
 * @throws AppError "usage" when there is nothing to resume, or it is a survey of another NetBox or scope; "input" when
 * what the folder holds is damaged or of another format.
 */
async function resumedDraft(store: Store, head: SurveyHead): Promise<TargetDraft> {
  const draft = await TargetDraft.open(store) ?? await draftOfTarget(store);
  refuseDifference(store, draft.head, head);
  await draft.check();
  return draft;
}

async function draftOfTarget(store: Store): Promise<TargetDraft> {
  if (await store.read(TARGET_MANIFEST_FILE) === undefined) {
    throw usageError(`Found nothing to resume in ${store.place}`, {
      hint: "Name the folder that the interrupted survey wrote to, or survey without --resume",
    });
  }
  return TargetDraft.ofTarget(store, (await openTargetFolder(store)).manifest);
}

/** @throws AppError "usage". */
function refuseDifference({ place }: Store, started: SurveyHead, { url, scope }: SurveyHead): void {
  const hint = "Resume with the settings that it was started with, or start over without --resume";
  if (started.url !== url) {
    throw usageError(
      `Cannot resume the survey in ${place}: it was started with NETBOX_URL "${started.url}", not "${url}"`,
      { hint },
    );
  }
  if (started.scope?.entities !== scope?.entities) {
    throw usageError(`Cannot resume the survey in ${place}: it was started with another --for`, {
      hint,
    });
  }
}

/**
 * Of a survey without --resume, which replaces what the folder holds.
 * @throws AppError "usage" when that is anything but an older survey of the same NetBox.
 */
async function newDraft(
  store: Store,
  head: SurveyHead,
  onWarning: (sentence: string) => void,
): Promise<TargetDraft> {
  const { url } = head;
  const keys = await store.keys();
  if (keys.some((key) => /^(?:pve|netbox)\//.test(key) || key === "capture.journal")) {
    throw foreignError(store, "a run", url);
  }
  // A damaged journal is replaced.
  const draft = keys.includes(SURVEY_JOURNAL_FILE)
    ? await TargetDraft.open(store).catch(() => undefined)
    : undefined;
  if (draft !== undefined && draft.head.url !== url) {
    throw foreignError(store, `an interrupted survey of ${draft.head.url}`, url);
  }
  if (draft === undefined && keys.includes(TARGET_MANIFEST_FILE)) {
    const { manifest: { netbox } } = await openTargetFolder(store);
    if (netbox.url !== url) throw foreignError(store, `a survey of ${netbox.url}`, url);
  }
  if (draft !== undefined && draft.objects > 0) {
    onWarning(
      `Discarding ${
        counted(draft.objects, "object")
      } of an interrupted survey in ${store.place}: ` +
        "--resume would keep them",
    );
  }
  return TargetDraft.empty(store, head);
}

function foreignError({ place }: Store, what: string, url: string): AppError {
  return usageError(`Cannot write the survey of ${url} into ${place}: it holds ${what}`, {
    hint: "Name another folder with --out, or remove this one first, if both are the same NetBox",
  });
}
