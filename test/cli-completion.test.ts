/** completion: what real shells offer, once they have read the script that the program prints. */
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
/** Where the user stands: folders, files, and names that no shell may take for commands. */
let place = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "completion-"));
  place = join(folder, "place");
  for (const name of ["runs", "run two", "$(touch owned)"]) {
    await mkdir(join(place, name), { recursive: true });
  }
  await writeFile(join(place, "policy.yaml"), "");
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

describe.each(Object.entries(SHELLS))("%s", (name, shell) => {
  const { isInstalled } = shell;
  const suffix = isInstalled ? "" : ` (skipped: ${name} is not on the PATH)`;
  const ask = async (lines: readonly (readonly string[])[]): Promise<string[][]> => {
    const found = await shell.ask({ script: join(folder, name), lines, cwd: place });
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

  test.skipIf(!isInstalled).each(LINES)(`after %j offers %j${suffix}`, (words, offered) => {
    const found = offers(...words);
    // zsh and fish write a name with a blank as it has to be typed.
    expect(found.map((offer) => offer.replaceAll("\\", ""))).toEqual(offered.toSorted());
  });

  test.skipIf(!isInstalled)(`runs nothing of what is typed or lies there${suffix}`, async () => {
    await ask([["$(touch typed)"], ["inspect", "$(touch typed)"], ["inspect", ""]]);
    expect(await readdir(place)).toEqual(["$(touch owned)", "policy.yaml", "run two", "runs"]);
  });
});

test("other shells are refused", async () => {
  expectError(await runCli(["completion"]), 2, "Missing argument: the shell", "bash, zsh or fish");
  expectError(await runCli(["completion", "tcsh"]), 2, '"tcsh"', "bash, zsh or fish");
});
