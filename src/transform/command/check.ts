/** transform --check: the tests of the policy file, and the guests that no rule matches. */
import { usageError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import type { Session } from "../../terminal/session.ts";
import { openPolicyFile } from "../../terminal/settings.ts";
import { counted, groupDigits } from "../../terminal/tables.ts";
import { failuresOf, failureText, type TestFailure } from "../rules/policy-tests.ts";
import { policyOf, type PolicyRules } from "../rules/read.ts";
import { lackingNames } from "../target/ruled-names.ts";
import { NetBoxTarget } from "../target/target.ts";
import { matchedGuests, type TransformInput } from "../transform.ts";

interface UnmatchedGuests {
  readonly run: string;
  readonly guests: number;
  readonly unmatched: readonly { readonly what: string; readonly name: string }[];
}

/** Writes nothing. `inputs`: the runs that are named; `target`: what --target names. */
export async function runCheck(
  session: Session,
  inputs: readonly TransformInput[],
  target: NetBoxTarget = NetBoxTarget.NONE,
): Promise<void> {
  const file = await openPolicyFile(session.context);
  if (file === undefined) {
    throw usageError("--check requires --config", {
      hint: "Name the policy file with the rules, and their tests",
    });
  }
  const policy = policyOf(file.tree, file.file);
  const failures = policy.tests.map((test) => failuresOf(test, policy.rules));
  const runs: UnmatchedGuests[] = [];
  for (const input of inputs) runs.push(await unmatchedIn(input, target));
  const lacking = lackingNames(target, policy.rules);
  const failed = failures.filter((each) => each.length > 0).length;
  if (session.isJson) {
    const document = {
      rules: policy.rules.rules.length,
      tests: policy.tests.length,
      failed,
      failures: failures.flat().map(failureJson),
      lacking,
      runs,
    };
    session.print(JSON.stringify(document, null, 2));
  } else {
    for (const text of failures.flat().map(failureText)) session.data(printable(text));
    for (const sentence of lacking) session.log.warn(sentence);
    session.print(summaryOf(policy, failed));
    for (const text of runs.flatMap(unmatchedLines)) session.data(printable(text));
  }
  if (failed > 0) session.exitWith("input");
}

async function unmatchedIn(
  input: TransformInput,
  target: NetBoxTarget,
): Promise<UnmatchedGuests> {
  const unmatched: { readonly what: string; readonly name: string }[] = [];
  let guests = 0;
  for await (const { what, name, isMatched } of matchedGuests(input, target)) {
    guests += 1;
    if (!isMatched) unmatched.push({ what, name });
  }
  return { run: input.snapshot.name, guests, unmatched };
}

function summaryOf({ rules, tests }: PolicyRules, failed: number): string {
  const counts = `${counted(rules.rules.length, "rule")}, ${counted(tests.length, "test")}`;
  return tests.length === 0 ? counts : `${counts}: ${groupDigits(failed)} failed`;
}

function unmatchedLines({ run, guests, unmatched }: UnmatchedGuests): string[] {
  const count = `${run}: no rule matches ${groupDigits(unmatched.length)} of ${
    counted(guests, "guest")
  }`;
  return [count, ...unmatched.map(({ what, name }) => `  ${what} ${name}`)];
}

function failureJson({ rule, ...failure }: TestFailure): object {
  return rule === undefined
    ? failure
    : { ...failure, rule: { number: rule.number, line: rule.line, column: rule.column } };
}
