/** TABLE: the commands of the three stages. */
import { CAPTURE_SETTINGS } from "../../capture/settings.ts";
import { PUSH_OPTIONS } from "../../push/command/options.ts";
import { PUSH_SETTINGS } from "../../push/settings.ts";
import { COMMON_OPTIONS, JSON_OPTION, optionsOf } from "../../terminal/options.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { type CommandTable, CONFIG, OUT } from "./row.ts";

const { BOOTSTRAP, ...TRANSFORM_SETTINGS } = SETTINGS;
const { BOOTSTRAP: NO_CAPTURE, ...DOCTOR_SETTINGS } = CAPTURE_SETTINGS;
/** `run` has no earlier run to hold against. */
const { PUSH_MAX_CHANGED: _guard, ...RUN_PUSH_SETTINGS } = PUSH_SETTINGS;

const CAPTURE_OUT = {
  type: "string",
  valueHint: "dir",
  description: "Run folder to write to (default snapshots/ and the host's name)",
} as const;
const RESUME = {
  type: "boolean",
  description: "Go on from what the folder holds: ask only what is missing or failed",
} as const;

export const STAGE_COMMANDS = {
  capture: {
    description: "Read a live Proxmox VE cluster into a snapshot, and change nothing there",
    example: "capture --proxmox-host pve1.example.net --out snapshots/lab",
    options: {
      out: CAPTURE_OUT,
      resume: RESUME,
      plan: {
        type: "boolean",
        description: "Print what would be asked, and ask no more than that",
      },
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf({ BOOTSTRAP: NO_CAPTURE, ...DOCTOR_SETTINGS }),
    },
    load: async () => (await import("../../capture/command/capture.ts")).runCapture,
  },
  doctor: {
    description: "Check the connection, the certificate, the API token and what it may read",
    example: "doctor --proxmox-host pve1.example.net",
    options: {
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(DOCTOR_SETTINGS),
    },
    load: async () => (await import("../../capture/command/doctor.ts")).runDoctor,
  },
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
    load: async () => (await import("../../transform/command/transform.ts")).runTransform,
  },
  bootstrap: {
    description: "Make the static entities only: tags, custom fields and the cluster type",
    example: "bootstrap --out snapshots/bootstrap",
    options: { out: OUT, ...JSON_OPTION, ...COMMON_OPTIONS },
    load: async () => (await import("../../transform/command/bootstrap.ts")).runBootstrap,
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
      ...PUSH_OPTIONS,
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(PUSH_SETTINGS),
    },
    load: async () => (await import("../../push/command/push.ts")).runPush,
  },
  run: {
    description: "Capture, transform and push in one go, with all files kept",
    example: "run --proxmox-host pve1.example.net --target grpcs://diode.example.net/diode",
    options: {
      out: CAPTURE_OUT,
      resume: RESUME,
      "require-complete": {
        type: "boolean",
        description: "End with 4 after an incomplete capture, and push nothing",
      },
      again: PUSH_OPTIONS.again,
      config: CONFIG,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      // Of what two stages read, each is told as the stage tells it that does more with it.
      ...optionsOf({ BOOTSTRAP, ...DOCTOR_SETTINGS, ...TRANSFORM_SETTINGS, ...RUN_PUSH_SETTINGS }),
      ...optionsOf({ PROXMOX_HOST: CAPTURE_SETTINGS.PROXMOX_HOST, nodes: CAPTURE_SETTINGS.nodes }),
    },
    load: async () => (await import("../pipeline.ts")).runPipeline,
  },
} as const satisfies CommandTable;
