/** fish 3 or newer. */
import type { CommandModel, OptionModel, Value } from "./model.ts";

/** Flags of `complete` that tell what a value may be: nothing but that, or a file. */
function argumentsOf(value: Value): string {
  if (value === "any") return " -f";
  if (value === "dir") return " -f -a '(__fish_complete_directories)'";
  if (value === "file") return " -F";
  return ` -f -a ${quoted(value.join(" "))}`;
}

export function fishCompletion(program: string, commands: readonly CommandModel[]): string {
  const complete = `complete -c ${program}`;
  const lines = commands.flatMap((command) => [
    "",
    `${complete} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
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
  return argument === undefined ? lines : [...lines, argumentsOf(argument.value)];
}

function optionLine({ flag, description, value, isOptional }: OptionModel): string {
  const option = ` -l ${flag} -d ${quoted(description)}`;
  if (value === undefined) return option;
  return `${option}${isOptional ? "" : " -r"}${argumentsOf(value)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
