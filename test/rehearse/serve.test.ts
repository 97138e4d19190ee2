/** `serve` over TLS: it returns the answers of a snapshot as they were captured. */
import { type Agent } from "node:https";
import { describe, expect, test } from "vitest";
import { openStore } from "../../src/run-folder/store/store.ts";
import type { Served } from "../../src/rehearse/serve/serve.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { writeAnswers } from "../../src/run-folder/answers.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Answer, Failure } from "../../src/proxmox/answers.ts";
import type { AnswersFile, Snapshot } from "../../src/run-folder/snapshot.ts";
import { ask, envelopeOf, keepAliveAgent } from "../helpers/pve-client.ts";
import { EXAMPLE, served, snapshotIn } from "../helpers/serving.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** The client's error for each recorded failure. */
const UNANSWERED: Readonly<Record<Failure, string>> = {
  timeout: "the client gave up",
  reset: "ECONNRESET",
  refused: "ECONNRESET",
  tls: "ECONNRESET",
  dns: "ECONNRESET",
};

/** One answer as capture records it. */
async function captured(server: Served, path: string, agent: Agent): Promise<Answer> {
  const response = await ask(server, path, { agent });
  const { status, reason } = response;
  if (status >= 400) return { status, error: reason };
  return { status, ...envelopeOf(response) };
}

/** Every answer of a file as served; calls without an answer as recorded. */
async function capturedFile(server: Served, file: AnswersFile): Promise<Map<string, Answer>> {
  const agent = keepAliveAgent(server, 8);
  const answers = [...file.paths()].map(async (path): Promise<[string, Answer]> => {
    const recorded = file.get(path) ?? { skipped: "out-of-scope" };
    if ("skipped" in recorded) return [path, recorded];
    if (!("failed" in recorded)) return [path, await captured(server, path, agent)];
    await expect(ask(server, path, { patienceMs: 300 }), path).rejects.toMatchObject(
      recorded.failed === "timeout"
        ? { message: UNANSWERED.timeout }
        : { code: UNANSWERED[recorded.failed] },
    );
    return [path, recorded];
  });
  return new Map(await Promise.all(answers));
}

async function filesOf(snapshot: Snapshot): Promise<AnswersFile[]> {
  const nodes = await Promise.all(snapshot.nodes.map((node) => snapshot.node(node)));
  return [await snapshot.cluster(), ...nodes.flatMap((file) => file ?? [])];
}

function recordedFile(file: AnswersFile): Map<string, Answer> {
  return new Map([...file.paths()].map((path) => [path, file.get(path) ?? { failed: "dns" }]));
}

async function expectSameAnswers(snapshot: Snapshot): Promise<void> {
  const server = await served(snapshot);
  for (const file of await filesOf(snapshot)) {
    expect(writeAnswers(await capturedFile(server, file)), file.file)
      .toBe(writeAnswers(recordedFile(file)));
  }
}

describe("serve returns every answer of a snapshot, byte for byte, for", () => {
  test.each([
    EXAMPLE,
    "test/fixtures/pve7",
    "test/fixtures/pve8",
    "test/fixtures/pve9",
    "test/fixtures/second-cluster",
    "test/fixtures/standalone",
    "test/fixtures/standalone-no-sys-audit",
    "test/fixtures/two-sites",
  ])("%s", async (folder) => {
    await expectSameAnswers(await snapshotIn(folder));
  });

  test("a simulated site", async () => {
    const store = await openStore(await tempFolder());
    await simulate(store, { nodes: 6, guests: 150, seed: 11 });
    await expectSameAnswers(await openSnapshot(store));
  });
});
