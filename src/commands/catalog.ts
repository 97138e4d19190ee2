/** TABLE: the commands, one row each. What a command does is loaded when it runs. */
import type { ArgsDef } from "citty";
import { PUSH_SETTINGS } from "../push/settings.ts";
import { SETTINGS } from "../transform/settings.ts";
import { COMMON_OPTIONS, JSON_OPTION, optionsOf } from "./options.ts";
import type { Session } from "./session.ts";

export interface CommandRow {
  readonly description: string;
  /** A line that works in a checkout. */
  readonly example: string;
  /** What stands behind the command's name; absent: nothing may. */
  readonly argument?: { readonly name: string; readonly help: string; readonly most: number };
  readonly options: ArgsDef;
  readonly load: () => Promise<(session: Session) => Promise<void>>;
}

const OUT = {
  type: "string",
  valueHint: "dir",
  description: "Run folder to write to: a path, redis://… or s3://…",
} as const;
const CONFIG = {
  type: "string",
  valueHint: "file",
  description: "Policy file (YAML) with config and scope, as in the mapping document",
} as const;

const { BOOTSTRAP, ...TRANSFORM_SETTINGS } = SETTINGS;

export const COMMANDS = {
  transform: {
    description: "Turn snapshots into NetBox entity files, with no network",
    example: "transform snapshots/example",
    argument: { name: "run", help: "Run folder of a snapshot, or several", most: Infinity },
    options: {
      out: OUT,
      config: CONFIG,
      "require-complete": { type: "boolean", description: "Exit with 4 if a snapshot is partial" },
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf({ BOOTSTRAP, ...TRANSFORM_SETTINGS }),
    },
    load: async () => (await import("./transform.ts")).runTransform,
  },
  push: {
    description: "Send entity files to Diode, and only what it has not acknowledged yet",
    example: "push snapshots/example --dry-run",
    argument: {
      name: "run",
      help: "Run folder that transform wrote, or dry-run files of a Diode SDK",
      most: Infinity,
    },
    options: {
      "dry-run": { type: "boolean", description: "Check everything, send nothing" },
      since: {
        type: "string",
        valueHint: "run",
        description: "Send only what differs from this run, which the target must have as a whole",
      },
      only: { type: "string", valueHint: "step", description: "Send one step, or several: tag,vlan" },
      again: { type: "boolean", description: "Send what is acknowledged once more" },
      yes: { type: "boolean", description: "Push however much has changed, see --max-changed" },
      journal: {
        type: "string",
        valueHint: "file",
        description: "Where to keep what is acknowledged (default in the run folder)",
      },
      junit: { type: "string", valueHint: "file", description: "Write a JUnit report there" },
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(PUSH_SETTINGS),
    },
    load: async () => (await import("./push.ts")).runPush,
  },
  bootstrap: {
    description: "Make the static entities only: tags, custom fields and the cluster type",
    example: "bootstrap --out snapshots/bootstrap",
    options: { out: OUT, ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("./bootstrap.ts")).runBootstrap,
  },
  mapping: {
    description: "Print the mapping tables as Markdown",
    example: "mapping",
    options: { ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("./mapping.ts")).runMapping,
  },
  simulate: {
    description: "Write a believable synthetic snapshot of any size",
    example: "simulate --nodes 4 --guests 100 --seed 7 --out snapshots/simulated",
    options: {
      nodes: { type: "string", valueHint: "n", default: "4", description: "How many nodes" },
      guests: { type: "string", valueHint: "n", default: "100", description: "How many guests" },
      seed: { type: "string", valueHint: "n", default: "1", description: "Same seed, same bytes" },
      out: OUT,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
    },
    load: async () => (await import("./simulate.ts")).runSimulate,
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
