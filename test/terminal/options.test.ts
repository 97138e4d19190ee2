/** Options whose values are words of a closed list. */
import { expect, test } from "vitest";
import { checkArguments, type OptionsDef, withJoinedWords } from "../../src/terminal/options.ts";

const OPTIONS: OptionsDef = {
  json: { type: "boolean" },
  step: { type: "string", words: ["tag", "vlan"] },
  "left-out": { type: "boolean", words: ["denied", "failed"] },
  name: { type: "string" },
};

function check(...rawArgs: string[]): void {
  const operands = rawArgs.filter((arg) => !arg.startsWith("-"));
  checkArguments({ rawArgs, args: { _: operands } }, OPTIONS, { most: 9 });
}

test.each([
  ["--step", "tag"],
  ["--step=vlan"],
  ["--left-out"],
  ["--left-out=denied"],
  ["--no-left-out"],
  ["--left-out", "anything"],
  ["--json=yes"],
  ["--name=tag"],
  ["--", "--step=other"],
])("takes %s %s", (...args) => {
  expect(() => check(...args.filter((arg) => arg !== undefined))).not.toThrow();
});

test.each([
  [["--step", "other"], 'Option --step is "other"', "tag or vlan"],
  [["--step="], 'Option --step is ""', "tag or vlan"],
  [["--step"], "Option --step has no value", "--step=value"],
  [["--left-out=yes"], 'Option --left-out is "yes"', "denied or failed"],
  [["--json=maybe"], 'Option --json is "maybe"', "true or false"],
  [["--no-step"], "Unknown option --no-step", "--help"],
])("refuses %j", (args, message, allowed) => {
  expect(() => check(...args)).toThrow(
    expect.objectContaining({ kind: "usage", message, hint: expect.stringContaining(allowed) }),
  );
});

test.each([
  ["--left-out denied run", "--left-out=denied run"],
  ["run --left-out failed --json", "run --left-out=failed --json"],
  ["--left-out run denied", "--left-out run denied"],
  ["--left-out denied denied", "--left-out=denied denied"],
  ["--step tag --name tag", "--step tag --name tag"],
  ["--left-out -- denied", "--left-out -- denied"],
  ["-- --left-out denied", "-- --left-out denied"],
  ["left-out denied", "left-out denied"],
])("%s is read as %s", (typed, read) => {
  expect(withJoinedWords(typed.split(" "), OPTIONS).join(" ")).toBe(read);
});

test("an argument may be a word of a closed list too", () => {
  const argument = { most: 1, words: ["bash", "zsh"] };
  const ask = (arg: string) => () =>
    checkArguments({ rawArgs: [arg], args: { _: [arg] } }, {}, argument);
  expect(ask("zsh")).not.toThrow();
  expect(ask("tcsh")).toThrow('Unknown argument "tcsh"');
});
