/** What `push` can be told beside its settings. */
import type { ArgsDef } from "citty";

export const PUSH_OPTIONS = {
  "dry-run": { type: "boolean", description: "Check everything, send nothing" },
  since: {
    type: "string",
    valueHint: "run",
    description: "Send only what differs from this run, which the target must have as a whole",
  },
  only: {
    type: "string",
    valueHint: "step",
    description: "Send one step, or several: tag,vlan",
  },
  again: { type: "boolean", description: "Send what is acknowledged once more" },
  yes: { type: "boolean", description: "Push however much has changed, see --max-changed" },
  journal: {
    type: "string",
    valueHint: "file",
    description: "Where to keep what is acknowledged (default in the run folder)",
  },
  junit: { type: "string", valueHint: "file", description: "Write a JUnit report there" },
} as const satisfies ArgsDef;
