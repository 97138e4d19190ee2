/** completion <shell>: a script that completes command lines, printed from the catalog. */
import { usageError } from "../../base/errors.ts";
import { allowedText } from "../../base/setting.ts";
import { TOOL } from "../../base/tool.ts";
import type { Session } from "../../terminal/session.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { type CommandModel, commandModels } from "./model.ts";
import { zshCompletion } from "./zsh.ts";

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
