/** Completions of real shells for command lines; each shell is started once for many lines. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Question {
  /** The completion script. */
  readonly script: string;
  /** For each line the words after the program's name; the last one is being typed. */
  readonly lines: readonly (readonly string[])[];
  readonly cwd: string;
}

export interface Shell {
  readonly isInstalled: boolean;
  /** The completions of each line. */
  ask(question: Question): Promise<string[][]>;
}

const PROGRAM = "proxmox-diode";
/** Printed after each line and after each answer. */
const END = "--end-of-line--";
const ASK_ZSH = fileURLToPath(new URL("ask.zsh", import.meta.url));

/** bash passes "--step=v" as three words. */
const ASK_BASH = `source "$1"; shift
words=()
for word in "$@"; do
  if [[ $word != ${END} ]]; then words+=("$word"); continue; fi
  COMP_WORDS=("\${words[@]}") COMP_CWORD=$((\${#words[@]} - 1)) COMPREPLY=()
  _proxmox_diode
  printf '%s\\n' "\${COMPREPLY[@]}" ${END}
  words=()
done`;
const ASK_FISH = `source $argv[1]
for line in $argv[2..-1]
  complete --do-complete $line
  echo ${END}
end`;

export const SHELLS: Readonly<Record<string, Shell>> = {
  bash: {
    isInstalled: isInstalled("bash"),
    ask: ({ script, lines, cwd }) => {
      const split = lines.flatMap((words) => [
        PROGRAM,
        ...words.flatMap((word) => word.split(/(=)/)),
        END,
      ]);
      return run("bash", ["-c", ASK_BASH, "bash", script, ...split], cwd);
    },
  },
  zsh: {
    isInstalled: isInstalled("zsh"),
    ask: async ({ script, lines, cwd }) => {
      const answers = await run("zsh", ["-f", ASK_ZSH, script, END, ...lines.map(lineOf)], cwd);
      return answers.map((shown) => shown.flatMap((line) => /hit:(.*)/.exec(line)?.[1] ?? []));
    },
  },
  fish: {
    isInstalled: isInstalled("fish"),
    ask: async ({ script, lines, cwd }) => {
      const args = ["--no-config", "-c", ASK_FISH, script, ...lines.map(lineOf)];
      const answers = await run("fish", args, cwd);
      return answers.map((shown) =>
        shown.map((line) => line.split("\t", 1)[0]?.replace(/^--[a-z-]+=(?=.)/, "") ?? "")
      );
    },
  },
};

function lineOf(words: readonly string[]): string {
  return [PROGRAM, ...words].join(" ");
}

function isInstalled(shell: string): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, shell)));
}

/** For each line, the lines of the answer. */
async function run(shell: string, args: readonly string[], cwd: string): Promise<string[][]> {
  const { stdout } = await promisify(execFile)(shell, [...args], { cwd, timeout: 120_000 });
  const answers = stdout.split(`${END}\n`).slice(0, -1);
  return answers.map((answer) => answer.split("\n").filter((line) => line !== ""));
}
