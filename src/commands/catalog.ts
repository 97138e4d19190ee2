/** TABLE: the commands, one row each. What a command does is loaded when it runs. */
import type { ArgsDef } from "citty";
import { SERVE_SETTINGS } from "../rehearse/serve/settings.ts";
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
  serve: {
    description: "Answer from a snapshot as a Proxmox VE API on this machine, to rehearse capture",
    example: "serve snapshots/example --latency 20ms --fail 503:0.05",
    argument: { name: "run", help: "Run folder of a snapshot", most: 1 },
    options: {
      port: { type: "string", valueHint: "n", default: "0", description: "0: any that is free" },
      seed: { type: "string", valueHint: "n", default: "1", description: "Same seed, same faults" },
      latency: { type: "string", valueHint: "20ms", description: "Added to every answer" },
      fail: {
        type: "string",
        valueHint: "503:0.05",
        description: "Faults and their share, with commas between them: 429, 500, 502, 503, 504, " +
          "595, 596, 597, reset (the connection is dropped), cut (in the middle of the answer) or " +
          "timeout (no answer). 503x2: the first two attempts at every path. 503:1@/nodes/pve1/*: " +
          "only those paths",
      },
      "retry-after": {
        type: "string",
        valueHint: "2s",
        description: "The header that goes with 429 and 503",
      },
      "slow-agent": { type: "string", valueHint: "3s", description: "How long guest agents take" },
      offline: { type: "string", valueHint: "node,…", description: "Nodes that are switched off" },
      move: {
        type: "string",
        valueHint: "101:pve2,…",
        description: "Guests that move once the listing has named them; 101 alone: it is removed",
      },
      deny: {
        type: "string",
        valueHint: "VM.Audit,…",
        description: "Privileges that the token lacks. VM.Audit:/vms/104: there and below it; " +
          "VM.Audit:/*: it does not propagate",
      },
      "expire-token": {
        type: "string",
        valueHint: "n",
        description: "The token expires after n requests",
      },
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(SERVE_SETTINGS),
    },
    load: async () => (await import("./serve.ts")).runServe,
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
