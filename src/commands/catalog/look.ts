/** TABLE: the commands that look into a run folder, or into the program itself. */
import { COMMON_OPTIONS, JSON_OPTION } from "../options.ts";
import type { CommandTable } from "./row.ts";

export const LOOK_COMMANDS = {
  mapping: {
    description: "Print the mapping tables as Markdown",
    example: "mapping",
    options: { ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("../mapping.ts")).runMapping,
  },
} as const satisfies CommandTable;
