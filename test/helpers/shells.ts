/** Real shells, asked what they would offer behind a command line. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Question {
  /** The completion script. */
  readonly script: string;
  /** What stands behind the program's name; the last one is being typed. */
  readonly words: readonly string[];
  readonly cwd: string;
}

export interface Shell {
  readonly isInstalled: boolean;
  ask(question: Question): Promise<string[]>;
}

const PROGRAM = "proxmox-diode";
const ASK_ZSH = fileURLToPath(new URL("ask.zsh", import.meta.url));

/** bash hands "--step=v" over as three words. */
const ASK_BASH = `source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_proxmox_diode
printf '%s\\n' "\${COMPREPLY[@]}"`;

export const SHELLS: Readonly<Record<string, Shell>> = {
  bash: {
    isInstalled: isInstalled("bash"),
    ask: ({ script, words, cwd }) => {
      const split = words.flatMap((word) => word.split(/(=)/));
      return run("bash", ["-c", ASK_BASH, "bash", script, PROGRAM, ...split], cwd);
    },
  },
  zsh: {
    isInstalled: isInstalled("zsh"),
    ask: async ({ script, words, cwd }) => {
      const lines = await run("zsh", ["-f", ASK_ZSH, script, lineOf(words)], cwd);
      return lines.flatMap((line) => /hit:(.*)/.exec(line)?.[1] ?? []);
    },
  },
  fish: {
    isInstalled: isInstalled("fish"),
    ask: async ({ script, words, cwd }) => {
      const code = "source $argv[1]; complete --do-complete $argv[2]";
      const lines = await run("fish", ["--no-config", "-c", code, script, lineOf(words)], cwd);
      return lines.map((line) => line.split("\t", 1)[0]?.replace(/^--[a-z-]+=(?=.)/, "") ?? "");
    },
  },
};

function lineOf(words: readonly string[]): string {
  return [PROGRAM, ...words].join(" ");
}

function isInstalled(shell: string): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, shell)));
}

async function run(shell: string, args: readonly string[], cwd: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(shell, [...args], { cwd, timeout: 30_000 });
  return stdout.split("\n").filter((line) => line !== "");
}
