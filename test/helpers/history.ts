/**
 * A history on disk from a short description:
 *
 *   const history = await historyOf({
 *     "2026-11-27T10-00-00Z": { pushes: [{ state: "confirmed" }] },
 *     "2026-11-28T10-00-00Z": { outcome: "partial", pushes: [{ state: "partial", since: "2026-11-27T10-00-00Z" }] },
 *   });
 */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { encodeUtf8 } from "../../src/base/text.ts";
import { seal } from "../../src/run-folder/manifest.ts";
import {
  type PushJournalEntry,
  type PushJournalHead,
  pushJournalKey,
  writePushJournal,
} from "../../src/run-folder/push-journal.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { buildSet, type SetParts, tag } from "./entity-set.ts";
import { tempFolder } from "./temp-folder.ts";

export const TARGET = "diode.example.com:443/diode";

export interface DescribedPush {
  /** Default: TARGET. */
  readonly target?: string;
  readonly state: "confirmed" | "acknowledged" | "partial";
  /** Name of the base; absent: all was sent. */
  readonly since?: string;
}

export interface DescribedRun {
  /** "unfinished": its capture was interrupted; "none": nothing of a capture. */
  readonly outcome?: "complete" | "partial" | "unfinished" | "none";
  /** Absent: one tag with the name of the run; undefined: it was not transformed. */
  readonly set?: SetParts | undefined;
  /** Replaces fields of netbox/manifest.json. */
  readonly manifest?: object;
  readonly pushes?: readonly DescribedPush[];
  readonly hasSurvey?: boolean;
}

export interface DescribedHistory {
  readonly folder: string;
  readonly store: Store;
}

const TIME = "2026-11-28T00:00:00.000Z";

export async function historyOf(
  runs: Readonly<Record<string, DescribedRun>>,
): Promise<DescribedHistory> {
  const folder = await tempFolder();
  const store = await openStore(folder);
  onTestFinished(() => store.close());
  const hashes = new Map<string, string>();
  for (const [name, run] of Object.entries(runs).sort()) {
    const { outcome = "complete", manifest = {}, pushes = [], hasSurvey = false } = run;
    const set = "set" in run ? run.set : { tag: [[tag(name)]] };
    const write = (key: string, text: string): Promise<void> =>
      store.write(`${name}/${key}`, encodeUtf8(text));
    if (outcome === "unfinished") await write("capture.journal", "");
    else if (outcome !== "none") {
      await write("manifest.json", seal({ outcome }));
      await write("pve/cluster.json", "{}");
    }
    if (hasSurvey) await store.write(`${name}-netbox/manifest.json`, encodeUtf8("{}"));
    if (set === undefined) continue;
    const facts = { manifest: { mapping_version: 1, ...manifest } };
    const { sha256, files } = await buildSet(join(folder, name), set, facts);
    hashes.set(name, sha256);
    for (const { target = TARGET, state, since } of pushes) {
      const head: PushJournalHead = {
        format: 2,
        target,
        entities: sha256,
        ...(since !== undefined && {
          since: hashes.get(since) ?? "0".repeat(64),
          since_confirmed: true,
        }),
      };
      const entries = files.flatMap(({ path: file, sha256: hash }): PushJournalEntry[] => {
        const about = { file, sha256: hash };
        const acknowledged = { ...about, entities: 1, request_id: "1", acknowledged_at: TIME };
        return [
          { ...about, sent_at: TIME },
          ...state === "partial" ? [] : [acknowledged],
          ...state === "confirmed" ? [{ ...about, confirmed_at: TIME }] : [],
        ];
      });
      await store.write(`${name}/${pushJournalKey(target)}`, writePushJournal(head, entries));
    }
  }
  return { folder, store };
}
