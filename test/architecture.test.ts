/** Rules for the source tree: what each folder may import, sizes and names of files. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

interface Rule {
  /** Folders of src, or "node:" for the runtime's own modules. */
  readonly imports: readonly string[];
  readonly packages?: readonly string[];
}

const PURE = ["base", "proxmox", "netbox/types", "run-folder"];
const KNOWLEDGE = ["base", "http", "proxmox", "netbox", "run-folder", "terminal", "node:"];

/** TABLE: folder → what its files may import besides each other. The longest name that matches decides. */
const RULES: Readonly<Record<string, Rule>> = {
  "cli.ts": { imports: ["cli", "terminal"] },
  cli: {
    imports: [
      ...KNOWLEDGE,
      "capture",
      "survey",
      "transform",
      "push",
      "tidy",
      "look",
      "history",
      "rehearse",
    ],
    packages: ["citty"],
  },
  base: { imports: ["node:"], packages: ["@noble/hashes", "consola", "ipaddr.js", "yaml"] },
  http: { imports: ["base", "node:"], packages: ["ofetch", "undici"] },
  proxmox: { imports: ["base"] },
  netbox: { imports: ["base"] },
  "netbox/types": { imports: ["base", "netbox"] },
  "netbox/rest": { imports: ["base", "http", "netbox"], packages: ["arktype", "p-map"] },
  "netbox/diode": { imports: ["base"], packages: ["@bufbuild/protobuf"] },
  "run-folder": {
    imports: ["base", "proxmox", "netbox", "node:"],
    packages: ["arktype", "aws4fetch", "p-limit", "unstorage", "uuid"],
  },
  terminal: {
    imports: ["base", "http", "proxmox", "netbox", "run-folder", "node:"],
    packages: ["cli-progress", "string-width", "wrap-ansi"],
  },
  arrival: { imports: KNOWLEDGE, packages: ["p-map"] },
  capture: {
    imports: KNOWLEDGE,
    packages: ["arktype", "p-limit", "p-map"],
  },
  survey: { imports: KNOWLEDGE, packages: ["p-limit", "p-map"] },
  transform: { imports: [...PURE, "netbox"], packages: ["p-map"] },
  "transform/command": { imports: [...KNOWLEDGE, "transform"] },
  push: {
    imports: [...KNOWLEDGE, "arrival"],
    packages: [
      "@bufbuild/protobuf",
      "@connectrpc/connect",
      "@connectrpc/connect-node",
      "p-map",
    ],
  },
  look: {
    imports: [...KNOWLEDGE, "arrival", "transform"],
    packages: ["@dagrejs/dagre", "d3-hierarchy", "ipaddr.js", "p-map"],
  },
  tidy: { imports: KNOWLEDGE, packages: ["arktype", "p-map"] },
  "tidy/command": { imports: [...KNOWLEDGE, "survey", "tidy", "transform"] },
  history: { imports: [...KNOWLEDGE, "look"], packages: ["arktype", "p-map"] },
  rehearse: {
    imports: KNOWLEDGE,
    packages: ["@bufbuild/protobuf", "p-limit", "pure-rand", "selfsigned"],
  },
};

function ruleOf(file: string): [folder: string, rule: Rule] | undefined {
  const isIn = (folder: string): boolean => file === folder || file.startsWith(`${folder}/`);
  const folders = Object.keys(RULES).filter(isIn).sort((a, b) => b.length - a.length);
  const rule = folders[0] === undefined ? undefined : RULES[folders[0]];
  return rule === undefined ? undefined : [folders[0] ?? "", rule];
}

function isAllowed(file: string, to: string): boolean {
  const [folder, rule] = ruleOf(file) ?? ["", { imports: [] }];
  if (to.startsWith("node:")) return rule.imports.includes("node:");
  if (!to.endsWith(".ts") && !to.endsWith(".json")) {
    return (rule.packages ?? []).some((name) => to === name || to.startsWith(`${name}/`));
  }
  return [folder, ...rule.imports].some((allowed) => to.startsWith(`${allowed}/`));
}

