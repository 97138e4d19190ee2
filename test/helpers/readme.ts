/** The generated tables of the Markdown files, and `npm run readme`, which writes them. */
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type CommandRow, COMMANDS, STAGE_SETTINGS } from "../../src/cli/catalog.ts";
import { allowedText, flagOf, type SettingTable } from "../../src/base/setting.ts";
import { RETRY_POLICY } from "../../src/capture/client.ts";
import { explanationText } from "../../src/look/explain/command.ts";
import { mappingMarkdown } from "../../src/look/mapping.ts";
import { METRIC_PREFIX, METRICS } from "../../src/history/metrics.ts";
import { CHECKS } from "../../src/look/verify/findings.ts";
import { UNJUDGED_REASONS } from "../../src/netbox/types/field-result.ts";
import {
  NETBOX_DEVICE_ROLE,
  NETBOX_DEVICE_TYPE,
  NETBOX_MANUFACTURER,
} from "../../src/netbox/types/device-type.ts";
import { type ObjectType, permissionOf } from "../../src/netbox/types/object-type.ts";
import { ENTITY_TYPES } from "../../src/netbox/types/order.ts";
import { shownSteps, STEPS } from "../../src/netbox/types/steps.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import { CAUSES } from "../../src/proxmox/answers.ts";
import {
  ENDPOINT_NAMES,
  type EndpointRow,
  ENDPOINTS,
  SHOWN_PATHS,
} from "../../src/proxmox/endpoints.ts";
import { NOTES, REASONS } from "../../src/run-folder/left-out.ts";
import { CHANGE_KINDS } from "../../src/run-folder/run-record.ts";
import { markdownTable } from "../../src/terminal/document.ts";
import { RECEIVE_FAULTS } from "../../src/rehearse/receive/faults.ts";
import { EXIT_CODES } from "../../src/terminal/process.ts";
import { CONDITION_FORMS, CONDITIONS } from "../../src/transform/rules/conditions.ts";
import { VALUE_FORMS, VALUES } from "../../src/transform/rules/values.ts";
import { commandsIn, DOCUMENTS, firstDifference, readDocument } from "./documents.ts";
import { explained } from "./explaining.ts";
import { ROOT } from "./golden.ts";

/** The width of `explain` without a terminal. */
const README_COLUMNS = 80;

/** The document that describes each command. */
const DESCRIBED_IN: Readonly<Record<string, string>> = {
  capture: "src/capture/README.md",
  doctor: "src/capture/README.md#doctor",
  transform: "src/transform/README.md",
  bootstrap: "src/transform/README.md#bootstrap",
  push: "src/push/README.md",
  run: "#quick-start",
  compare: "src/look/README.md#compare",
  survey: "src/survey/README.md",
  tidy: "src/tidy/README.md",
  diff: "src/look/README.md#diff",
  inspect: "src/look/README.md#inspect",
  log: "src/history/README.md#log",
  explain: "src/look/README.md#explain",
  verify: "src/look/README.md#verify",
  report: "src/look/README.md#report",
  mapping: "src/transform/README.md#mapping",
  completion: "#commands",
  simulate: "src/rehearse/README.md#simulate",
  serve: "src/rehearse/README.md#serve",
  receive: "src/rehearse/README.md#receive",
  "serve-netbox": "src/rehearse/README.md#serve-netbox",
};

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  bug: "a bug in proxmox-diode; the stack trace is printed: please report it",
  usage: "wrong command line or setting",
  differences: "differences (`diff`, `compare` and `tidy`, only with `--exit-code`)",
  incomplete:
    "incomplete: `capture` and `run` (what was read is captured, and pushed), `survey`, `doctor`, `transform --require-complete`, `compare --exit-code`",
  input:
    "invalid input file: hash, format or content; also what `verify` finds, and failed tests of `transform --check`",
  remote:
    "Proxmox VE, Diode, NetBox or a store refused the request or is unreachable; another run is at work in the history",
  rejected:
    "Diode rejected entities, or NetBox a change of `tidy`, or NetBox does not have what was sent (`push --confirm`, `run`)",
  interrupted:
    "interrupted; the same command resumes (`capture`, `survey` and `run`: with `--resume`; `run --history`: by itself)",
};

/** All types that `compare` requests for every run; the last three have no step. */
const OBJECT_TYPES: readonly ObjectType<never>[] = [
  ...shownSteps({}).map(({ name }) => ENTITY_TYPES[name]),
  NETBOX_MANUFACTURER,
  NETBOX_DEVICE_TYPE,
  NETBOX_DEVICE_ROLE,
];

