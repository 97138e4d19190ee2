/** Every file of the repository, and every file that the program writes, has a name that Windows accepts. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withDevice, withoutDevice } from "../src/base/file-name.ts";
import { defaultFolder } from "../src/capture/command/capture.ts";
import type { CaptureOptions } from "../src/capture/settings.ts";
import { STEPS } from "../src/netbox/types/steps.ts";
import { SURVEYED } from "../src/netbox/types/surveyed.ts";
import { nodeFile, nodeOfFile } from "../src/proxmox/endpoints.ts";
import { parseHosts } from "../src/proxmox/host.ts";
import { parseTarget } from "../src/push/settings.ts";
import { runNameOf, surveyFolderOf } from "../src/run-folder/history.ts";
import { pushJournalKey } from "../src/run-folder/push-journal.ts";
import { openSnapshot } from "../src/run-folder/snapshot-files.ts";
import { openStore } from "../src/run-folder/store/store.ts";
import { createTidyRecord } from "../src/run-folder/tidy-record.ts";
import { anyText } from "./helpers/arbitraries.ts";
import { ROOT } from "./helpers/golden.ts";
import { answersText, ok, sealFiles } from "./helpers/snapshot-builder.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

/** Source: learn.microsoft.com/windows/win32/fileio/naming-a-file */
const CHARACTERS = /[<>:"|?*\\\0-\x1f]/;
const DEVICE = /^(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]) *(?:\.|$)/i;
const MAX_LENGTH = 255;

/** Why Windows refuses a part of the path; undefined: it does not. */
function refusalOf(path: string): string | undefined {
  for (const name of path.split("/")) {
    if (name === "" || name.length > MAX_LENGTH) return `${path}: empty or too long`;
    if (CHARACTERS.test(name)) return `${path}: a character`;
    if (/[. ]$/.test(name)) return `${path}: ends with a dot or a space`;
    if (DEVICE.test(name)) return `${path}: a device`;
  }
  return undefined;
}

/** On Windows and macOS, the second file replaces the first. */
function sameButForCase(paths: readonly string[]): string[] {
  const groups = Map.groupBy(paths, (path) => path.toLowerCase());
  return [...groups.values()].filter(({ length }) => length > 1).map((group) => group.join(", "));
}

test.each([
  "a:b",
  "a/b?.json",
  "a.",
  "a /b",
  "con",
  "x/Aux.json",
  "com1.tar.gz",
  "a\\b",
  "a\nb",
  "x//y",
])("Windows refuses %j", (path) => expect(refusalOf(path)).toContain(path));

test.each(["console.json", "com10", ".aux", "_con.json", "100$ [a] 'b' é", "a..b"])(
  "Windows accepts %j",
  (path) => expect(refusalOf(path)).toBeUndefined(),
);

describe("the files of the repository", () => {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
    .split("\0").filter((path) => path !== "");

  test("have names that Windows accepts, and no two differ in case only", () => {
    expect(files).toContain("src/cli.ts");
    expect(files.flatMap((path) => refusalOf(path) ?? [])).toEqual([]);
    expect(sameButForCase(files)).toEqual([]);
    expect(sameButForCase(["a/B", "a/b"])).toEqual(["a/B, a/b"]);
  });

  test("keep their bytes in any checkout, or their hashes would be wrong", () => {
    const attribute = execFileSync(
      "git",
      ["check-attr", "text", "snapshots/example/manifest.json"],
      { cwd: ROOT, encoding: "utf8" },
    );
    expect(attribute.trim()).toBe("snapshots/example/manifest.json: text: unset");
  });
});

const device = fc.mixedCase(fc.constantFrom("con", "prn", "aux", "nul", "com1", "lpt9"));
const odd = fc.oneof(
  anyText(),
  device,
  fc.tuple(device, fc.constantFrom("", ".example.net", "-1", "_", "0")).map(([a, b]) => a + b),
  fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/),
);
const host = fc.oneof(
  odd,
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.ipV6(),
);

