/** TABLE: what must hold in a real NetBox. */
import { BOOTSTRAP_WAIT_CASES } from "./bootstrap-wait.ts";
import { BY_HAND_CASES } from "./by-hand.ts";
import type { Case } from "./case.ts";
import { CHANGE_CASES } from "./changes.ts";
import { CLUSTER_CASES } from "./clusters.ts";
import { COMPARE_CASES } from "./compare.ts";
import { CONFIRM_CASES } from "./confirm.ts";
import { DEPENDENT_CASES } from "./dependents.ts";
import { EXTENSION_CASES } from "./extension.ts";
import { HISTORY_CASES } from "./history.ts";
import { INPUT_CASES } from "./inputs.ts";
import { ORDER_CASES } from "./order.ts";
import { POLICY_CASES } from "./policy/cases.ts";
import { PRIMARY_CASES } from "./primary.ts";
import { RESPECT_CASES } from "./respect/cases.ts";
import { RETIRE_CASES } from "./retire.ts";
import { SLUG_CASES } from "./slugs.ts";
import { TIDY_CASES } from "./tidy.ts";

export const CASES: readonly Case[] = [
  ...INPUT_CASES,
  ...ORDER_CASES,
  ...BOOTSTRAP_WAIT_CASES,
  ...CHANGE_CASES,
  ...PRIMARY_CASES,
  ...CLUSTER_CASES,
  ...BY_HAND_CASES,
  ...SLUG_CASES,
  ...EXTENSION_CASES,
  ...POLICY_CASES,
  ...RESPECT_CASES,
  ...COMPARE_CASES,
  ...CONFIRM_CASES,
  ...TIDY_CASES,
  ...DEPENDENT_CASES,
  ...RETIRE_CASES,
  ...HISTORY_CASES,
];
