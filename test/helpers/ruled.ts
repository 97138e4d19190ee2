/** Rules of a policy file, as settings of `transform`: `{ ...SITE, ...ruled("- match: …") }`. */
import { parseYaml } from "../../src/base/yaml.ts";
import { rulesText } from "../../src/transform/rules/read.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";

/** `rules`: the list below the key "rules"; its first line is line 2 of policy.yaml. */
export function ruled(rules: string): SettingTexts {
  return { rules: rulesText({ file: "policy.yaml", tree: parseYaml(`rules:\n${rules}`) }) };
}
