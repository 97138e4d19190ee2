/** The parts of README that the program prints, and `npm run readme`, which writes them. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type CommandRow, COMMANDS, STAGE_SETTINGS } from "../../src/cli/catalog.ts";
import { explanationText } from "../../src/look/explain/text.ts";
import { codesMarkdown, mappingMarkdown, settingsMarkdown } from "../../src/look/mapping.ts";
import { CHECKS } from "../../src/look/verify/findings.ts";
import { UNJUDGED } from "../../src/netbox/types/fields.ts";
import { permissionOf } from "../../src/netbox/types/object-type.ts";
import { OBJECT_TYPES } from "../../src/netbox/types/order.ts";
import { CAUSES } from "../../src/proxmox/answers.ts";
import {
  ENDPOINT_NAMES,
  type EndpointRow,
  ENDPOINTS,
  SHOWN_PATHS,
} from "../../src/proxmox/endpoints.ts";
import { FAULTS } from "../../src/rehearse/receive/faults.ts";
import { EXIT_CODES } from "../../src/terminal/report.ts";
import { explained } from "./explained.ts";

/** As wide as explain writes where there is no terminal. */
const README_COLUMNS = 80;

export const README = fileURLToPath(new URL("../../README.md", import.meta.url));

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  bug: "our bug; the stack is shown",
  usage: "usage or settings",
  differences: "differences (only with `--exit-code`)",
  incomplete: "incomplete capture; incomplete comparison (only with `--exit-code`)",
  input: "bad input file: hash, format or schema",
  remote: "remote refused or unreachable",
  rejected: "remote rejected entities",
  interrupted: "interrupted, resumable",
};

/** Name of the block → its text. */
export const BLOCKS: Readonly<Record<string, () => string | Promise<string>>> = {
  commands: () =>
    rows(
      Object.entries(COMMANDS).map((
        [name, row]: [string, CommandRow],
      ) => [`\`${name}\``, row.description, `\`${row.example}\``]),
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
  settings: () => settingsMarkdown(STAGE_SETTINGS.transform),
  explain: async () => {
    const explanations = await explained("ip/10.20.20.22");
    const text = explanationText(explanations, { width: README_COLUMNS, isVerbose: false });
    return `\`\`\`\n${text.trim()}\n\`\`\`\n`;
  },
  "push-settings": () => settingsMarkdown(STAGE_SETTINGS.push),
  "compare-settings": () => settingsMarkdown(STAGE_SETTINGS.compare),
  unjudged: () =>
    rows(
      Object.entries(UNJUDGED).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
      ["Reason", "Meaning"],
    ),
  permissions: () =>
    rows(
      OBJECT_TYPES.map((type) => [type.plural, `\`${permissionOf(type)}\``]),
      ["Objects", "Permission"],
    ),
  faults: () =>
    rows(
      Object.entries(FAULTS).map(([name, { means }]) => [`\`${name}\``, means]),
      ["Fault", "What a client meets"],
    ),
  mapping: mappingMarkdown,
  codes: codesMarkdown,
  checks: () =>
    rows(
      Object.entries(CHECKS).map(([name, holds]) => [`\`${name}\``, holds]),
      ["Check", "Confirms"],
    ),
};

export async function withBlocks(readme: string): Promise<string> {
  let text = readme;
  for (const [name, print] of Object.entries(BLOCKS)) {
    const block = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
    const printed = (await print()).trimEnd();
    text = text.replace(block, (_, begin: string, end: string) => `${begin}\n${printed}\n\n${end}`);
  }
  return text;
}

function rows(cells: readonly (readonly string[])[], head: readonly string[]): string {
  return [head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`).join(
    "\n",
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(README, await withBlocks(await readFile(README, "utf8")));
}
