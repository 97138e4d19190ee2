/** What a command prints, and what becomes of it when stdout takes no more. */
import { once } from "node:events";
import { usageError } from "../base/errors.ts";
import { reportError } from "./report.ts";

export interface Stdout {
  write(text: string): void;
  /** Resolves when whoever reads has caught up. */
  drained(): Promise<void>;
}

export function openStdout(): Stdout {
  const { stdout } = process;
  stdout.on("error", endProgram);
  return {
    write(text) {
      try {
        stdout.write(text);
      } catch (error) { // so Deno tells of a full disk
        endProgram(error as Error);
      }
    },
    async drained() {
      if (stdout.writableNeedDrain) await once(stdout, "drain");
    },
  };
}

/** A reader that went away ("| head") ends the program, as it ends any other in a pipe. */
export function endProgram({ code, message }: Error & { code?: string }): never {
  if (code === "EPIPE") process.exit();
  process.exit(reportError(usageError(`Cannot write to stdout: ${message}`)));
}