test("imports form no cycle, including imports of types and lazy imports", () => {
  const imports = new Map(files.map((file) => [file, importsOf(file).map(({ to }) => to)]));
  /** A cycle that leads from the last file of the path back into the path. */
  const cycleFrom = (path: readonly string[], done: Set<string>): readonly string[] | undefined => {
    const file = path.at(-1) ?? "";
    for (const to of imports.get(file) ?? []) {
      if (path.includes(to)) return [...path.slice(path.indexOf(to)), to];
      const found = done.has(to) ? undefined : cycleFrom([...path, to], done);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  const done = new Set<string>();
  expect(files.map((file) => cycleFrom([file], done)).find(Boolean)).toBeUndefined();
});

/** Names through which a runtime or a locale would change the result of `transform`. */
const IMPURE =
  /\b(?:process|Deno|Date|fetch|performance|crypto|setTimeout|setInterval|queueMicrotask|console|localStorage|navigator|Intl|localeCompare|toLocale\w+)\b|\bMath\s*\.\s*random\b/g;

interface Import {
  readonly to: string;
  /** Erased before it runs. */
  readonly isType: boolean;
  /** Loaded only when the code that imports it runs. */
  readonly isLazy: boolean;
}

const IMPORT_REGEXP =
  /(?:^|[;\s}])(?:import|export)\s+(type\s)?[^;"'()]*?from\s*["']([^"']+)["']|(?:^|[;\s])import\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']/gm;

function codeOf(file: string): string {
  const text = readFileSync(join(SRC, file), "utf8");
  // "/vms/*" in a string does not start a comment.
  return text.replace(/(?<=^|[\s(])\/\*[\s\S]*?\*\//gm, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function importsOf(file: string): Import[] {
  return [...codeOf(file).matchAll(IMPORT_REGEXP)].map(([, type, from, bare, dynamic]) => {
    const to = from ?? bare ?? dynamic ?? "";
    const path = relative(SRC, join(SRC, dirname(file), to)).split(sep).join("/");
    return {
      to: to.startsWith(".") ? path : to,
      isType: type !== undefined,
      isLazy: dynamic !== undefined,
    };
  });
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => file.endsWith(".ts"))
  .sort();

test("the test finds the source tree", () => expect(files.length).toBeGreaterThan(60));

describe.each(files)("%s", (file) => {
  test("is in a folder that has a rule", () => expect(ruleOf(file), file).toBeDefined());

  test("imports only what the rule of its folder allows", () => {
    const refused = importsOf(file).map(({ to }) => to).filter((to) => !isAllowed(file, to));
    expect(refused, "see the table RULES").toEqual([]);
  });
});

/** transform and the knowledge about both systems: the same result on every machine. */
function isPure(file: string): boolean {
  return /^(?:proxmox|netbox\/types|transform)\//.test(file) &&
    !file.startsWith("transform/command/");
}

test("no file is named index, utils or helpers, and every file is imported", () => {
  expect(files.filter((file) => /(?:^|\/)(?:index|utils?|helpers?|misc|common)\.ts$/.test(file)))
    .toEqual([]);
  const imported = new Set(files.flatMap((file) => importsOf(file).map(({ to }) => to)));
  expect(files.filter((file) => file !== "cli.ts" && !imported.has(file))).toEqual([]);
});

/** The packages and runtime modules that files load: with lazy imports, or only at the start. */
function loadedBy(starts: readonly string[], when: "ever" | "at start"): string[] {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    for (const { to, isType, isLazy } of importsOf(file)) {
      if (isType || (isLazy && when === "at start") || reached.has(to)) continue;
      reached.add(to);
      if (to.endsWith(".ts")) visit(to);
    }
  };
  starts.forEach(visit);
  return [...reached].filter((to) => !to.endsWith(".ts")).sort();
}

test("pure folders load no node:* module and no package with side effects", () => {
  expect(loadedBy(files.filter(isPure), "ever")).toEqual([
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "ipaddr.js",
    "p-map",
  ]);
});

test("the program starts without loading the packages of its commands", () => {
  expect(loadedBy(["cli.ts"], "at start")).toEqual([
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "node:util",
  ]);
});

test.each(files.filter(isPure))(
  "%s uses no clock, environment, randomness, network or locale",
  (file) => {
    const words = codeOf(file).replace(/"(?:[^"\\\n]|\\.)*"|`[^`]*`/g, '""').match(IMPURE);
    expect(words ?? []).toEqual([]);
  },
);

/** Paths, status codes and error texts of Proxmox VE. */
const PROXMOX_WORDS =
  /\/(?:qemu|lxc)\/|\/cluster\/(?:resources|status)|\/access\/(?:acl|permissions)|network-get-interfaces|get-osinfo|\bagent\/|\b59[5-7]\b|not running|got timeout/g;

test("only proxmox/ and rehearse/ contain paths and errors of Proxmox VE", () => {
  // The catalog lists the faults of `serve`.
  const others = handWritten.filter((file) =>
    !/^(?:proxmox|rehearse)\//.test(file) && !file.startsWith("cli/catalog")
  );
  const found = others.flatMap((file) =>
    [...codeOf(file).matchAll(PROXMOX_WORDS)].map(([word]) => `${file}: ${word}`)
  );
  expect(found).toEqual([]);
});

test("no file has more than 450 lines, except generated ones", () => {
  const long = files.filter((file) =>
    !file.includes("/gen/") && readFileSync(join(SRC, file), "utf8").split("\n").length > 451
  );
  expect(long).toEqual([]);
});

const EXPORT_REGEXP =
  /^export\s+(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|class|interface|type|const)\s+(\w+)/gm;

const handWritten = files.filter((file) => !file.includes("/gen/"));

test("no two files export the same name", () => {
  const exported = handWritten.flatMap((file) =>
    [...codeOf(file).matchAll(EXPORT_REGEXP)].map(([, name = ""]) => ({ name, file }))
  );
  const doubled = [...Map.groupBy(exported, ({ name }) => name)]
    .map(([name, places]) => ({ name, in: [...new Set(places.map(({ file }) => file))] }))
    .filter((each) => each.in.length > 1)
    .map((each) => `${each.name}: ${each.in.join(", ")}`);
  expect(doubled).toEqual([]);
});

const MIN_LINES = 120;

/** Short files with one importer in their own folder, each with the reason. */
const SHORT_FILES: Readonly<Record<string, string>> = {
  "capture/response.ts": "decides what of an answer reaches the disk",
  "cli/doctor.ts": "the command `doctor`, loaded when it runs",
  "cli/pipeline.ts": "the command `run`, loaded when it runs",
  "run-folder/store/bucket.ts": "the requests and answers of S3",
  "transform/command/check.ts": "transform --check, loaded when it runs",
  "transform/plan/assign.ts": "one action of the plan, as the others are",
  "transform/rules/glob.ts": "globs, which know nothing of rules",
  "transform/plan/dependents.ts": "what protects people's work from the plan",
};

/** The mapping of each NetBox type is one file, however short. */
const isMapping = (file: string): boolean => file.startsWith("transform/mapping/");

test("a file that only one file of its folder imports has at least 120 lines", () => {
  const importers = new Map<string, string[]>();
  for (const file of files) {
    for (const to of new Set(importsOf(file).map((each) => each.to))) {
      importers.set(to, [...importers.get(to) ?? [], file]);
    }
  }
  const short = handWritten.filter((file) => {
    const [importer, ...others] = importers.get(file) ?? [];
    return importer !== undefined && others.length === 0 && dirname(importer) === dirname(file) &&
      readFileSync(join(SRC, file), "utf8").trimEnd().split("\n").length < MIN_LINES;
  });
  expect(short.filter((file) => !(file in SHORT_FILES) && !isMapping(file))).toEqual([]);
  expect(Object.keys(SHORT_FILES).filter((file) => !short.includes(file))).toEqual([]);
});

/** Filters, keys and types of NetBox's REST API, not the fields of Diode's messages. */
const NETBOX_REGEXP =
  /name__ie|\bscope_type\b|\bassigned_object_type\b|netbox_diode_plugin|\/api\/\$|\b(?:dcim|extras|ipam|virtualization)[./]\w/;

test("only netbox/ and rehearse/ contain filters, keys and types of NetBox's REST API", () => {
  const found = handWritten.filter((file) => NETBOX_REGEXP.test(codeOf(file)));
  const others = found.filter((file) => !/^(?:netbox|rehearse\/netbox)\//.test(file));
  expect(others.filter((file) => !file.startsWith("cli/catalog"))).toEqual([]);
  expect(found.length).toBeGreaterThan(10);
});
