/** Each field that is sent is explained by an answer or a setting that exists at the given location. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { explain, type ExplainInput } from "../../../src/look/explain/explain.ts";
import type {
  AnswerRead,
  ExplainedEntity,
  ExplainedField,
} from "../../../src/look/explain/explanation.ts";
import { STUBS } from "../../../src/transform/mapping/stubs.ts";
import type { Read, StubName } from "../../../src/transform/mapping/table.ts";
import { parsePolicy } from "../../../src/transform/policy.ts";
import { type SettingTexts } from "../../../src/transform/settings.ts";
import { type Made, transform } from "../../../src/transform/transform.ts";
import {
  allReads,
  answerInLine,
  answerReads,
  atPointer,
  inputFrom,
  inputOf,
} from "../../helpers/explaining.ts";
import { numRuns } from "../../helpers/full-tests.ts";
import { anyLab } from "../../helpers/generated-labs.ts";
import { lab } from "../../helpers/lab.ts";
import { ALL_EXTENSIONS } from "../../helpers/whole-outputs.ts";

interface Case {
  readonly run: string;
  readonly settings?: SettingTexts;
}

const CASES: readonly Case[] = [
  { run: "snapshots/example" },
  { run: "snapshots/example", settings: { ...ALL_EXTENSIONS, PLATFORM_WITHOUT_AGENT: "keep" } },
  ...["pve7", "pve8", "pve9", "second-cluster", "standalone", "standalone-no-sys-audit"]
    .map((name) => ({ run: `test/fixtures/${name}` })),
  { run: "test/fixtures/two-sites", settings: { nodes: "*" } },
  { run: "test/fixtures/vlans", settings: ALL_EXTENSIONS },
  { run: "test/fixtures/sdn", settings: { NETWORK_DEPTH: "full" } },
];

/** Guests, nodes and shared objects; all others are parts of those. */
const TOP_LEVEL = /^(?:vm|node)\/[^/]+$|^(?!vm\/|node\/)/;

async function madeBy({ snapshot, settings }: ExplainInput): Promise<Made[]> {
  const texts = Object.entries(settings).map(([name, { text }]) => [name, text]);
  const policy = parsePolicy(Object.fromEntries(texts) as SettingTexts);
  const made: Made[] = [];
  for await (const batch of transform([{ snapshot, policy }])) made.push(...batch.made);
  return made;
}

/** Explains everything in a snapshot by its name. */
async function explainAll(input: ExplainInput, made: readonly Made[]): Promise<ExplainedEntity[]> {
  const names = new Set<string>();
  for (const { step, entity, source } of made) {
    if ("subject" in source) names.add(source.subject.what);
    else if (step === "vlan") names.add(`vlan/${entity.vid}`);
    else if (step === "prefix") names.add(`prefix/${entity.prefix}`);
    else if ("name" in entity) names.add(`${step}/${entity.name}`);
  }
  const entities: ExplainedEntity[] = [];
  for (const name of names) {
    if (!TOP_LEVEL.test(name)) continue;
    for (const explanation of await explain(input, name)) entities.push(...explanation.entities);
  }
  return entities;
}

/** Fields that are sent without an explanation. */
function faultOf({ field, fate, row, reads }: ExplainedField): string[] {
  if ((fate !== "sent" && fate !== "cleared") || row.reads.every(isConstant)) return [];
  // A key that is missing from an answer is a source too: 0, off, none.
  const grounds = allReads(reads).filter((read) =>
    "path" in read ? read.pointer !== undefined : "from" in read
  );
  return grounds.length > 0
    ? []
    : [`${field} reads ${row.reads.join(", ")} and found ${JSON.stringify(reads)}`];
}

/** Fixed by the mapping document. */
function isConstant(read: Read): boolean {
  return read.startsWith("stub.") &&
    STUBS[read.slice("stub.".length) as StubName].reads.length === 0;
}

/** "virtual-machine {…}" */
function textOf(step: string, fields: object): string {
  return `${step} ${JSON.stringify(fields)}`;
}

/** primary_ip fields in the NIC stub of an address. */
function primaryFieldsOf(nic: unknown): string[] {
  const { device, virtual_machine: guest } = (nic ?? {}) as Readonly<Record<string, object>>;
  return Object.keys({ ...device, ...guest }).filter((key) => key.startsWith("primary_ip"));
}

