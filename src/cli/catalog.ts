/** TABLE: the commands, one row each, with the options of each. A command's code is loaded when it runs. */
import type { SettingTable } from "../base/setting.ts";
import { CAPTURE_SETTINGS } from "../capture/settings.ts";
import { HISTORY_SETTINGS } from "../history/settings.ts";
import { NETBOX_SETTINGS } from "../netbox/rest/settings.ts";
import { FILTERS } from "../look/inspect/filter.ts";
import { STEPS } from "../netbox/types/steps.ts";
import { PUSH_SETTINGS } from "../push/settings.ts";
import { REASONS } from "../run-folder/left-out.ts";
import {
  type Argument,
  COMMON_OPTIONS,
  onOff,
  type OptionsDef,
  optionsOf,
  outOption,
  OUTPUT_OPTIONS,
  valued,
} from "../terminal/options.ts";
import type { Session } from "../terminal/session.ts";
import { TIDY_SETTINGS } from "../tidy/settings.ts";
import { SETTINGS } from "../transform/settings.ts";
import { REHEARSE_COMMANDS } from "./catalog-rehearse.ts";

export interface CommandRow {
  readonly description: string;
  /** A command line that works in a checkout. */
  readonly example: string;
  /** Absent: the command takes no arguments. */
  readonly argument?: Argument;
  readonly options: OptionsDef;
  readonly load: () => Promise<CommandFunction>;
}

type CommandFunction = (session: Session) => Promise<unknown>;

/** TABLE: the settings of every stage. A policy file may hold all of them, whatever command reads it. */
export const STAGE_SETTINGS = {
  capture: CAPTURE_SETTINGS,
  transform: SETTINGS,
  push: PUSH_SETTINGS,
  compare: NETBOX_SETTINGS,
  tidy: TIDY_SETTINGS,
  history: HISTORY_SETTINGS,
} as const satisfies Readonly<Record<string, SettingTable>>;

const { BOOTSTRAP: _transform, ...TRANSFORM_SETTINGS } = SETTINGS;
const { BOOTSTRAP: _capture, ...DOCTOR_SETTINGS } = CAPTURE_SETTINGS;

const RUN = { name: "run", help: "Run folder, or <history>@latest", max: 1 };
const RUN_OR_TARGET = { ...RUN, help: "Run folder, or target folder that survey wrote" };
const CAPTURE_OUT = valued("dir", "Run folder to write to (default snapshots/<host>)");
const CONFIG = valued(
  "file",
  "Policy file (YAML): settings below config, nodes below scope, rules and their tests",
);
const RESUME = onOff(
  "Continue from what the folder contains: ask only for what is missing or failed",
);
const ELSEWHERE = valued("run,…", "Runs of other clusters: guests in them moved, and are not gone");
const AGAIN = onOff("Send everything, also what the target has acknowledged");
const YES = onOff("Push even if more has changed than --max-changed allows");
const MARKDOWN = onOff("Print Markdown for a comment on a pull request");
const FILTER_OPTIONS: OptionsDef = Object.fromEntries(
  Object.entries(FILTERS).map(([name, description]) => [name, valued(name, description)]),
);

