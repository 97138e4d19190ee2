/** How records and notes name a rule. */
import type { Decided, Rule } from "./match.ts";

/** "policy.yaml:12" */
export function ruleAt({ file, line }: Pick<Rule, "file" | "line">): string {
  return `${file}:${line}`;
}

/** "lab guests stay out (policy.yaml:12)" */
export function skipText(rule: Rule): string {
  return `${rule.skip ?? ""} (${ruleAt(rule)})`;
}

/** 'tenant "Customer A" (policy.yaml:3)' */
export function ruledText(what: string, { value, rule }: Decided<string>): string {
  return `${what} "${value}" (${ruleAt(rule)})`;
}
