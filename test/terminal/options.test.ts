/** The command line parser: options with values, switches with words, arguments, and errors. */
import { expect, test } from "vitest";
import { onOff, type OptionsDef, parseCommandLine, valued } from "../../src/terminal/options.ts";

const OPTIONS: OptionsDef = {
  json: onOff("…"),
  step: valued("step", "…", { words: ["tag", "vlan"] }),
  "left-out": { ...onOff("…"), words: ["denied", "failed"] },
  name: valued("name", "…"),
  seed: valued("n", "…", { default: "1" }),
  clear: { ...onOff("…"), isSetting: true },
};

function parsed(...args: readonly string[]): readonly [object, readonly string[]] {
  const { options, operands } = parseCommandLine(args, OPTIONS, { max: 9 });
  const { seed, ...others } = Object.fromEntries(options);
  return [seed === "1" ? others : { ...others, seed }, operands];
}

test.each([
  [["--step", "tag"], { step: "tag" }, []],
  [["--step=vlan", "run"], { step: "vlan" }, ["run"]],
  [["--left-out"], { "left-out": "true" }, []],
  [["--left-out=denied"], { "left-out": "denied" }, []],
  [["--no-left-out"], { "left-out": "false" }, []],
  [["--no-left-out", "denied"], { "left-out": "false" }, ["denied"]],
  [["--no-json", "run"], { json: "false" }, ["run"]],
  [["--left-out", "anything"], { "left-out": "true" }, ["anything"]],
  [["--json=yes"], { json: "yes" }, []],
  [["--json", "run"], { json: "true" }, ["run"]],
  [["--name=tag"], { name: "tag" }, []],
  [["--name="], { name: "" }, []],
  [["--name", "-"], { name: "-" }, []],
  [["--name=a", "--name", "b"], { name: "b" }, []],
  [["--seed", "7"], { seed: "7" }, []],
  [["--clear=maybe"], { clear: "maybe" }, []],
  [["--", "--step=other"], {}, ["--step=other"]],
  [["--left-out", "denied", "run"], { "left-out": "denied" }, ["run"]],
  [["run", "--left-out", "failed", "--json"], { "left-out": "failed", json: "true" }, ["run"]],
  [["--left-out", "run", "denied"], { "left-out": "true" }, ["run", "denied"]],
  [["--left-out", "denied", "denied"], { "left-out": "denied" }, ["denied"]],
  [["--step", "tag", "--name", "tag"], { step: "tag", name: "tag" }, []],
  [["--left-out", "--", "denied"], { "left-out": "true" }, ["denied"]],
  [["--", "--left-out", "denied"], {}, ["--left-out", "denied"]],
  [["left-out", "denied"], {}, ["left-out", "denied"]],
])("the command line %j is parsed", (args, options, operands) => {
  expect(parsed(...args)).toEqual([options, operands]);
});

test.each([
  [["--step", "other"], 'Option --step must be tag or vlan, not "other"', undefined],
  [["--step="], 'Option --step must be tag or vlan, not ""', undefined],
  [["--step"], "Option --step has no value", "--step=value"],
  [["--name", "--json"], "Option --name has no value", "--name=value"],
  [["--left-out=yes"], 'Option --left-out must be denied or failed, not "yes"', undefined],
  [["--json=maybe"], 'Option --json must be true or false, not "maybe"', undefined],
  [["--no-json=maybe"], "Option --no-json takes no value", "--json=maybe"],
  [["--no-json=false"], "Option --no-json takes no value", "--no-json"],
  [["--no-step"], "Unknown option --no-step", "--help"],
  [["--other=1"], "Unknown option --other", "--help"],
  [["--constructor"], "Unknown option --constructor", "--help"],
  [["-s"], "Unknown option -s", "--help"],
])("the command line %j is rejected", (args, message, hint) => {
  const error = hint === undefined ? {} : { hint: expect.stringContaining(hint) as string };
  expect(() => parsed(...args)).toThrow(
    expect.objectContaining({ kind: "usage", message, ...error }),
  );
});

test("a command accepts only its number of arguments, and only allowed words", () => {
  const argument = { max: 1, words: ["bash", "zsh"] };
  const parse = (...args: string[]) => () => parseCommandLine(args, {}, argument);
  expect(parse("zsh")().operands).toEqual(["zsh"]);
  expect(parse("tcsh")).toThrow('Unknown argument "tcsh"');
  expect(parse("bash", "zsh")).toThrow('Unexpected argument "zsh"');
});