export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  capture: {
    description: "Read a live Proxmox VE cluster into a snapshot (read-only)",
    example: "capture --proxmox-host pve1.example.net --out snapshots/lab",
    options: {
      out: CAPTURE_OUT,
      resume: RESUME,
      plan: onOff("Print how many requests capture would send; read only the cluster-wide paths"),
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf(CAPTURE_SETTINGS),
    },
    load: async () => (await import("../capture/command/capture.ts")).runCapture,
  },
  doctor: {
    description: "Check connection, token and rights of Proxmox VE, NetBox or both",
    example: "doctor --proxmox-host pve1.example.net",
    options: {
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf({ ...DOCTOR_SETTINGS, ...NETBOX_SETTINGS }),
    },
    load: async () => (await import("./doctor.ts")).runDoctors,
  },
  transform: {
    description: "Turn snapshots into NetBox entity files; needs no network",
    example: "transform snapshots/example",
    argument: { name: "run", help: "Run folder of a snapshot, or several", max: Infinity },
    options: {
      out: outOption("default: that of the snapshot; required with several"),
      target: valued("dir", "What NetBox holds, as survey wrote it: respect what people made"),
      since: valued("run", "With --target: an earlier run; plan to remove what is gone since"),
      elsewhere: ELSEWHERE,
      config: CONFIG,
      check: onOff(
        "Write nothing: run the tests of the policy file, and list the guests that no rule matches",
      ),
      "require-complete": onOff("Exit with 4 if a snapshot is incomplete"),
      ...OUTPUT_OPTIONS,
      ...optionsOf(SETTINGS),
    },
    load: async () => (await import("../transform/command/transform.ts")).runTransformOrCheck,
  },
  bootstrap: {
    description: "Write only the static entities: tags, custom fields, cluster type",
    example: "bootstrap --out snapshots/bootstrap",
    options: { out: outOption("default snapshots/bootstrap"), ...OUTPUT_OPTIONS },
    load: async () => (await import("../transform/command/transform.ts")).runBootstrap,
  },
  push: {
    description: "Send entity files to Diode; --confirm: until NetBox has them",
    example: "push snapshots/example --dry-run",
    argument: {
      name: "run",
      help:
        "One run folder with entity files, or dry-run files of a Diode SDK, or a folder of them",
      max: Infinity,
    },
    options: {
      "dry-run": onOff("Check everything, but send nothing"),
      since: valued("run", "Send only the changes since this run, which was pushed completely"),
      "sent-since": valued("run,…", "With --since: runs after that one that were sent in part"),
      only: valued("step", "Send one step, or several: tag,vlan"),
      again: AGAIN,
      yes: YES,
      confirm: onOff("Wait until NetBox has everything, and send again what does not arrive"),
      journal: valued("file", "Journal of acknowledgements (default in the run folder)"),
      junit: valued("file", "Write a JUnit report to this file"),
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf({
        NETBOX_URL: NETBOX_SETTINGS.NETBOX_URL,
        NETBOX_TOKEN: NETBOX_SETTINGS.NETBOX_TOKEN,
        ...PUSH_SETTINGS,
      }),
    },
    load: async () => (await import("../push/command/push.ts")).runPush,
  },
  run: {
    description: "[Survey,] capture, transform, push and [tidy]; confirms if NETBOX_URL is set",
    example:
      "run --history snapshots/history --proxmox-host pve1.example.net --target grpcs://diode.example.net/diode",
    options: {
      out: CAPTURE_OUT,
      resume: RESUME,
      survey: onOff(
        "First read what NetBox holds, into the folder <run>-netbox, and respect it; settings: NETBOX_…",
      ),
      tidy: onOff(
        "With a survey: also rename, release and remove in NetBox what Diode cannot; see tidy",
      ),
      since: valued("run", "Earlier run: push only the changes, and tidy what is gone since"),
      elsewhere: ELSEWHERE,
      "require-complete": onOff(
        "Stop with exit code 4 after an incomplete capture, and push nothing",
      ),
      again: AGAIN,
      yes: YES,
      history: valued("place", "Keep the run in this history, and push the changes since its base"),
      "accept-identity-change": onOff(
        "With --history: continue although settings that name objects have changed",
      ),
      metrics: valued(
        "file",
        "With --history: write metrics for node_exporter to this file (*.prom)",
      ),
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf({
        NETBOX_URL: NETBOX_SETTINGS.NETBOX_URL,
        NETBOX_TOKEN: NETBOX_SETTINGS.NETBOX_TOKEN,
        BOOTSTRAP: SETTINGS.BOOTSTRAP,
        ...DOCTOR_SETTINGS,
        ...TRANSFORM_SETTINGS,
        ...PUSH_SETTINGS,
        ...TIDY_SETTINGS,
        ...HISTORY_SETTINGS,
      }),
      // Capture and transform share these two; the help of capture says more.
      ...optionsOf({ PROXMOX_HOST: CAPTURE_SETTINGS.PROXMOX_HOST, nodes: CAPTURE_SETTINGS.nodes }),
    },
    load: async () => (await import("./pipeline.ts")).runPipeline,
  },
  compare: {
    description: "Check that NetBox has the entities of a run (read-only)",
    example: "compare snapshots/example --netbox https://netbox.example.net",
    argument: { name: "run", help: "Run folder with entity files", max: 1 },
    options: {
      target: valued("dir", "Compare with this target folder of survey; needs no network"),
      only: valued("step", "Compare one step, or several: tag,vlan"),
      markdown: MARKDOWN,
      "exit-code": onOff(
        "Exit with 3 if anything is different or missing, with 4 if not everything was compared",
      ),
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf(NETBOX_SETTINGS),
    },
    load: async () => (await import("../look/compare/command.ts")).runCompare,
  },
  survey: {
    description: "Read what NetBox holds into a target folder (read-only)",
    example: "survey --netbox https://netbox.example.net --out snapshots/netbox",
    options: {
      out: valued(
        "dir",
        "Target folder to write to: a path, redis://… or s3://… (default snapshots/netbox)",
      ),
      for: valued(
        "run",
        "Read only what the entities of this run folder can meet; transform it first",
      ),
      resume: onOff("Continue from what the folder contains: read only what is missing"),
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf(NETBOX_SETTINGS),
    },
    load: async () => (await import("../survey/command/survey.ts")).runSurvey,
  },
  tidy: {
    description: "Show, or do in NetBox, what Diode cannot: rename, release, remove",
    example: "tidy test/golden/example-target",
    argument: { ...RUN, help: "Run folder that transform --target wrote" },
    options: {
      target: valued("dir", "Plan with this target folder of survey, not with that of transform"),
      since: valued("run", "With --target: the earlier run, whose objects may be removed"),
      elsewhere: ELSEWHERE,
      apply: onOff("Change NetBox; needs a token that may change and delete these types"),
      undo: valued("file", "Take back the changes in this file, which --apply wrote"),
      only: valued("action", "Only these actions: release,rename"),
      markdown: MARKDOWN,
      "exit-code": onOff("Without --apply: exit with 3 if there is anything to do"),
      config: CONFIG,
      ...OUTPUT_OPTIONS,
      ...optionsOf(TIDY_SETTINGS),
      ...optionsOf({
        ...NETBOX_SETTINGS,
        NETBOX_TOKEN: {
          ...NETBOX_SETTINGS.NETBOX_TOKEN,
          help: "NetBox API token; without --apply and --undo, read-only is enough",
        },
      }),
    },
    load: async () => (await import("../tidy/command/tidy.ts")).runTidy,
  },
  diff: {
    description: "List changes between two snapshots, two entity sets, or both",
    example: "diff test/fixtures/standalone test/fixtures/standalone-no-sys-audit",
    argument: {
      name: "runs",
      shown: "<a> <b>",
      help: "Two run folders, the earlier one first",
      max: 2,
    },
    options: {
      snapshot: onOff("Compare only the snapshots"),
      entities: onOff("Compare only the entity files"),
      markdown: MARKDOWN,
      "exit-code": onOff("Exit with 3 if there are differences or something is not readable in b"),
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../look/diff/command.ts")).runDiff,
  },
  inspect: {
    description: "Summarise or list the contents of a run folder or a target",
    example: "inspect snapshots/example --left-out=duplicate-address",
    argument: RUN_OR_TARGET,
    options: {
      guests: onOff("List all guests, including those left out"),
      "left-out": {
        type: "boolean",
        valueHint: "reason",
        words: Object.keys(REASONS),
        description: "List what is left out, for all reasons or one",
      },
      step: valued("step", "List the entities of a step, such as vm-interface", {
        words: STEPS.map(({ name }) => name),
      }),
      failed: onOff("List unread answers and rejected entity files"),
      ...FILTER_OPTIONS,
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../look/inspect/command.ts")).runInspect,
  },
  log: {
    description: "List the runs of a history, or what changed on one thing",
    example: "log test/golden/history vm/101",
    argument: {
      name: "history",
      shown: "<history> [<thing>]",
      help: "Folder to which run --history writes, and a thing: vm/101, vm/web-01, node/pve1, " +
        "ip/10.0.0.5, mac/…, vlan/30, nic/101/net0, disk/101/scsi0, tag/…, prefix/…, " +
        "platform/…, cluster/…",
      max: 2,
    },
    options: {
      last: valued("n", "Only the newest n runs"),
      since: valued("date", "Only runs since a date or time (UTC)"),
      markdown: MARKDOWN,
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../history/log/command.ts")).runLog,
  },
  explain: {
    description: "Show where each value comes from, and why things are left out",
    example: "explain snapshots/example vm/101",
    argument: {
      name: "run",
      shown: "<run> <thing>",
      help: "Run folder of a snapshot, and a thing in it: vm/101, vm/web-01, node/pve1, " +
        "ip/10.0.0.5, mac/…, vlan/30, nic/101/net0, disk/101/scsi0, tag/…, prefix/…, " +
        "platform/…, cluster/…, a name from left-out.json, or a line of an entity file: " +
        "netbox/11-virtual-machine-0001.json:3",
      max: 2,
    },
    options: {
      config: {
        ...CONFIG,
        description: `${CONFIG.description}; settings replace those in netbox/manifest.json`,
      },
      target: valued("dir", "The target that transform was given: show what NetBox has"),
      since: valued("run", "The earlier run that transform was given"),
      elsewhere: ELSEWHERE,
      ...OUTPUT_OPTIONS,
      ...optionsOf(TRANSFORM_SETTINGS),
    },
    load: async () => (await import("../look/explain/command.ts")).runExplain,
  },
  verify: {
    description: "Check integrity, references and origin of a run or a target",
    example: "verify snapshots/example",
    argument: RUN_OR_TARGET,
    options: {
      target: valued(
        "dir",
        "The target that transform was given, to check the origin of the entities",
      ),
      since: valued("run", "The earlier run that transform was given"),
      elsewhere: ELSEWHERE,
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../look/verify/command.ts")).runVerify,
  },
  report: {
    description: "Write an HTML page about a run, with diagrams and lists",
    example: "report snapshots/example --out snapshots/example.html",
    argument: RUN,
    options: {
      out: valued("file", "File to write (default report.html in the run folder)"),
      against: valued("run", "Earlier run folder: the page lists the changes since then"),
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../look/report/command.ts")).runReport,
  },
  mapping: {
    description: "Print the mapping tables as Markdown",
    example: "mapping",
    options: {
      schema: onOff("Print a JSON Schema of policy files instead, for editors"),
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../look/mapping.ts")).mappingOf(STAGE_SETTINGS),
  },
  completion: {
    description: "Print a completion script for a shell",
    example: "completion bash",
    argument: {
      name: "shell",
      help:
        "bash, zsh or fish. bash and zsh: put source <(proxmox-diode completion bash) into the " +
        "start file; fish: write the output to ~/.config/fish/completions/proxmox-diode.fish",
      max: 1,
      words: ["bash", "zsh", "fish"],
    },
    options: COMMON_OPTIONS,
    load: async (): Promise<CommandFunction> =>
      (await import("./completion.ts")).completionOf(COMMANDS),
  },
  ...REHEARSE_COMMANDS,
};
