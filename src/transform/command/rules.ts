/** The rules of the policy file that a command was given. */
import { type Context, openPolicyFile } from "../../terminal/settings.ts";
import { RuleSet } from "../rules/match.ts";
import { policyOf } from "../rules/read.ts";

/** The rules of `--config`; RuleSet.NONE without. @throws AppError "usage" that lists all that is wrong. */
export async function readPolicyRules(context: Pick<Context, "options">): Promise<RuleSet> {
  const policy = await openPolicyFile(context);
  return policy === undefined ? RuleSet.NONE : policyOf(policy.tree, policy.file).rules;
}
