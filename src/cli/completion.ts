/** completion <shell>: prints a completion script, generated from the catalog. */
import { usageError } from "../base/errors.ts";
import { allowedText } from "../base/setting.ts";
import { TOOL } from "../base/tool.ts";
import type { Argument, OptionDef, OptionsDef } from "../terminal/options.ts";
import type { Session } from "../terminal/session.ts";

type Printer = (program: string, commands: readonly CommandModel[]) => string;

const PRINTERS: Readonly<Record<string, Printer>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

interface Command {
  readonly description: string;
  readonly options: OptionsDef;
  readonly argument?: Argument;
}

/** The command `completion` for a catalog of commands. */
export function completionOf(commands: Readonly<Record<string, Command>>) {
  return (session: Session): Promise<void> => {
    const [shell = ""] = session.operands;
    const print = PRINTERS[shell];
    if (print === undefined) {
      const hint = `Allowed: ${allowedText({ allowed: Object.keys(PRINTERS) })}`;
      throw usageError("Missing argument: the shell", { hint });
    }
    const models = Object.entries(commands).map(commandModel);
    session.data(print(TOOL.name, models).trimEnd());
    return Promise.resolve();
  };
}

/** What a shell may offer as a value: words, folders, files, or nothing. */
type Value = readonly string[] | "dir" | "file" | "any";

interface OptionModel {
  /** Without dashes. */
  readonly flag: string;
  readonly description: string;
  /** undefined for a switch. */
  readonly value: Value | undefined;
  /** The value may be left off, and must follow "=". */
  readonly isOptional: boolean;
}

interface CommandModel {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionModel[];
  /** undefined if the command takes no arguments. */
  readonly argument: { readonly name: string; readonly value: Value } | undefined;
}

const HELP: OptionModel = {
  flag: "help",
  description: "Print the help of this command",
  value: undefined,
  isOptional: false,
};

function commandModel([name, command]: readonly [string, Command]): CommandModel {
  const { description, options, argument } = command;
  return {
    name,
    description,
    options: [...Object.entries(options).map(optionModel), HELP],
    argument: argument && { name: argument.name, value: argument.words ?? "dir" },
  };
}

function optionModel([flag, option]: readonly [string, OptionDef]): OptionModel {
  const { type, description, words } = option;
  const isSwitch = type === "boolean" && words === undefined;
  return {
    flag,
    description,
    value: isSwitch ? undefined : words ?? valueOf(option.valueHint),
    isOptional: type === "boolean",
  };
}

/** TABLE: values by their hint. */
const HINTED: Readonly<Record<string, Value>> = { dir: "dir", run: "dir", file: "file" };

function valueOf(hint = ""): Value {
  return HINTED[hint] ?? "any";
}

/** TABLE: what each shell is told of a value that is not one of some words. */
const LISTED = {
  any: { bash: ":", zsh: " ", fish: " -f" },
  dir: {
    bash: "_proxmox_diode_list -d",
    zsh: "_files -/",
    fish: " -f -a '(__fish_complete_directories)'",
  },
  file: { bash: "_proxmox_diode_list -f", zsh: "_files", fish: " -F" },
} as const;

/** The bash command that lists the matching values. */
function bashListing(value: Value): string {
  return typeof value === "string"
    ? LISTED[value].bash
    : `_proxmox_diode_list -W '${value.join(" ")}'`;
}

/** For bash 3.2 or newer; does not need the package bash-completion. */
function bashCompletion(program: string, commands: readonly CommandModel[]): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion for ${program}: source this file, or put it where bash-completion looks.
_proxmox_diode_list() {
  # Names may contain spaces.
  local word
  [ "$1" = -W ] || compopt -o filenames 2> /dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "$current")
}

_proxmox_diode() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}"
  local option="\${COMP_WORDS[COMP_CWORD - 1]}" equals=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _proxmox_diode_list -W '${[...names, "--help", "--version"].join(" ")}'
    return
  fi
  # bash splits --flag=value into three words.
  if [ "$current" = = ]; then
    equals=1 current=
  elif [ "$option" = = ]; then
    equals=1 option="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  case "$command $option$equals" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$command $current" in
${commands.map(flagCase).join("\n")}
  esac
  case "$command" in
${commands.flatMap(argumentCase).join("\n")}
  esac
}

