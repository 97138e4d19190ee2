/** The rules of the policy file, as `snapshots[].policy` in netbox/manifest.json has them: a JSON text. */
import type { Place } from "../base/tree.ts";

/** What a manifest records of rules. */
export interface RecordedRules {
  readonly file: string;
  readonly rules: readonly (Place & {
    readonly match: unknown;
    readonly set?: Readonly<Record<string, unknown>>;
  })[];
}

/** What a manifest records, unchecked; undefined: it is something else. */
export function recordedRules(text: string): RecordedRules | undefined {
  try {
    const { file, rules } = JSON.parse(text) as Partial<RecordedRules>;
    return typeof file === "string" && Array.isArray(rules) ? { file, rules } : undefined;
  } catch {
    return undefined;
  }
}
