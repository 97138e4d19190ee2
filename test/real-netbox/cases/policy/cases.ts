/** Cases of extensions: the rules of a policy file, and networks in full depth. */
import type { Case } from "../case.ts";
import { DEPTH_CASES } from "./depth.ts";
import { RULE_CASES } from "./rules.ts";
import { SDN_CASES } from "./sdn.ts";
import { VRF_CASES } from "./vrf.ts";

export const POLICY_CASES: readonly Case[] = [
  ...RULE_CASES,
  ...VRF_CASES,
  ...DEPTH_CASES,
  ...SDN_CASES,
];