complete -F _proxmox_diode ${program}
`;
}

/** "inspect --step", and "inspect --step1" after an equals sign. */
function valueCases({ name, options }: CommandModel): string[] {
  return options.flatMap(({ flag, value, isOptional }) => {
    if (value === undefined) return [];
    const patterns = [`"${name} --${flag}1"`, ...(isOptional ? [] : [`"${name} --${flag}"`])];
    return [`    ${patterns.join(" | ")}) ${bashListing(value)}; return ;;`];
  });
}

function flagCase({ name, options }: CommandModel): string {
  const flags = options.map(({ flag }) => `--${flag}`);
  return `    "${name} -"*) ${bashListing(flags)}; return ;;`;
}

function argumentCase({ name, argument }: CommandModel): string[] {
  return argument === undefined ? [] : [`    ${name}) ${bashListing(argument.value)} ;;`];
}

/** The action of a value for _arguments. */
function zshAction(value: Value): string {
  return typeof value === "string" ? LISTED[value].zsh : `(${value.join(" ")})`;
}

/** For zsh, with _arguments. */
function zshCompletion(program: string, commands: readonly CommandModel[]): string {
  const described = commands.map(({ name, description }) =>
    `    ${zshQuoted(`${name}:${description.replaceAll(":", "\\:")}`)}`
  );
  return `#compdef ${program}
# zsh completion for ${program}: source this file, or call it _${program} in a folder of $fpath.
_proxmox_diode() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands=(
${described.join("\n")}
  )
  _arguments -C '(- *)--help[Print the commands]' '(- *)--version[Print the version]' \\
    '1:command:->command' '*::argument:->argument' && return
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${commands.map(commandCase).join("\n")}
      esac ;;
  esac
}

if [[ $funcstack[1] == _proxmox_diode || $funcstack[1] == _${program} ]]; then
  _proxmox_diode "$@"
else
  compdef _proxmox_diode ${program}
fi
`;
}

function commandCase({ name, options, argument }: CommandModel): string {
  const specs = options.map(optionSpec);
  if (argument !== undefined) specs.push(`*:${argument.name}:${zshAction(argument.value)}`);
  const lines = specs.map((spec) => `          ${zshQuoted(spec)}`).join(" \\\n");
  return `        ${name}) _arguments \\\n${lines} ;;`;
}

/** "--step=[List …]:step:(tag vlan)"; "=-" and "::" mark a value that may be left off. */
function optionSpec({ flag, description, value, isOptional }: OptionModel): string {
  const text = `[${description.replace(/[\\[\]:]/g, "\\$&")}]`;
  if (value === undefined) return `--${flag}${text}`;
  return isOptional
    ? `--${flag}=-${text}::${flag}:${zshAction(value)}`
    : `--${flag}=${text}:${flag}:${zshAction(value)}`;
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Flags of `complete` for a value. */
function fishArguments(value: Value): string {
  return typeof value === "string" ? LISTED[value].fish : ` -f -a ${fishQuoted(value.join(" "))}`;
}

/** For fish 3 or newer. */
function fishCompletion(program: string, commands: readonly CommandModel[]): string {
  const complete = `complete -c ${program}`;
  const lines = commands.flatMap((command) => [
    "",
    `${complete} -n __fish_use_subcommand -a ${command.name} -d ${fishQuoted(command.description)}`,
    ...commandLines(command).map((line) =>
      `${complete} -n '__fish_seen_subcommand_from ${command.name}'${line}`
    ),
  ]);
  return `# fish completion for ${program}: source this file, or put it into
# ~/.config/fish/completions/${program}.fish
${complete} -f
${complete} -n __fish_use_subcommand -l help -d 'Print the commands'
${complete} -n __fish_use_subcommand -l version -d 'Print the version'
${lines.join("\n")}
`;
}

function commandLines({ options, argument }: CommandModel): string[] {
  const lines = options.map(optionLine);
  return argument === undefined ? lines : [...lines, fishArguments(argument.value)];
}

function optionLine({ flag, description, value, isOptional }: OptionModel): string {
  const option = ` -l ${flag} -d ${fishQuoted(description)}`;
  if (value === undefined) return option;
  return `${option}${isOptional ? "" : " -r"}${fishArguments(value)}`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
