/** Reads the rules of a policy file, and those that a manifest recorded. */
import { inputError, usageError } from "../../base/errors.ts";
import type { PolicyFile } from "../../base/setting.ts";
import { jsonOfTree, type Place, type Tree, treeOfJson } from "../../base/tree.ts";
import { cleanText } from "../../proxmox/values.ts";
import type { RecordedRules } from "../../run-folder/recorded-rules.ts";
import { CONDITIONS, kindsOf, readConditions } from "./conditions.ts";
import { checkKeys, Faults, mappingEntry, scalarIn } from "./faults.ts";
import { type Rule, RuleSet } from "./match.ts";
import { type PolicyTest, readTest } from "./policy-tests.ts";
import { checkKinds, readAssignments, writtenSet } from "./values.ts";

export interface PolicyRules {
  readonly rules: RuleSet;
  readonly tests: readonly PolicyTest[];
}

const RULE_KEYS = ["match", "set", "skip"] as const;

/**
 * The rules of a policy file; its other parts are read elsewhere.
 * @throws AppError "usage" that lists everything that is wrong, with line and column.
 */
export function policyOf(policy: Tree | undefined, file: string): PolicyRules {
  const faults = new Faults(file);
  const rules = readList(policy, "rules", faults).map((rule, i) => readRule(rule, i + 1, faults));
  const tests = readList(policy, "tests", faults).flatMap((test) => readTest(test, faults) ?? []);
  if (faults.count > 0) throw usageError(faults.lines.join("\n"));
  return { rules: new RuleSet(rules), tests };
}

function readList(policy: Tree | undefined, key: string, faults: Faults): readonly Tree[] {
  const list = policy && mappingEntry(policy, key);
  if (list === undefined || (scalarIn(list)?.text === "")) return [];
  if (list.kind === "list") return list.items;
  faults.add(list, `"${key}" must be a list`);
  return [];
}

function readRule(tree: Tree, number: number, faults: Faults): Rule {
  const { line, column } = tree;
  const whole = { number, file: faults.file, line, column };
  const nothing = { kinds: [], conditions: [], skip: undefined, assignments: [] };
  if (tree.kind !== "mapping") {
    faults.add(tree, 'a rule must be a mapping with "match", and "set" or "skip"');
    return { ...whole, ...nothing, written: jsonOfTree(tree) };
  }
  checkKeys(tree, { what: "key of a rule", allowed: RULE_KEYS, faults });
  const [match, set, skip] = RULE_KEYS.map((key) => mappingEntry(tree, key));
  if (match === undefined) faults.add(tree, 'a rule must have "match"');
  if ((set === undefined) === (skip === undefined)) {
    faults.add(tree, `a rule must have either "set" or "skip", not ${set ? "both" : "neither"}`);
  }
  const before = faults.count;
  const conditions = match === undefined ? [] : readConditions(match, faults);
  const kinds = kindsOf(conditions);
  if (match?.kind === "mapping") {
    if (kinds.length === 0 && faults.count === before) {
      faults.add(match, 'the condition "kind" leaves no kind of machine');
    }
    for (const [key] of match.entries) {
      const row = Object.hasOwn(CONDITIONS, key.text) &&
        CONDITIONS[key.text as keyof typeof CONDITIONS];
      const what = `the condition "${key.text}"`;
      if (row) checkKinds({ what, allowed: row.kinds, kinds }, key, faults);
    }
  }
  const text = skip && cleanText(scalarIn(skip)?.text ?? "");
  if (skip !== undefined && text === "") {
    faults.add(skip, '"skip" must be a text: the reason why it is left out');
  }
  const assignments = set === undefined ? [] : readAssignments(set, kinds, faults);
  const written = {
    match: match && jsonOfTree(match),
    ...(skip === undefined ? { set: set && writtenSet(set, assignments) } : { skip: text }),
  };
  return { ...whole, written, kinds, conditions, skip: text, assignments };
}

/** As a manifest records them; undefined: the file has no rules. */
export function rulesText({ tree, file }: PolicyFile): string | undefined {
  const { rules } = policyOf(tree, file);
  return rules.isEmpty ? undefined : JSON.stringify(toManifest(rules));
}

/** `rulesFromManifest` reads it. */
export function toManifest({ rules }: RuleSet): RecordedRules {
  return {
    // Where the file is on this machine changes nothing.
    file: (rules[0]?.file ?? "").replace(/^.*[/\\]/, ""),
    rules: rules.map(({ line, column, written }) => ({
      line,
      column,
      ...written as { readonly match: unknown },
    })),
  };
}

/** The rules that `toManifest` wrote. @throws AppError "input" if they are not. */
export function rulesFromManifest(json: unknown): RuleSet {
  const { file, rules } = json as Partial<RecordedRules>;
  if (typeof file !== "string" || !Array.isArray(rules)) {
    throw inputError("Cannot read the rules in the manifest: they have no file or no list");
  }
  const faults = new Faults(file);
  const read = (rules as readonly (Partial<Place> | null)[]).map((recorded, i) => {
    const { line, column, ...written } = recorded ?? {};
    return readRule(treeOfJson(written, { line: line ?? 0, column: column ?? 0 }), i + 1, faults);
  });
  if (faults.count === 0) return new RuleSet(read);
  throw inputError(`Cannot use the rules in the manifest: ${faults.lines.join("; ")}`);
}
