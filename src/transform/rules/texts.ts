/** How records and notes name a rule. */
import type { Decided, Rule } from "./match.ts";

/** "lab guests stay out (policy.yaml:12)" */
export function skipText({ skip = "", file, line }: Rule): string {
  return `${skip} (${file}:${line})`;
}

/** 'tenant "Customer A" (policy.yaml:3)' */
export function ruledText(what: string, { value, rule: { file, line } }: Decided<string>): string {
  return `${what} "${value}" (${file}:${line})`;
}
