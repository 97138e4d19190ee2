/** zsh, by its own _arguments. */
import type { CommandModel, OptionModel, Value } from "./model.ts";

/** What _arguments is told of a value. */
function action(value: Value): string {
  if (value === "any") return " ";
  if (value === "dir") return "_files -/";
  if (value === "file") return "_files";
  return `(${value.join(" ")})`;
}

export function zshCompletion(program: string, commands: readonly CommandModel[]): string {
  const described = commands.map(({ name, description }) =>
    `    ${quoted(`${name}:${description.replaceAll(":", "\\:")}`)}`
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
  if (argument !== undefined) specs.push(`*:${argument.name}:${action(argument.value)}`);
  const lines = specs.map((spec) => `          ${quoted(spec)}`).join(" \\\n");
  return `        ${name}) _arguments \\\n${lines} ;;`;
}

/** "--step=[List …]:step:(tag vlan)"; a value that may be left off stands behind "=" alone. */
function optionSpec({ flag, description, value, isOptional }: OptionModel): string {
  const text = `[${description.replace(/[\\[\]:]/g, "\\$&")}]`;
  if (value === undefined) return `--${flag}${text}`;
  return isOptional
    ? `--${flag}=-${text}::${flag}:${action(value)}`
    : `--${flag}=${text}:${flag}:${action(value)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
