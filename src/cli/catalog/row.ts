/** A command as the catalog has it, and the options that several commands share. */
import type { OptionsDef } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";

export interface CommandRow {
  readonly description: string;
  /** A line that works in a checkout. */
  readonly example: string;
  /** What stands behind the command's name; absent: nothing may. */
  readonly argument?: ArgumentRow;
  readonly options: OptionsDef;
  readonly load: () => Promise<(session: Session) => Promise<void>>;
}

export interface ArgumentRow {
  readonly name: string;
  /** As the usage has it, when that is not <name>. */
  readonly shown?: string;
  readonly help: string;
  readonly most: number;
  /** All that it may be; absent: it names a folder. */
  readonly words?: readonly string[];
}

export type CommandTable = Readonly<Record<string, CommandRow>>;

export const OUT = {
  type: "string",
  valueHint: "dir",
  description: "Run folder to write to: a path, redis://… or s3://…",
} as const;

export const CONFIG = {
  type: "string",
  valueHint: "file",
  description: "Policy file (YAML) with config and scope, as in the mapping document",
} as const;
