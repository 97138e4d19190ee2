/** A sealed folder with any content is accepted or refused, and never causes an exit with 1. */
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
  type HeldRun,
  heldRun,
  resealed,
  storeOf,
  textOf,
  transformedRun,
  withManifest,
} from "../../helpers/run-in-memory.ts";

let run: HeldRun;

beforeAll(async () => {
  run = await transformedRun(await heldRun("test/fixtures/standalone"));
});

/** Which file, which of its lines, how deep in it, and which key of what is there. */
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

/** What a line of our files is, once its comma is off: JSON, the head of a list, or a key of an object. */
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
      // It is one of the others, or none.
    }
  }
  return line;
}

/** The same run with one value that is another, and every hash above it made to fit. */
function oddRun({ file, line, keys }: Place, odd: unknown): HeldRun {
  const files = [...run.keys()];
  const name = files[file % files.length] ?? "";
  if (name.endsWith("manifest.json")) {
    return withManifest(run, name, (document) => Object(withOdd(document, keys, odd)) as object);
  }
  const lines = textOf(run, name).split("\n");
  const telling = [...lines.keys()].filter((i) => lines[i]?.includes('"'));
  const at = telling[line % telling.length] ?? 0;
  const told = lines[at] ?? "";
  const changed = oddLine(told, keys, odd);
  return changed === told ? run : resealed(run, name, () => lines.with(at, changed).join("\n"));
}

async function lookEverywhere(changed: HeldRun): Promise<void> {
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

test("verify tells of any value in any file, and inspect tells or refuses it", async () => {
  await fc.assert(
    fc.asyncProperty(PLACES, ODD, async (place, odd) => {
      const changed = oddRun(place, odd);
      await expect(verify(storeOf(changed))).resolves.toBeDefined();
      await lookEverywhere(changed).catch((error: unknown) => {
        expect(error).toBeInstanceOf(AppError);
        expect(error).toMatchObject({ kind: "input" });
      });
    }),
    { numRuns: numRuns(120) },
  );
});
