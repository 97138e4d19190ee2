/** transform --check: the tests of the policy file, and the guests that no rule matches. */
import { usageError } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { shownPlace } from "../../run-folder/store/store.ts";
import type { Session } from "../../terminal/session.ts";
import { openPolicyFile, readSettings } from "../../terminal/settings.ts";
import { counted, groupDigits } from "../../terminal/tables.ts";
import type { MachineDecision } from "../rules/match.ts";
import { failuresOf, failureText, type TestFailure } from "../rules/policy-tests.ts";
import { policyOf, type PolicyRules } from "../rules/read.ts";
import { SETTINGS } from "../settings.ts";

/** What the rules decide about each guest of a run. */
export type DecisionsOf = (run: string) => AsyncIterable<{
  /** "vm/101" */
  readonly what: string;
  readonly name: string;
  readonly decision: MachineDecision;
}>;

interface UnmatchedGuests {
  readonly run: string;
  readonly guests: number;
  readonly unmatched: readonly { readonly what: string; readonly name: string }[];
}

/** transform --check: writes nothing. */
export async function runCheck(session: Session, decisionsOf?: DecisionsOf): Promise<void> {
  await readSettings(session.context, SETTINGS);
  const file = await openPolicyFile(session.context);
  if (file === undefined) {
    throw usageError("--check requires --config", {
      hint: "Name the policy file with the rules, and their tests",
    });
  }
  const policy = policyOf(file.tree, file.file);
  const failures = policy.tests.map((test) => failuresOf(test, policy.rules));
  const runs: UnmatchedGuests[] = [];
  for (const run of session.operands) {
    if (decisionsOf === undefined) break;
    runs.push(await unmatchedIn(run, decisionsOf));
  }
  const failed = failures.filter((each) => each.length > 0).length;
  if (session.isJson) {
    const document = {
      rules: policy.rules.rules.length,
      tests: policy.tests.length,
      failed,
      failures: failures.flat().map(failureJson),
      runs,
    };
    session.print(JSON.stringify(document, null, 2));
  } else {
    for (const text of failures.flat().map(failureText)) session.data(printable(text));
    session.print(summaryOf(policy, failed));
    for (const text of runs.flatMap(unmatchedLines)) session.data(printable(text));
  }
  if (failed > 0) session.exitWith("input");
}

async function unmatchedIn(run: string, decisionsOf: DecisionsOf): Promise<UnmatchedGuests> {
  const unmatched: { readonly what: string; readonly name: string }[] = [];
  let guests = 0;
  for await (const { what, name, decision } of decisionsOf(run)) {
    guests += 1;
    if (!decision.isMatched) unmatched.push({ what, name });
  }
  return { run: shownPlace(run), guests, unmatched };
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