/** Name of the block → its text; `folder` is the folder of the document. */
export const BLOCKS: Readonly<Record<string, (folder: string) => string | Promise<string>>> = {
  "source-files": (folder) =>
    rows(
      globSync(`${folder}/**/*.ts`, { cwd: ROOT }).map((path) => path.replaceAll("\\", "/"))
        .filter((path) => !path.includes("/gen/")).sort()
        .map((
          path,
        ) => [
          `[${path.slice(folder.length + 1)}](${path.slice(folder.length + 1)})`,
          purposeOf(path),
        ]),
      ["File", "Contents"],
    ),
  commands: () =>
    rows(
      Object.entries(COMMANDS).map((
        [name, row]: [string, CommandRow],
      ) => [
        `[\`${name}\`](${DESCRIBED_IN[name]})`,
        row.description,
        `\`${row.example}\``,
      ]),
      ["Command", "Does", "Example"],
    ),
  "exit-codes": () =>
    rows([
      ["0", "done"],
      ...Object.entries(EXIT_CODES).map((
        [kind, code],
      ) => [String(code), EXIT_MEANINGS[kind as keyof typeof EXIT_CODES]]),
    ], ["Code", "Meaning"]),
  "capture-settings": () => settingsMarkdown(STAGE_SETTINGS.capture),
  privileges: () =>
    rows(
      ENDPOINT_NAMES.map((name): [string, EndpointRow] => [SHOWN_PATHS[name], ENDPOINTS[name]]).map(
        (
          [shown, { needs }],
        ) => [
          `\`${shown.replace("|", "\\|")}\``,
          ...[7, 8, 9].map((major) => needs?.privileges(major).join(" or ") ?? ""),
          needs === undefined ? "" : `\`${needs.on}\``,
          needs === undefined ? "" : `${needs.without}: ${needs.missing}`,
        ],
      ),
      ["GET", "PVE 7", "PVE 8", "PVE 9", "On", "Without it"],
    ),
  causes: () =>
    rows(
      Object.entries(CAUSES).map(([cause, meaning]) => [`\`${cause}\``, meaning]),
      ["Cause", "Meaning"],
    ),
  "transform-settings": () => settingsMarkdown(STAGE_SETTINGS.transform),
  explain: async () => {
    const explanations = await explained("ip/10.20.20.22");
    const text = explanationText(explanations, { width: README_COLUMNS, isVerbose: false });
    return `\`\`\`console\n$ npx proxmox-diode explain snapshots/example ip/10.20.20.22\n${text.trim()}\n\`\`\`\n`;
  },
  conditions: () =>
    rows(
      Object.entries(CONDITIONS).map(([name, { on, kinds, form, help }]) => [
        `\`${name}\``,
        on,
        kinds.join(", "),
        CONDITION_FORMS[form],
        help,
      ]),
      ["Condition", "On", "Of", "Value", "Meaning"],
    ),
  values: () =>
    rows(
      Object.entries(VALUES).map(([name, { on, kinds, form, help }]) => [
        `\`${name}\``,
        on,
        kinds.join(", "),
        VALUE_FORMS[form].replace(/\{.*\}/, (facts) => `\`${facts}\``),
        help,
      ]),
      ["Value", "On", "Of", "Written as", "Sets"],
    ),
  "push-settings": () => settingsMarkdown(STAGE_SETTINGS.push),
  retries: retriesMarkdown,
  "compare-settings": () => settingsMarkdown(STAGE_SETTINGS.compare),
  "history-settings": () => settingsMarkdown(STAGE_SETTINGS.history),
  metrics: () =>
    rows(
      Object.entries(METRICS).map(([name, { help, label }]) => [
        `\`${METRIC_PREFIX}${name}\``,
        label === undefined ? "" : `\`${label}\``,
        help,
      ]),
      ["Metric", "Label", "Meaning"],
    ),
  "tidy-settings": () => settingsMarkdown(STAGE_SETTINGS.tidy),
  unjudged: () =>
    rows(
      Object.entries(UNJUDGED_REASONS).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
      ["Reason", "Meaning"],
    ),
  permissions: () =>
    rows(
      [
        ...OBJECT_TYPES.map((type) => [type.plural, permissionOf(type)] as const),
        ...STEPS.flatMap((step) => {
          if (!("extension" in step)) return [];
          const type: ObjectType<never> = ENTITY_TYPES[step.name];
          return [[`${type.plural}, if the run has any`, permissionOf(type)] as const];
        }),
      ].map(([objects, permission]) => [objects, `\`${permission}\``]),
      ["Objects", "Permission"],
    ),
  "survey-permissions": () =>
    rows(
      SURVEYED.map(({ type, isOptional }) => [
        isOptional ? `${type.plural} (optional)` : type.plural,
        `\`${permissionOf(type)}\``,
      ]),
      ["Objects", "Permission"],
    ),
  faults: () =>
    rows(
      Object.entries(RECEIVE_FAULTS).map(([name, { means }]) => [`\`${name}\``, means]),
      ["Fault", "What the client gets"],
    ),
  mapping: mappingMarkdown,
  codes: codesMarkdown,
  changes: () =>
    rows(
      Object.entries(CHANGE_KINDS).map(([kind, meaning]) => [`\`${kind}\``, meaning]),
      ["`change`", "Meaning"],
    ),
  checks: () =>
    rows(
      Object.entries(CHECKS).map(([name, holds]) => [`\`${name}\``, holds]),
      ["Check", "Confirms"],
    ),
};

