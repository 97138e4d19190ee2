/**
 * A snapshot folder that was edited by hand → the same folder, canonical and sealed again.
 *
 *   node test/helpers/seal-snapshot.ts DIR [--host H] [--port N] [--captured-at T] [--node N]…
 *
 * The answers come from DIR/pve/, in any JSON formatting; every other fact comes from
 * DIR/manifest.json, a sealed one or a draft such as {"source":{"host":"pve1.example.net"}}. What is
 * incomplete is found in the answers; lists that a token saw only in part are named by {"filtered":["/nodes"]}.
 */
import { parseArgs } from "node:util";
import { type } from "arktype";
import { inputError } from "../../src/base/errors.ts";
import { parseJson } from "../../src/base/json.ts";
import { decodeUtf8 } from "../../src/base/text.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import {
  createSnapshotWriter,
  type ManifestFacts,
  openSnapshot,
} from "../../src/run-folder/snapshot-files.ts";
import {
  AnswerSchema,
  type Manifest,
  MANIFEST_FILE,
  type Snapshot,
} from "../../src/run-folder/snapshot.ts";
import { openStore, readRequired, type Store } from "../../src/run-folder/store/store.ts";

/** Facts of a manifest, or replacements for them. */
export type SealFacts = Partial<ManifestFacts>;

/** What may be in a folder before it is sealed. */
type Draft = SealFacts & Partial<Pick<Manifest, "incomplete">>;

/** Seals a folder, then reads it back. @throws AppError "input" that names what is wrong with it. */
export async function sealSnapshot(folder: string, facts: SealFacts = {}): Promise<Snapshot> {
  const store = await openStore(folder);
  const draft = { ...(await readDraft(store)), ...facts };
  const writer = createSnapshotWriter(store);
  const files = (await store.keys()).filter((key) => /^pve\/.*\.json$/.test(key)).sort();
  for (const file of files) await writer.write(file, await readAnswers(store, file));
  await writer.finish({
    tool: draft.tool ?? { name: "proxmox-diode", version: "0.1.0" },
    source: draft.source ?? { host: "" },
    ...(draft.settings && { settings: draft.settings }),
    scope: draft.scope ?? { nodes: ["*"] },
    captured_at: draft.captured_at ?? "",
    filtered: draft.filtered ?? filteredIn(draft),
  });
  return openSnapshot(store);
}

function filteredIn({ incomplete = [] }: Draft): string[] {
  return incomplete.filter(({ reason }) => reason === "filtered").map(({ path }) => path);
}

/** Not checked here: `openSnapshot` refuses what is not a manifest. */
async function readDraft(store: Store): Promise<Draft> {
  const bytes = await store.read(MANIFEST_FILE);
  if (bytes === undefined) return {};
  return parseJson(decodeUtf8(bytes, MANIFEST_FILE), MANIFEST_FILE) as Draft;
}

async function readAnswers(store: Store, file: string): Promise<Map<string, Answer>> {
  const document = parseJson(decodeUtf8(await readRequired(store, file), file), file);
  const answers = Object.entries(document as object).map(([path, value]): [string, Answer] => {
    const answer = AnswerSchema(value);
    if (answer instanceof type.errors) {
      throw inputError(`Cannot seal ${file}, "${path}": it is not an answer (${answer.summary})`);
    }
    return [path, answer as Answer];
  });
  return new Map(answers);
}

async function main(args: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      host: text,
      port: text,
      "captured-at": text,
      node: { ...text, multiple: true },
    },
  });
  for (const folder of positionals) {
    const { source } = await readDraft(await openStore(folder));
    const host = values.host ?? source?.host ?? "";
    const snapshot = await sealSnapshot(folder, {
      source: { ...source, host, ...(values.port && { port: Number(values.port) }) },
      ...(values["captured-at"] && { captured_at: values["captured-at"] }),
      ...(values.node && { scope: { nodes: values.node } }),
    });
    const { answers, failed, nodes } = snapshot.manifest.counts;
    process.stdout.write(
      `Sealed ${folder}: ${nodes} nodes, ${answers} answers, ${failed} of them failures\n`,
    );
  }
}

if (import.meta.main) await main(process.argv.slice(2));
