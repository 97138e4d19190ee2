/** Pushes to a `receive` on the loopback interface, in this process, and records every step. */
import { onTestFinished } from "vitest";
import {
  type Confirmed,
  type Planned,
  push,
  type PushInput,
  type Sent,
} from "../../src/push/push.ts";
import { parsePushOptions, parseTarget, type PushTexts } from "../../src/push/settings.ts";
import { receive, type ReceiveOptions, type Receiver } from "../../src/rehearse/receive/receive.ts";
import type { EntitySet } from "../../src/run-folder/entity-set.ts";
import {
  type Acknowledgement,
  pushJournalKey,
  type PushJournalPlace,
  readPushJournal,
} from "../../src/run-folder/push-journal.ts";
import { openStore } from "../../src/run-folder/store/store.ts";

export interface PushOverrides extends Partial<Omit<PushInput, "options" | "choices" | "watch">> {
  readonly texts?: PushTexts;
  readonly choices?: Partial<PushInput["choices"]>;
  readonly onSent?: (sent: Sent) => void;
}

export interface PushRun {
  readonly planned: Planned | undefined;
  readonly sent: readonly Sent[];
  /** The message of each retried failure. */
  readonly retries: readonly string[];
  readonly pauses: readonly {
    readonly ms: number;
    readonly isBootstrap: boolean;
    /** Whether its end was reported. */
    isOver: boolean;
  }[];
  /** What NetBox was seen to have. */
  readonly confirmed: Confirmed | undefined;
  /** The error that ended the push. */
  readonly error: unknown;
}

/** A receiver that ends with the test. */
export async function receiver(options: ReceiveOptions = {}): Promise<Receiver> {
  const opened = await receive(options);
  onTestFinished(() => opened.close());
  return opened;
}

export function textsOf({ target, client }: Pick<Receiver, "target" | "client">): PushTexts {
  return {
    DIODE_TARGET: target,
    DIODE_CLIENT_ID: client.id,
    DIODE_CLIENT_SECRET: client.secret,
    PUSH_RETRY_DELAY: "1ms",
    PUSH_BOOTSTRAP_WAIT: "0",
  };
}

export async function placeFor(folder: string, target: string): Promise<PushJournalPlace> {
  const parsed = parseTarget(target);
  return {
    store: await openStore(folder),
    key: pushJournalKey(parsed.name),
    target: parsed,
  };
}

/** The set must be in a folder, where its journal is written. Never throws: see `error`. */
export async function pushInto(
  to: Receiver,
  set: EntitySet,
  overrides: PushOverrides = {},
): Promise<PushRun> {
  const { texts, choices, onSent, ...others } = overrides;
  const options = parsePushOptions({ ...textsOf(to), ...texts });
  const run = {
    planned: undefined as Planned | undefined,
    sent: [] as Sent[],
    retries: [] as string[],
    pauses: [] as PushRun["pauses"][number][],
    confirmed: undefined as Confirmed | undefined,
    error: undefined as unknown,
  };
  try {
    run.confirmed = await push({
      set,
      options,
      journalPlace: await placeFor(set.place, to.target),
      since: undefined,
      confirm: undefined,
      certificates: to.certificatePem,
      proxy: undefined,
      signal: new AbortController().signal,
      ...others,
      choices: { steps: [], isAgain: false, isDryRun: false, isSure: false, ...choices },
      watch: {
        onPlanned(planned) {
          run.planned = planned;
        },
        onSent(sent) {
          run.sent.push(sent);
          onSent?.(sent);
        },
        onRetry: (failure) => run.retries.push(failure.message),
        onPause: (pause) => run.pauses.push({ ...pause, isOver: false }),
        onResume() {
          const pause = run.pauses.at(-1);
          if (pause !== undefined) pause.isOver = true;
        },
      },
    });
  } catch (error) {
    run.error = error;
  }
  return run;
}

/** The lines of the journal in a folder, by file. */
export async function journalLines(
  folder: string,
  target: string,
): Promise<ReadonlyMap<string, Acknowledgement>> {
  const { store, key } = await placeFor(folder, target);
  const bytes = await store.read(key) ?? new Uint8Array();
  return new Map(readPushJournal(bytes, key).acknowledged.map((line) => [line.file, line]));
}
