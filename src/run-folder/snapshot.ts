/**
 * Types of the snapshot: what `capture` writes and `transform` reads.
 * The envelope is ours and strict. What Proxmox VE put into `data` is kept unchanged: depending on the version, the
 * same key is a number, a number in a string, "", null or absent, so its values are `unknown` here and are decoded
 * where they are used.
 */
import { type } from "arktype";
import { type Answer, FAILURES, SKIP_REASONS } from "../proxmox/answers.ts";
import { FileEntry } from "./manifest.ts";

export const MANIFEST_FILE = "manifest.json";

/** The newest snapshot format this program reads and the only one it writes. */
export const SNAPSHOT_FORMAT = 1;

/** `{"status":200,"data":…}` | `{"status":500,"error":"…"}` | `{"skipped":"…"}` | `{"failed":"…"}` */
export const AnswerSchema = type({ status: "100 <= number.integer <= 599", "error?": "string" })
  .or({ skipped: type.enumerated(...SKIP_REASONS) })
  .or({ failed: type.enumerated(...FAILURES) });

/** manifest.json of a run folder; written last, so that a folder without one is unfinished. */
export const Manifest = type({
  format: "number.integer >= 1",
  tool: { name: "string", version: "string" },
  /** `host` as it was typed: it names the host tag. */
  source: {
    host: "string >= 1",
    "port?": "number.integer",
    "version?": "string",
    /** The host of a list that answered, when it was not the first. */
    "answered_by?": "string",
    /** SHA-256 of the certificate that the host showed: "5F:40:6C:…". */
    "fingerprint?": "string",
  },
  /** Settings of the mapping document that were given to capture; transform's defaults. */
  "settings?": {
    "CLUSTER_NAME?": "string",
    "SITE_NAME?": "string",
    "NODE_SITE_MAP?": "string",
    "LXC_LIVE_ADDRESSES?": "string",
    "NETWORK_DEPTH?": "string",
    "AGENT_HOST_NAMES?": "string",
  },
  scope: { nodes: "string[]" },
  captured_at: type("string").narrow((text, context) =>
    isTime(text) || context.mustBe("a time such as 2026-01-02T03:04:05Z")
  ),
  outcome: "'complete' | 'partial'",
  /** What was not read, and why: filled when the outcome is partial. `cause` is a key of CAUSES. */
  incomplete: type({ path: "string", reason: "string", "cause?": "string" }).array(),
  counts: {
    answers: "number.integer",
    failed: "number.integer",
    nodes: "number.integer",
    /** HTTP requests, repeated ones included; of all runs when it was resumed. */
    "attempts?": "number.integer",
  },
  files: FileEntry.array(),
});
export type Manifest = typeof Manifest.infer;

/** It becomes the timestamp of every entity, and Diode refuses a date that does not exist. */
function isTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text.replace(/Z$/, ".000Z") &&
    /^(?!0000)\d{4}-/.test(text);
}

/** The answers of one file. */
export interface AnswersFile {
  /** Relative to the run folder. */
  readonly file: string;
  /** All API paths, in the order of the file. */
  paths(): Iterable<string>;
  /** The path that the answer has in this file; `path` itself when there is no answer. */
  pathOf(path: string): string;
  /**
   * undefined when there is no such answer. `keys` are those that the caller needs of long lists of rows: others may
   * be missing. @throws AppError "input".
   */
  get(path: string, keys?: readonly string[]): Answer | undefined;
}

/** One run folder's answers. */
export interface Snapshot {
  /** Name of the folder: tells snapshots apart when there are several. */
  readonly name: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, and so of everything that it lists. */
  readonly sha256: string;
  /** Names of the nodes that have a file. */
  readonly nodes: readonly string[];
  /** Answers of the cluster-wide paths. @throws AppError "input". */
  cluster(): Promise<AnswersFile>;
  /** Answers of a node and its guests; undefined when it has no file. @throws AppError "input". */
  node(node: string): Promise<AnswersFile | undefined>;
}

/** The cluster's file, then that of each node. */
export async function* filesOf(snapshot: Snapshot): AsyncGenerator<AnswersFile> {
  yield await snapshot.cluster();
  for (const node of snapshot.nodes) {
    const file = await snapshot.node(node);
    if (file !== undefined) yield file;
  }
}