/** undefined for what is refused. */
function accepted<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** The law for one function: any text that it accepts becomes a name that Windows accepts. */
function expectAccepted<Input>(
  inputs: fc.Arbitrary<Input>,
  nameOf: (input: Input) => string | undefined,
): void {
  let count = 0;
  fc.assert(
    fc.property(inputs, (input) => {
      const name = nameOf(input);
      if (name === undefined) return;
      count += 1;
      expect(refusalOf(name)).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
  expect(count).toBeGreaterThan(200);
}

function folderOfHost(name: string): string | undefined {
  const hosts = parseHosts(name);
  return hosts && defaultFolder({ hosts } as CaptureOptions).replaceAll("\\", "/");
}

function journalOf(target: string): string | undefined {
  const parsed = accepted(() => parseTarget(target));
  return parsed && pushJournalKey(parsed.name);
}

const instant = fc.date({
  noInvalidDate: true,
  min: new Date("1970-01-01"),
  max: new Date("9999-12-31"),
}).map((date) => date.toISOString());

describe("the program writes names that Windows accepts:", () => {
  test("the file of a node", () => expectAccepted(odd, nodeFile));

  test("the default folder of a host", () => {
    expect(folderOfHost("[2001:db8::1]:8006")).toBe("snapshots/2001-db8--1");
    expect(folderOfHost("aux.example.net")).toBe("snapshots/aux_.example.net");
    expectAccepted(host, folderOfHost);
  });

  test("the journal of a target", () => {
    expect(journalOf("grpcs://aux.example.net/diode")).toBe(
      "push/aux_.example.net_443_diode.journal",
    );
    const targets = fc.tuple(
      fc.constantFrom("grpc", "grpcs", "https"),
      host,
      fc.constantFrom("", ":1"),
      fc.oneof(fc.constant(""), odd, fc.webPath()),
    ).map(([scheme, name, port, path]) => `${scheme}://${name}${port}/${path}`);
    expectAccepted(targets, journalOf);
  });

  test("the record of tidy, and the folders of a history", () => {
    expectAccepted(
      instant,
      (started_at) => createTidyRecord({} as never, { netbox: "", entities: "", started_at }).key,
    );
    expectAccepted(instant, (time) => surveyFolderOf(runNameOf(time.replace(/\.\d+Z/, "Z"))));
  });

  test("entity files and files of a survey", () => {
    for (const rows of [STEPS, SURVEYED]) {
      const names = rows.map(({ number, name }) => `${number}-${name}-0001.json`);
      expect(names.flatMap((name) => refusalOf(name) ?? [])).toEqual([]);
      expect(sameButForCase(names)).toEqual([]);
    }
  });
});

describe("no two names differ in case only:", () => {
  test("files of nodes, as nodes have host names, which are the same in any case", () => {
    fc.assert(
      fc.property(odd, odd, (a, b) => {
        const [one, two] = [nodeFile(a), nodeFile(b)];
        if (one === undefined || two === undefined || one === two) return;
        expect(one.toLowerCase() === two.toLowerCase()).toBe(a.toLowerCase() === b.toLowerCase());
      }),
      { numRuns: 2_000 },
    );
  });

  // The head of a journal names its target, so that a shared file is an error and no mix-up.
  test("journals of different hosts", () => {
    const targets = ["a.example.net", "b.example.net", "[::1]", "[::2]", "aux.example.net"]
      .flatMap((name) => ["", ":50051", "/diode"].map((rest) => `grpcs://${name}${rest}`));
    const journals = targets.map((target) => journalOf(target) ?? target);
    expect(new Set(journals).size).toBe(targets.length);
    expect(sameButForCase(journals)).toEqual([]);
  });
});

describe("a name that is a device of Windows", () => {
  test("gets a mark, which can be taken away again", () => {
    expect(["con", "CON.x", "console", "lpt1", "x.con"].map(withoutDevice)).toEqual(
      ["con_", "CON_.x", "console", "lpt1_", "x.con"],
    );
    fc.assert(
      fc.property(odd.filter((name) => !name.includes("_")), (name) => {
        expect(withDevice(withoutDevice(name))).toBe(name);
      }),
    );
  });

  test.each(["con", "CON.example.net", "com1"])("is the node of its file: %s", (node) => {
    expect(nodeFile(node)).not.toContain(`${node}.json`);
    expect(nodeOfFile(nodeFile(node) ?? "")).toBe(node);
  });

  test.each(["con.json", "con_.json"])("is read from pve/nodes/%s", async (name) => {
    const folder = await tempFolder();
    const answer = ok({ uptime: 1 });
    const node = answersText({ "/nodes/con/status": JSON.stringify(answer) });
    await sealFiles(folder, {
      "pve/cluster.json": answersText({ "/nodes": "{}" }),
      [`pve/nodes/${name}`]: node,
    });
    const snapshot = await openSnapshot(await openStore(folder));
    expect(snapshot.nodes).toEqual(["con"]);
    expect((await snapshot.node("con"))?.get("/nodes/con/status")).toEqual(answer);
  });
});

/**
 * Whether a text is a path or the key of a store, which has "/" on every system, cannot be seen in the source. So the
 * rule follows what is opened: no text with "/" is put together where a file or a folder is opened, or where a
 * variable that is opened gets its value. It does not follow a path through functions. A URL has "/" on
 * every system, and /proc is on Linux only.
 */
const FS_IMPORT = /import \{([^}]*)\} from "node:fs(?:\/promises)?"/g;
const OPENERS = ["openStore", "openTarget", "openFolder", "makeFolder", "join", "resolve"];
const PUT_TOGETHER = /\$\{[^`]*\}[^`$]*\/|\/[^`$]*\$\{|["'`] *\+|\+ *["'`]/;

/** Source code → what of it puts a path together. */
function putTogether(code: string): string[] {
  const imported = [...code.matchAll(FS_IMPORT)].flatMap(([, names = ""]) =>
    names.split(",").map((name) => name.trim()).filter((name) => /^[a-z]\w*$/.test(name))
  );
  const call = new RegExp(
    `(?<![\\w.]|function )(?:\\w+\\.)?(?:${
      [...OPENERS, ...imported].join("|")
    })\\(\\s*((?:\`[^\`]*\`|[^,()\`]|\\([^()]*\\))*)`,
    "g",
  );
  const opened = [...code.matchAll(call)].map(([, argument = ""]) => argument.trim())
    .filter((argument) => !/^(?:new URL\(|`\/proc\/)/.test(argument));
  const values = opened.filter((argument) => /^\w+$/.test(argument)).flatMap((name) =>
    [...code.matchAll(new RegExp(`\\b${name} =\\s+((?:\`[^\`]*\`|[^;\`])*);`, "g"))]
      .map(([, value = ""]) => value)
  );
  return [...new Set([...opened, ...values])].filter((text) => PUT_TOGETHER.test(text));
}

describe("paths are joined, never put together:", () => {
  const code = globSync("src/**/*.ts", { cwd: ROOT }).map((path) => ({
    path: path.replaceAll("\\", "/"),
    text: readFileSync(join(ROOT, path), "utf8").replace(/^\s*(?:\/?\*|\/\/).*$/gm, ""),
  }));

  test("in the source", () => {
    const found = code.flatMap(({ path, text }) =>
      putTogether(text).map((match) => `${path}: ${match}`)
    );
    expect(found).toEqual([]);
  });

  test.each([
    'import { readFile } from "node:fs/promises"; readFile(`${folder}/a`)',
    'import { open, stat } from "node:fs"; await stat(`x/${name}`)',
    'import { readFile } from "node:fs"; readFile(folder + "/a")',
    "session.openTarget(`${session.option(name)}/x`)",
    'openStore(folder + "-x")',
    "const file = `${folder}/x`; join(file)",
    'const file =\n    folder + "/x";\n  openFolder(file)',
  ])("the rule finds %s", (text) => expect(putTogether(text)).toHaveLength(1));

  test.each([
    "join(folder, `${name}.json`)",
    "openStore(folder); const url = `${host}/api`;",
    'import { readFile } from "node:fs"; readFile(new URL(`./${name}`, import.meta.url))',
  ])("the rule accepts %s", (text) => expect(putTogether(text)).toEqual([]));
});
