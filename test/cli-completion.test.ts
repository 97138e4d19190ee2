/** The command completion: what bash, zsh and fish offer with the script that it prints. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandRow, COMMANDS } from "../src/cli/catalog.ts";
import { REASONS } from "../src/run-folder/left-out.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { runCli } from "./helpers/run-cli.ts";
import { SHELLS } from "./helpers/shells.ts";

let folder = "";
/** The working directory: folders, files, and names that a shell must not run as commands. */
let workingFolder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "completion-"));
  workingFolder = join(folder, "workingFolder");
  for (const name of ["runs", "run two", "$(touch owned)"]) {
    await mkdir(join(workingFolder, name), { recursive: true });
  }
  await writeFile(join(workingFolder, "policy.yaml"), "");
  for (const shell of Object.keys(SHELLS)) {
    const { code, stdout, stderr } = await runCli(["completion", shell]);
    expect([code, stderr]).toEqual([0, ""]);
    await writeFile(join(folder, shell), stdout);
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const rows: readonly (readonly [string, CommandRow])[] = Object.entries(COMMANDS);

/** TABLE: words after the program → what is offered for the last one. */
const LINES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["inspect", "--st"], ["--step"]],
  [["inspect", "--step", "vi"], ["virtual-disk", "virtual-machine"]],
  [["inspect", "--step=vi"], ["virtual-disk", "virtual-machine"]],
  [["inspect", "--left-out=n"], Object.keys(REASONS).filter((reason) => reason.startsWith("n"))],
  [["inspect", "--left-out=dup"], ["duplicate-address", "duplicate-mac"]],
  [["transform", "--cluster-scope", ""], ["auto", "none", "site"]],
  [["transform", "--log-format=j"], ["json"]],
  [["completion", ""], ["bash", "fish", "zsh"]],
  [["transform", "runs", "runs", "run"], ["run two", "runs"]],
  [["inspect", "--left-out", "runs"], ["runs"]],
  [["transform", "--out", "runs"], ["runs"]],
  [["transform", "--config", "pol"], ["policy.yaml"]],
  [["inspect", "--name", "x"], []],
  [["mapping", "x"], []],
];

describe.each(Object.entries(SHELLS))("completion in %s", (name, shell) => {
  const { isInstalled } = shell;
  const suffix = isInstalled ? "" : ` (skipped: ${name} is not on the PATH)`;
  const ask = async (lines: readonly (readonly string[])[]): Promise<string[][]> => {
    const found = await shell.ask({ script: join(folder, name), lines, cwd: workingFolder });
    return found.map((each) =>
      [...new Set(each.map((offer) => offer.replace(/[/=]$/, "")))].sort()
    );
  };
  const asked: readonly (readonly string[])[] = [
    [""],
    ["inspe"],
    ...Object.keys(COMMANDS).map((command) => [command, "--"]),
    ...LINES.map(([words]) => words),
  ];
  let answers: readonly string[][] = [];
  beforeAll(async () => {
    if (isInstalled) answers = await ask(asked);
  }, 120_000);
  const offers = (...words: readonly string[]): string[] => {
    const at = asked.findIndex((line) => line.join("\n") === words.join("\n"));
    return answers[at] ?? [`"${words.join(" ")}" was not asked`];
  };

  test.skipIf(!isInstalled)(`offers every command${suffix}`, () => {
    expect(answers).toHaveLength(asked.length);
    expect(offers("")).toEqual(expect.arrayContaining(Object.keys(COMMANDS)));
    expect(offers("inspe")).toEqual(["inspect"]);
  });

  test.skipIf(!isInstalled).each(rows)(
    `offers every option of %s${suffix}`,
    (command, row) => {
      const flags = [...Object.keys(row.options), "help"].map((flag) => `--${flag}`).sort();
      expect(offers(command, "--")).toEqual(flags);
    },
  );

  test.skipIf(!isInstalled).each(LINES)(`completes %j to %j${suffix}`, (words, offered) => {
    const found = offers(...words);
    // zsh and fish write a name with a blank as it has to be typed.
    expect(found.map((offer) => offer.replaceAll("\\", ""))).toEqual(offered.toSorted());
  });

  test.skipIf(!isInstalled)(`runs no command from typed words or file names${suffix}`, async () => {
    await ask([["$(touch typed)"], ["inspect", "$(touch typed)"], ["inspect", ""]]);
    expect(await readdir(workingFolder)).toEqual([
      "$(touch owned)",
      "policy.yaml",
      "run two",
      "runs",
    ]);
  });
});

test("completion rejects other shells", async () => {
  expectError(await runCli(["completion"]), 2, "Missing argument: the shell", "bash, zsh or fish");
  expectError(await runCli(["completion", "tcsh"]), 2, '"tcsh"', "bash, zsh or fish");
});
