/** A sealed folder with any content is accepted or rejected, and never causes an exit with 1. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { AppError } from "../../../src/base/errors.ts";
import { parseFilter } from "../../../src/look/inspect/filter.ts";
import { inspect } from "../../../src/look/inspect/inspect.ts";
import * as lists from "../../../src/look/inspect/lists.ts";
import { itemSource, openRun } from "../../../src/look/run.ts";
import { verify } from "../../../src/look/verify/command.ts";
import { STEPS } from "../../../src/netbox/types/steps.ts";
import { numRuns } from "../../helpers/full-tests.ts";
import {
  readRunFiles,
  resealed,
  type RunFiles,
  storeOf,
  textOf,
  transformedRun,
  withManifest,
} from "../../helpers/run-in-memory.ts";

let run: RunFiles;

beforeAll(async () => {
  run = await transformedRun(await readRunFiles("test/fixtures/standalone"));
});

/** The file, the line, and the key at each level. */
interface Place {
  readonly file: number;
  readonly line: number;
  readonly keys: readonly number[];
}

const PLACES = fc.record({
  file: fc.nat(),
  line: fc.nat(),
  keys: fc.array(fc.nat(), { maxLength: 8 }),
});

const ODD = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    "__proto__",
    { toString: 1 },
    { length: 3 },
    { name: null },
    [null],
    "..",
  ),
);

/** The text around a line of a file that makes it JSON: none, the end of a head, or an object. */
const LINES = [["", ""], ["", "]}"], ["{", "}"]] as const;

function withOdd(value: unknown, [key, ...keys]: readonly number[], odd: unknown): unknown {
  if (typeof value !== "object" || value === null || key === undefined) return odd;
  const names = Object.keys(value);
  const name = names[key % names.length];
  if (name === undefined) return odd;
  const changed = Array.isArray(value) ? [...value as unknown[]] : { ...value };
  const below = (value as Record<string, unknown>)[name];
  return Object.assign(changed, { [name]: withOdd(below, keys, odd) });
}

function oddLine(line: string, keys: readonly number[], odd: unknown): string {
  const [, text = "", comma = ""] = /^(.*?)(,?)$/.exec(line) ?? [];
  for (const [open, close] of LINES) {
    try {
      const changed = JSON.stringify(withOdd(JSON.parse(open + text + close), keys, odd));
      return changed.slice(open.length, changed.length - close.length) + comma;
    } catch {
      // Not JSON with this text around it.
    }
  }
  return line;
}

/** The same run with one value replaced, and valid hashes. */
function oddRun({ file, line, keys }: Place, odd: unknown): RunFiles {
  const files = [...run.keys()];
  const name = files[file % files.length] ?? "";
  if (name.endsWith("manifest.json")) {
    return withManifest(run, name, (document) => Object(withOdd(document, keys, odd)) as object);
  }
  const lines = textOf(run, name).split("\n");
  const linesWithText = [...lines.keys()].filter((i) => lines[i]?.includes('"'));
  const at = linesWithText[line % linesWithText.length] ?? 0;
  const original = lines[at] ?? "";
  const changed = oddLine(original, keys, odd);
  return changed === original ? run : resealed(run, name, () => lines.with(at, changed).join("\n"));
}

async function inspectAll(changed: RunFiles): Promise<void> {
  const opened = await openRun(storeOf(changed));
  const items = itemSource(opened);
  await inspect(opened, items);
  if (items === undefined) return;
  const source = lists.listSource(opened, items, parseFilter({ name: "*" }));
  const all = [
    lists.GUESTS,
    lists.leftOutList("true"),
    lists.FAILED,
    ...STEPS.map(({ name }) => lists.entityList(name)),
  ];
  for (const list of all) {
    for await (const row of list.rows(source)) expect(row).toBeDefined();
  }
}

test("verify reports any value in any file, and inspect shows or rejects it", async () => {
  await fc.assert(
    fc.asyncProperty(PLACES, ODD, async (place, odd) => {
      const changed = oddRun(place, odd);
      await expect(verify(storeOf(changed))).resolves.toBeDefined();
      await inspectAll(changed).catch((error: unknown) => {
        expect(error).toBeInstanceOf(AppError);
        expect(error).toMatchObject({ kind: "input" });
      });
    }),
    { numRuns: numRuns(120) },
  );
});
