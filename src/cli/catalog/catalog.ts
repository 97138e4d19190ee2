/** TABLE: the commands, one row each. What a command does is loaded when it runs. */
import { LOOK_COMMANDS } from "./look.ts";
import { REHEARSAL_COMMANDS } from "./rehearse.ts";
import type { CommandTable } from "./row.ts";
import { STAGE_COMMANDS } from "./stages.ts";

export const COMMANDS = {
  ...STAGE_COMMANDS,
  ...LOOK_COMMANDS,
  ...REHEARSAL_COMMANDS,
} as const satisfies CommandTable;
