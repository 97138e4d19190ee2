/** bash 3.2 or newer, without the package bash-completion. */
import type { CommandModel, Value } from "./model.ts";

/** How bash is told to list what may stand there; it then leaves out what does not fit. */
function listing(value: Value): string {
  if (value === "any") return ":";
  if (value === "dir") return "_proxmox_diode_list -d";
  if (value === "file") return "_proxmox_diode_list -f";
  return `_proxmox_diode_list -W '${value.join(" ")}'`;
}

export function bashCompletion(program: string, commands: readonly CommandModel[]): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion for ${program}: source this file, or put it where bash-completion looks.
_proxmox_diode_list() {
  # Names may hold blanks, and are not to be split at them.
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

/** "inspect --step", and "inspect --step1" behind an equals sign. */
function valueCases({ name, options }: CommandModel): string[] {
  return options.flatMap(({ flag, value, isOptional }) => {
    if (value === undefined) return [];
    const patterns = [`"${name} --${flag}1"`, ...(isOptional ? [] : [`"${name} --${flag}"`])];
    return [`    ${patterns.join(" | ")}) ${listing(value)}; return ;;`];
  });
}

function flagCase({ name, options }: CommandModel): string {
  const flags = options.map(({ flag }) => `--${flag}`);
  return `    "${name} -"*) ${listing(flags)}; return ;;`;
}

function argumentCase({ name, argument }: CommandModel): string[] {
  return argument === undefined ? [] : [`    ${name}) ${listing(argument.value)} ;;`];
}
