/** TABLE: the commands that look into a run folder, or into the program itself. */
import { COMMON_OPTIONS, JSON_OPTION } from "../options.ts";
import type { CommandTable } from "./row.ts";

export const LOOK_COMMANDS = {
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
    load: async () => (await import("../diff.ts")).runDiff,
  },
  mapping: {
    description: "Print the mapping tables as Markdown",
    example: "mapping",
    options: { ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("../mapping.ts")).runMapping,
  },
} as const satisfies CommandTable;