/** The first sentence of a file's first comment. */
function purposeOf(path: string): string {
  const [, comment = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(readDocument(path)) ?? [];
  const [paragraph = ""] = comment.replace(/^ *\*? ?/gm, "").trim().split(/\n\n/);
  const [sentence = ""] = paragraph.replaceAll("\n", " ").split(/(?<=\.)\s/);
  return sentence.replace(/\.$/, "").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

const BLOCK_REGEXP = /<!-- generated: ([\w-]+) -->\n[\s\S]*?<!-- \/generated -->/g;
/** The formatter would pad every cell of a table. */
const UNFORMATTED = ["<!-- deno-fmt-ignore-start -->", "<!-- deno-fmt-ignore-end -->"] as const;

/** The names of the blocks in a document. */
export function blocksIn(text: string): string[] {
  return [...text.matchAll(BLOCK_REGEXP)].map(([, name = ""]) => name);
}

/** The document with current blocks. */
export async function withBlocks(text: string, path: string): Promise<string> {
  const names = blocksIn(text);
  const printed = await Promise.all(names.map((name) => BLOCKS[name]?.(dirname(path))));
  const [start, end] = UNFORMATTED;
  let nth = 0;
  return text.replace(BLOCK_REGEXP, (block, name: string) => {
    const body = printed[nth++];
    return body === undefined
      ? block
      : `<!-- generated: ${name} -->\n${start}\n\n${body.trim()}\n\n${end}\n<!-- /generated -->`;
  });
}

/** Reason codes and note codes of left-out.json. */
function codesMarkdown(): string {
  const table = (head: string, codes: Readonly<Record<string, string>>): string => {
    const cells = Object.entries(codes).map(([name, meaning]) => [`\`${name}\``, meaning]);
    return markdownTable([head, "Meaning"], cells);
  };
  return `${table("Reason", REASONS)}\n\n${table("Note", NOTES)}\n`;
}

function retriesMarkdown(): string {
  const seconds = (ms = 30_000): string => `${ms / 1000}s`;
  const { maxRetries, retryDelayMs, maxRetryDelayMs } = RETRY_POLICY;
  const { push, compare } = STAGE_SETTINGS;
  const cells = [
    [
      "Proxmox VE",
      "429, 502, 503, 504, a dropped connection; a host that cannot be reached, if it has answered before or is not the only one",
      String(maxRetries),
      `${seconds(retryDelayMs)} to ${seconds(maxRetryDelayMs)}`,
      "",
    ],
    [
      "Diode and its token endpoint",
      "an unavailable or busy server, 429 and 5xx of a token endpoint or a proxy, a connection that fails, a timeout",
      push.PUSH_MAX_RETRIES.default,
      `${push.PUSH_RETRY_DELAY.default} to ${seconds()}`,
      "`PUSH_MAX_RETRIES`, `PUSH_RETRY_DELAY`",
    ],
    [
      "NetBox (`compare`, `survey`, `tidy`, `doctor`)",
      "429, 5xx, a connection that fails, a timeout",
      compare.NETBOX_MAX_RETRIES.default,
      `${compare.NETBOX_RETRY_DELAY.default} to ${seconds()}`,
      "`NETBOX_MAX_RETRIES`, `NETBOX_RETRY_DELAY`",
    ],
  ];
  return markdownTable(["Requests to", "Retried", "Retries", "Wait", "Settings"], cells);
}

function settingsMarkdown(settings: SettingTable): string {
  const code = (text: string): string => `\`${text}\``;
  const cells = Object.entries(settings).map(([name, row]) => [
    code(row.variable === undefined ? name : `${name} (${row.variable})`),
    row.inFile === undefined ? code(`--${flagOf(name, row)}`) : "in the policy file",
    row.default === undefined || row.default === "" ? "none" : code(row.default),
    allowedText(row),
    `${row.help}${row.extension ? " (extension)" : ""}`,
    (row.aliases ?? []).map(code).join(" "),
  ]);
  const head = ["Setting", "Flag", "Default", "Allowed", "Meaning", "Also read"];
  const columns = cells.some((row) => row.at(-1) !== "") ? head.length : head.length - 1;
  return markdownTable(head.slice(0, columns), cells.map((row) => row.slice(0, columns)));
}

function rows(cells: readonly (readonly string[])[], head: readonly string[]): string {
  return [head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`).join(
    "\n",
  );
}

/** Samples of a document that differ from the current output. They are changed by hand. */
async function staleSamples(text: string): Promise<string[]> {
  const stale: string[] = [];
  for (const { words, output } of commandsIn(text)) {
    if (output === undefined) continue;
    const { stdout } = await promisify(execFile)(process.execPath, ["src/cli.ts", ...words], {
      cwd: ROOT,
    });
    const printed = stdout.trim().split("\n");
    const line = firstDifference(output.join("\n").trim().split("\n"), printed);
    if (line !== undefined) {
      stale.push(`proxmox-diode ${words.join(" ")} no longer prints "${line}"`);
    }
  }
  return stale;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const path of DOCUMENTS) {
    const text = readDocument(path);
    const written = await withBlocks(text, path);
    if (written !== text) await writeFile(join(ROOT, path), written);
    for (const sample of await staleSamples(written)) process.stderr.write(`${path}: ${sample}\n`);
  }
}
