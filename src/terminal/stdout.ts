/** What a command prints, and what becomes of it when stdout takes no more. */
import { once } from "node:events";
import { usageError } from "../base/errors.ts";
import type { Io } from "./io.ts";
import { reportError } from "./report.ts";

export interface Stdout {
  write(text: string): void;
  /** Resolves when whoever reads has caught up. */
  drained(): Promise<void>;
}

export function openStdout(io: Io): Stdout {
  const { stdout } = io;
  const end = (error: Error): never => endProgram(error, io);
  stdout.on("error", end);
  return {
    write(text) {
      try {
        stdout.write(text);
      } catch (error) { // Deno throws when the disk is full
        end(error as Error);
      }
    },
    async drained() {
      if (stdout.writableNeedDrain) await once(stdout, "drain");
    },
  };
}

/** A reader that went away ("| head") ends the program, as it ends any other in a pipe. */
export function endProgram({ code, message }: Error & { code?: string }, io: Io): never {
  if (code === "EPIPE") io.exit(0);
  io.exit(reportError(usageError(`Cannot write to stdout: ${message}`), io.stderr));
}
