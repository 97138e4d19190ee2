/** A command as the catalog has it, and the options that several commands share. */
import type { ArgsDef } from "citty";
import type { Session } from "../session.ts";

export interface CommandRow {
  readonly description: string;
  /** A line that works in a checkout. */
  readonly example: string;
  /** What stands behind the command's name; absent: nothing may. */
  readonly argument?: {
    readonly name: string;
    /** As the usage has it, when that is not <name>. */
    readonly shown?: string;
    readonly help: string;
    readonly most: number;
  };
  readonly options: ArgsDef;
  readonly load: () => Promise<(session: Session) => Promise<void>>;
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
