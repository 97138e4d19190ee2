/** Which answers are gaps: what a snapshot would hold more if all had gone well. */
import { PATHS } from "./paths.ts";
import { agentFact } from "./reading.ts";
import type { Answer, Manifest } from "./schema.ts";

export type Incomplete = Manifest["incomplete"][number];

/** TABLE: what gaps come from, one row a code. README and the summary of a capture are printed from it. */
export const CAUSES = {
  denied: "The API token may not read it",
  filtered: "The API token sees only a part of it",
  unreachable: "Its node did not answer",
  overloaded: "Proxmox VE was too busy to answer",
  dropped: "The connection was lost",
  "timed-out": "No answer came in time",
  moved: "The guest is not where the listing has it",
  "depends": "What it depends on was not read",
  failed: "Proxmox VE answered with an error",
} as const;

export type Cause = keyof typeof CAUSES;

interface Pattern {
  readonly path?: RegExp;
  readonly status: readonly number[];
  readonly error?: RegExp;
}

const AGENT_REGEXP = /\/agent\//;
/** Up to PVE 8.0 there is no such endpoint. */
const LXC_INTERFACES: Pattern = { path: /\/lxc\/\d+\/interfaces$/, status: [501] };

/** The first that matches. Source: proxmox.md §1.2. */
const STATUS_CAUSES: readonly (Pattern & { readonly cause: Cause })[] = [
  { status: [401, 403], cause: "denied" },
  { status: [595, 596, 597, 599], cause: "unreachable" },
  {
    status: [500],
    error: /^hostname lookup|^unable to get remote IP|^proxy loop detected/,
    cause: "unreachable",
  },
  { status: [429, 502, 503, 504], cause: "overloaded" },
  { status: [500], error: /^Configuration file '.*' does not exist/, cause: "moved" },
];

const FAILURE_CAUSES = {
  dns: "unreachable",
  refused: "unreachable",
  tls: "unreachable",
  reset: "dropped",
  timeout: "timed-out",
} as const;

/** undefined: the answer is good, or tells a fact, or was not due. */
export function incompleteOf(path: string, answer: Answer): Required<Incomplete> | undefined {
  if ("skipped" in answer) {
    if (answer.skipped === "unreachable") {
      return { path, reason: "unreachable", cause: "unreachable" };
    }
    if (answer.skipped !== "config-not-read") return undefined;
    return { path, reason: answer.skipped, cause: "depends" };
  }
  if ("failed" in answer) {
    return { path, reason: answer.failed, cause: FAILURE_CAUSES[answer.failed] };
  }
  const { status, error = "" } = answer;
  const isGood = status === 200 && answer.error === undefined;
  const matches = (pattern: Pattern): boolean =>
    pattern.status.includes(status) && (pattern.path?.test(path) ?? true) &&
    (pattern.error?.test(error) ?? true);
  const isFact = matches(LXC_INTERFACES) ||
    (AGENT_REGEXP.test(path) && agentFact(answer) !== undefined);
  if (isGood || isFact) return undefined;
  const cause = STATUS_CAUSES.find(matches)?.cause ?? "failed";
  return { path, reason: `${status} ${error}`.trim(), cause };
}

/**
 * Listings out of which Proxmox VE leaves what the token may not see. Whether it did is not known unless the token's
 * rights and the access control list were read. Source: proxmox.md §2.2.
 */
const RIGHTS: ReadonlySet<string> = new Set([PATHS.permissions, PATHS.acl]);
const FILTERED_REGEXP = /^\/cluster\/resources|^\/nodes\/[^/]+\/network$/;

/** Why rows may be missing from a good answer; undefined when none are. */
export function hiddenRows(
  { incomplete }: Pick<Manifest, "incomplete">,
  path: string,
): Incomplete | undefined {
  return incomplete.find((each) => each.path === path) ??
    (FILTERED_REGEXP.test(path) ? incomplete.find((each) => RIGHTS.has(each.path)) : undefined);
}

/** For people: why rows may be missing from the answer to `path`. */
export function hiddenDetail(hidden: Incomplete, path: string): string {
  return hidden.path === path
    ? "it lists only a part"
    : `it may list only a part, since ${hidden.path} was not read in full`;
}

/** Is the node of this question away, as far as one answer can tell? */
export function isUnreachable(path: string, answer: Answer): boolean {
  const cause = incompleteOf(path, answer)?.cause;
  return cause === "unreachable" || cause === "timed-out";
}
