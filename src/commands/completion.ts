/** completion <shell>: a script that completes command lines, printed from the catalog. */
import { usageError } from "../kernel/errors.ts";
import { allowedText } from "../kernel/setting.ts";
import { TOOL } from "../kernel/tool.ts";
import { bashCompletion } from "./completion/bash.ts";
import { fishCompletion } from "./completion/fish.ts";
import { type CommandModel, commandModels } from "./completion/model.ts";
import { zshCompletion } from "./completion/zsh.ts";
import type { Session } from "./session.ts";

type Printer = (program: string, commands: readonly CommandModel[]) => string;

const PRINTERS: Readonly<Record<string, Printer>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function runCompletion(session: Session): Promise<void> {
  const [shell = ""] = session.operands;
  const print = PRINTERS[shell];
  if (print === undefined) {
    const hint = `Allowed: ${allowedText({ allowed: Object.keys(PRINTERS) })}`;
    throw usageError("No shell is named", { hint });
  }
  session.data(print(TOOL.name, commandModels()).trimEnd());
  return Promise.resolve();
}
