/** TABLE: the commands that look into a run folder, at what became of it, or into the program itself. */
import { COMPARE_SETTINGS } from "../../look/compare/settings.ts";
import { FILTERS } from "../../look/inspect/filter.ts";
import { STEPS } from "../../netbox/types/order.ts";
import { REASONS } from "../../run-folder/left-out.ts";
import { COMMON_OPTIONS, JSON_OPTION, type OptionsDef, optionsOf } from "../../terminal/options.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { type CommandTable, CONFIG } from "./row.ts";

const { BOOTSTRAP: _stage, ...TRANSFORM_SETTINGS } = SETTINGS;

const RUN = { name: "run", help: "Run folder", most: 1 };
const SHELLS = ["bash", "zsh", "fish"];

export const LOOK_COMMANDS = {
  compare: {
    description: "Did it arrive? Hold NetBox against the entity files; reads only",
    example: "compare snapshots/example --netbox https://netbox.example.net",
    argument: { name: "run", help: "Run folder that transform or bootstrap wrote", most: 1 },
    options: {
      only: {
        type: "string",
        valueHint: "step",
        description: "Compare one step, or several: tag,vlan",
      },
      markdown: { type: "boolean", description: "Print Markdown, for a comment on a pull request" },
      "exit-code": {
        type: "boolean",
        description: "Exit with 3 if anything differs or is missing, with 4 if not all was judged",
      },
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(COMPARE_SETTINGS),
    },
    load: async () => (await import("../../look/compare/command.ts")).runCompare,
  },
  diff: {
    description: "Tell what changed between two snapshots, two entity sets, or both",
    example: "diff test/fixtures/standalone test/fixtures/standalone-no-sys-audit",
    argument: {
      name: "runs",
      shown: "<a> <b>",
      help: "Two run folders, the earlier one first: what both of them hold is compared",
      most: 2,
    },
    options: {
      snapshot: { type: "boolean", description: "Compare the snapshots only" },
      entities: { type: "boolean", description: "Compare the entity files only" },
      markdown: {
        type: "boolean",
        description: "Print Markdown for the comment of a pull request",
      },
      "exit-code": {
        type: "boolean",
        description: "Exit with 3 if there are differences, also if something is not readable in b",
      },
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
    },
    load: async () => (await import("../../look/diff/command.ts")).runDiff,
  },
  inspect: {
    description: "Tell what a run folder holds, as tables or lists",
    example: "inspect snapshots/example --left-out=duplicate-address",
    argument: RUN,
    options: {
      guests: { type: "boolean", description: "List all guests, those that are left out too" },
      "left-out": {
        type: "boolean",
        valueHint: "reason",
        words: Object.keys(REASONS),
        description: "List what is left out, for all reasons or for one",
      },
      step: {
        type: "string",
        valueHint: "step",
        words: STEPS.map(({ name }) => name),
        description: "List the entities of a step, such as vm-interface",
      },
      failed: {
        type: "boolean",
        description: "List what could not be read, and what a target refused",
      },
      ...filterOptions(),
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
    },
    load: async () => (await import("../../look/inspect/command.ts")).runInspect,
  },
  explain: {
    description: "Tell where every value came from, and why things were left out",
    example: "explain snapshots/example vm/101",
    argument: {
      name: "run",
      shown: "<run> <what>",
      help: "Run folder of a snapshot, transformed or not, and a thing in it: vm/101, vm/web-01, " +
        "node/pve1, ip/10.0.0.5, mac/…, vlan/30, nic/101/net0, disk/101/scsi0, tag/…, prefix/…, " +
        "platform/…, cluster/…, what left-out.json calls a thing, or an entity file and line: " +
        "netbox/11-virtual-machine-0001.json:3",
      most: 2,
    },
    options: {
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(TRANSFORM_SETTINGS),
    },
    load: async () => (await import("../../look/explain/command.ts")).runExplain,
  },
  verify: {
    description: "Check every hash, reference, order and limit of a run folder, and its origin",
    example: "verify snapshots/example",
    argument: RUN,
    options: { ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("../../look/verify/command.ts")).runVerify,
  },
  report: {
    description: "Write one HTML page about a run, with pictures, to read or to hand on",
    example: "report snapshots/example --out snapshots/example.html",
    argument: RUN,
    options: {
      out: {
        type: "string",
        valueHint: "file",
        description: "Where the page goes (default report.html in the run folder)",
      },
      against: {
        type: "string",
        valueHint: "run",
        description: "An earlier run folder: the page tells what has changed since",
      },
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
    },
    load: async () => (await import("../../look/report/command.ts")).runReport,
  },
  mapping: {
    description: "Print the mapping tables as Markdown",
    example: "mapping",
    options: { ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("../../look/mapping.ts")).runMapping,
  },
  completion: {
    description: "Print a script that completes command lines in a shell",
    example: "completion bash",
    argument: { name: "shell", help: "bash, zsh or fish", most: 1, words: SHELLS },
    options: { ...COMMON_OPTIONS },
    load: async () => (await import("../completion/command.ts")).runCompletion,
  },
} as const satisfies CommandTable;

/** One option a filter; a filter alone lists guests. */
function filterOptions(): OptionsDef {
  const options = Object.entries(FILTERS).map(([name, description]) => [
    name,
    { type: "string", valueHint: name, description },
  ]);
  return Object.fromEntries(options) as OptionsDef;
}
