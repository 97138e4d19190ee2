/** Who may import whom. One row per folder; a file that no row knows is refused. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));
const NODE = /^node:/;
const KERNEL = /^kernel\//;
/** The types that are generated from Diode's protocol. */
const PROTOCOL = /^push\/gen\//;
const PROTOBUF = /^@bufbuild\/protobuf(?:\/|$)/;
const CONTRACTS = /^(?:snapshot|entities)\//;
/** What of the contracts and the kernel runs without a runtime. */
const PURE =
  /^(?:snapshot\/(?:schema|paths|rows|reading|node-interface|scalar|property-string|worth-asking|incomplete|scope|host|unapplied)|entities\/(?:schema|refs|extras|dcim|ipam|virtualization|order|left-out|slug|natural-key|global-tags)|kernel\/(?:errors|hash|natural-order|setting))\.ts$/;
const CAPTURE_DOOR =
  /^capture\/(?:capture|doctor|endpoints|options|plan|progress|settings|summary)\.ts$/;
const CAPTURE = [/^capture\//, /^snapshot\//, KERNEL, NODE];
const PUSH_DOOR = /^push\/(?:push|settings|options|target|journal|plan|missing-file)\.ts$/;
const TRANSFORM_DOOR = /^transform\/(?:transform|tables|table|policy|settings|stubs|values)\.ts$/;

interface Rule {
  readonly files: RegExp;
  /** Held against a path in src or the name of a package. */
  readonly may: readonly RegExp[];
}

/** The first row whose `files` matches decides. */
const RULES: readonly Rule[] = [
  { files: /^cli\.ts$/, may: [/^commands\/main\.ts$/] },
  {
    files: /^commands\//,
    may: [
      /^commands\//,
      CAPTURE_DOOR,
      TRANSFORM_DOOR,
      PUSH_DOOR,
      CONTRACTS,
      KERNEL,
      /^look\//,
      /^rehearse\//,
      /^(?:citty|cli-progress|string-width|wrap-ansi|yaml)$/,
      NODE,
    ],
  },
  { files: /^capture\/(?:certificate|fetch)\.ts$/, may: [...CAPTURE, /^undici$/] },
  { files: /^capture\/client\.ts$/, may: [...CAPTURE, /^ofetch$/] },
  { files: /^capture\/journal-line\.ts$/, may: [...CAPTURE, /^arktype$/] },
  { files: /^capture\/(?:journal|limits)\.ts$/, may: [...CAPTURE, /^p-limit$/] },
  { files: /^capture\/retry\.ts$/, may: [...CAPTURE, /^p-retry$/] },
  { files: /^capture\/walk\.ts$/, may: [...CAPTURE, /^p-map$/] },
  { files: /^capture\//, may: CAPTURE },
  { files: /^transform\//, may: [/^transform\//, PURE, /^ipaddr\.js$/] },
  { files: /^snapshot\//, may: [/^snapshot\//, KERNEL, /^arktype$/] },
  {
    files: /^entities\/(?:read|manifest|shapes|journal|left-out-lines)\.ts$/,
    may: [/^entities\//, KERNEL, /^arktype$/],
  },
  { files: /^entities\/json-line\.ts$/, may: [/^@humanwhocodes\/momoa$/] },
  { files: /^entities\//, may: [/^entities\//, KERNEL, /^uuid$/] },
  {
    files: /^rehearse\/serve\//,
    may: [/^rehearse\/(?:serve\/|\w+\.ts$)/, CONTRACTS, KERNEL, NODE],
  },
  {
    files: /^rehearse\/receive\//,
    may: [/^rehearse\/(?:receive\/|\w+\.ts$)/, CONTRACTS, KERNEL, PROTOCOL, PROTOBUF, NODE],
  },
  { files: /^rehearse\/certificate\.ts$/, may: [/^selfsigned$/, NODE] },
  { files: /^rehearse\/loopback\.ts$/, may: [KERNEL, NODE] },
  { files: /^rehearse\//, may: [/^rehearse\//, CONTRACTS, KERNEL, /^pure-rand(?:\/|$)/] },
  { files: PROTOCOL, may: [PROTOBUF] },
  {
    files: /^push\/wire\//,
    may: [/^push\/wire\//, PROTOCOL, PROTOBUF, /^entities\/request\.ts$/, NODE],
  },
  {
    files: /^push\/remote\/(?:client|status|token)\.ts$/,
    may: [
      /^push\/(?:remote\/|(?:options|target)\.ts$)/,
      PROTOCOL,
      PROTOBUF,
      KERNEL,
      /^@connectrpc\/connect(?:-node)?$/,
      NODE,
    ],
  },
  { files: /^push\/remote\//, may: [/^push\/(?:remote\/|target\.ts$)/, KERNEL, NODE] },
  { files: /^push\//, may: [/^push\//, /^entities\//, KERNEL, NODE] },
  { files: /^look\/compare\/address\.ts$/, may: [/^ipaddr\.js$/] },
  { files: /^look\/compare\/netbox\.ts$/, may: [/^look\/compare\//, KERNEL, /^arktype$/] },
  { files: /^look\/compare\//, may: [/^look\/compare\//, /^entities\//, KERNEL] },
  { files: /^look\/diff\//, may: [/^look\/diff\//, CONTRACTS, KERNEL] },
  {
    files: /^look\/inspect\//,
    may: [/^look\/(?:inspect\/|\w+\.ts$)/, CONTRACTS, KERNEL, TRANSFORM_DOOR],
  },
  {
    files: /^look\/verify\//,
    may: [/^look\/(?:verify\/|\w+\.ts$)/, CONTRACTS, KERNEL, TRANSFORM_DOOR],
  },
  {
    files: /^look\/explain\//,
    may: [
      /^look\/(?:explain\/|\w+\.ts$)/,
      CONTRACTS,
      KERNEL,
      TRANSFORM_DOOR,
      /^transform\/parse\/address\.ts$/,
      /^leven$/,
    ],
  },
  { files: /^look\/report\/page\/assets\.ts$/, may: [NODE] },
  { files: /^look\/report\/page\//, may: [/^look\/report\/page\//, /^kernel\/tool\.ts$/] },
  {
    files: /^look\/report\/pictures\//,
    may: [/^look\/report\/(?:pictures|page)\//, /^(?:@dagrejs\/dagre|d3-hierarchy)$/],
  },
  {
    files: /^look\/report\/model\//,
    may: [
      /^look\/(?:report\/model|inspect|diff)\/|^look\/\w+\.ts$/,
      CONTRACTS,
      KERNEL,
      TRANSFORM_DOOR,
      /^ipaddr\.js$/,
    ],
  },
  {
    files: /^look\/report\//,
    may: [/^look\/(?:report|inspect|diff)\//, CONTRACTS, KERNEL],
  },
  { files: /^look\//, may: [/^look\//, CONTRACTS, KERNEL, TRANSFORM_DOOR] },
  { files: /^kernel\/hash\.ts$/, may: [/^@noble\/hashes\//] },
  { files: /^kernel\/(?:errors|natural-order|json|tool|setting)\.ts$/, may: [KERNEL] },
  { files: /^kernel\/store-(?:folder|remote)\.ts$/, may: [KERNEL, /^unstorage(?:\/|$)/, NODE] },
  { files: /^kernel\/log\.ts$/, may: [KERNEL, /^consola$/] },
  { files: /^kernel\/(?:fetch|http)\.ts$/, may: [KERNEL, /^(?:ofetch|undici)$/, NODE] },
  { files: /^kernel\//, may: [KERNEL, NODE] },
];

/** What a runtime would bring into `transform`, and what a locale would. */
const IMPURE =
  /\b(?:process|Deno|Date|fetch|performance|crypto|setTimeout|setInterval|queueMicrotask|console|localStorage|navigator|Intl|localeCompare|toLocale\w+)\b|\bMath\s*\.\s*random\b/g;

interface Import {
  readonly to: string;
  /** Erased before it runs. */
  readonly isType: boolean;
}

const IMPORT_REGEXP =
  /(?:^|[;\s}])(?:import|export)\s+(type\s)?[^;"'()]*?from\s*["']([^"']+)["']|(?:^|[;\s])import\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']/gm;

function codeOf(file: string): string {
  const text = readFileSync(join(SRC, file), "utf8");
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function importsOf(file: string): Import[] {
  return [...codeOf(file).matchAll(IMPORT_REGEXP)].map(([, type, from, bare, dynamic]) => {
    const to = from ?? bare ?? dynamic ?? "";
    const path = relative(SRC, join(SRC, dirname(file), to)).split(sep).join("/");
    return { to: to.startsWith(".") ? path : to, isType: type !== undefined };
  });
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => file.endsWith(".ts"))
  .sort();

test("the source tree is found", () => expect(files.length).toBeGreaterThan(60));

describe.each(files)("%s", (file) => {
  const rule = RULES.find((row) => row.files.test(file));

  test("stands in a folder that the rules know", () => expect(rule, file).toBeDefined());

  test("imports only what its folder may", () => {
    const refused = importsOf(file).filter(({ to }) =>
      !rule?.may.some((allowed) => allowed.test(to))
    );
    expect(refused.map(({ to }) => to), "see the rules at the top of this file").toEqual([]);
  });
});

test("no file is called index, utils or helpers, and none is imported by nobody", () => {
  expect(files.filter((file) => /(?:^|\/)(?:index|utils?|helpers?|misc|common)\.ts$/.test(file)))
    .toEqual([]);
  const imported = new Set(files.flatMap((file) => importsOf(file).map(({ to }) => to)));
  expect(files.filter((file) => file !== "cli.ts" && !imported.has(file))).toEqual([]);
});

test("transform reaches no runtime: nothing that it runs imports node:* or a package with side effects", () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    for (const { to, isType } of importsOf(file)) {
      if (isType || reached.has(to)) continue;
      reached.add(to);
      if (to.endsWith(".ts")) visit(to);
    }
  };
  files.filter((file) => file.startsWith("transform/")).forEach(visit);
  const packages = [...reached].filter((to) => !to.endsWith(".ts")).sort();
  expect(packages).toEqual(["@noble/hashes/sha2.js", "@noble/hashes/utils.js", "ipaddr.js"]);
});

test.each(files.filter((file) => file.startsWith("transform/")))(
  "%s touches no clock, environment, randomness, network or locale",
  (file) => {
    const words = codeOf(file).replace(/"(?:[^"\\\n]|\\.)*"|`[^`]*`/g, '""').match(IMPURE);
    expect(words ?? []).toEqual([]);
  },
);

test("files have 200 lines at the most, comments aside; what is generated has what it needs", () => {
  const long = files.filter((file) =>
    !file.startsWith("push/gen/") &&
    codeOf(file).split("\n").filter((line) => line.trim() !== "").length > 200
  );
  expect(long).toEqual([]);
});