/** The entity rebuilt from its explained fields. */
function entityOf(fields: readonly ExplainedField[]): object {
  const entity: Record<string, unknown> = {};
  for (const { field, value } of fields) {
    const [name = "", custom] = field.split(".");
    if (value === undefined) continue;
    if (custom === undefined) entity[name] = value;
    else entity[name] = { ...entity[name] as object | undefined, [custom]: value };
  }
  return entity;
}

describe.each(CASES)("explain for $run with $settings", ({ run, settings }) => {
  let made: readonly Made[] = [];
  let entities: readonly ExplainedEntity[] = [];
  let reads: readonly AnswerRead[] = [];

  beforeAll(async () => {
    const input = await inputOf(run, settings);
    made = await madeBy(input);
    entities = await explainAll(input, made);
    reads = answerReads(entities.flatMap(({ fields }) => fields.flatMap((field) => field.reads)));
  }, 60_000);

  test("each entity is explained once and unchanged", () => {
    const explainedTexts = entities.map(({ step, fields }) => textOf(step, entityOf(fields)))
      .sort();
    expect(explainedTexts).toEqual(made.map(({ step, entity }) => textOf(step, entity)).sort());
  });

  test("each field comes from an answer or a setting", () => {
    const faults = entities.flatMap(({ what, fields }) =>
      fields.flatMap(faultOf).map((fault) => `${what}: ${fault}`)
    );
    expect(faults).toEqual([]);
  });

  test("each raw value is at its file, line, answer and pointer", async () => {
    const lines = new Map<string, Promise<[string, unknown]>>();
    for (const { file, line, path, pointer, key, value } of reads) {
      if (line === undefined || pointer === undefined) continue;
      const at = `${file}:${line}`;
      const [found, answer] = await (lines.get(at) ?? answerInLine(run, { file, line }));
      lines.set(at, Promise.resolve([found, answer]));
      expect(found).toBe(path);
      if (value === undefined) expect(atPointer(answer, pointer)).not.toHaveProperty([key]);
      else expect(atPointer(answer, pointer)).toEqual(value);
    }
    expect(reads.filter(({ value }) => value !== undefined).length).toBeGreaterThan(50);
  });

  test("a missing value has a reason, and no existing row is missed", async () => {
    for (const { file, line, pointer, missing, read, value } of reads) {
      if (value === undefined) expect(missing, `${read} in ${file}`).toMatch(/./);
      if (line === undefined || pointer !== undefined) continue;
      const [, answer] = await answerInLine(run, { file, line });
      const isRead = (answer as { readonly status?: unknown }).status === 200;
      // A node without a cluster has no row of type cluster.
      if (isRead) expect(read).toBe("clusterStatus.name");
    }
  });

  test("each primary address is explained as a field of its machine", () => {
    const sent = entities.flatMap(({ what, fields }) =>
      fields.flatMap(({ value }) => primaryFieldsOf(value).map((field) => `${field} ${what}`))
    );
    const explainedTexts = entities.flatMap(({ fields }) =>
      fields.filter(({ fate }) => fate === "elsewhere")
        .flatMap(({ field, reads }) =>
          reads.flatMap((read) => "names" in read ? read.names : [])
            .map((name) => `${field} ${name}`)
        )
    );
    expect(explainedTexts.sort()).toEqual(sent.sort());
    expect(sent.length).toBeGreaterThan(0);
  });

  test("each stub refers to an entity of the set or to an object of the user", () => {
    const known = new Set(entities.map(({ what }) => what));
    for (const { field, value, reads } of entities.flatMap(({ fields }) => fields)) {
      for (const read of reads) {
        if (!("reads" in read) || value === undefined) continue;
        const isUsers = read.read === "stub.site" || read.read === "stub.tenant";
        const isEmptied = Object.keys(value as object).length === 0;
        expect(read.names.length > 0, `${field}: ${read.read}`).toBe(!isUsers && !isEmptied);
        for (const name of read.names) expect(known).toContain(name);
      }
    }
  });
});

test("each entity of any site is explained", async () => {
  const switches = fc.constantFrom<SettingTexts>({}, ALL_EXTENSIONS, {
    NODE_SITE_MAP: "pve1:North",
    CLEAR_EMPTY: "true",
  });
  await fc.assert(
    fc.asyncProperty(anyLab(), switches, async (parts, settings) => {
      const input = inputFrom(lab(parts), settings);
      const made = await madeBy(input);
      const entities = await explainAll(input, made);
      expect(entities.length).toBe(made.length);
      expect(entities.flatMap(({ fields }) => fields.flatMap(faultOf))).toEqual([]);
    }),
    { numRuns: numRuns(40) },
  );
});
