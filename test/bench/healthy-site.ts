/**
 * A simulated site in which every call succeeds, so that a capture takes as long as its calls; and the number
 * of these calls, counted from the configs.
 */
import { CLUSTER_FILE, NODES_FOLDER, PATHS } from "../../src/proxmox/endpoints.ts";
import { isAgentEnabled } from "../../src/proxmox/nics.ts";
import { records } from "../../src/proxmox/values.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { createSnapshotWriter, openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { AnswersFile } from "../../src/run-folder/snapshot.ts";
import { openStore } from "../../src/run-folder/store/store.ts";

/** The number of calls of each type. */
export interface Calls {
  readonly cluster: number;
  readonly nodes: number;
  readonly configs: number;
  readonly agents: number;
}

const CLUSTER_CALLS = 5;
const KINDS = [
  "/get-osinfo",
  "/network-get-interfaces",
  "/config?current=1",
  "/status",
  "/network",
];

export async function healthySite(
  folder: string,
  { nodes, guests }: { readonly nodes: number; readonly guests: number },
): Promise<Calls> {
  const store = await openStore(folder);
  await simulate(store, { nodes, guests, seed: 1 });
  const snapshot = await openSnapshot(store);
  const cluster = answersOf(await snapshot.cluster());
  const running = new Set<unknown>(
    records(dataOf(cluster.get(PATHS.resources))).filter(({ status }) => status === "running")
      .map(({ vmid }) => vmid),
  );
  const writer = createSnapshotWriter(store);
  await writer.write(CLUSTER_FILE, cluster);
  const calls = { cluster: CLUSTER_CALLS, nodes: 0, configs: 0, agents: 0 };
  for (const node of snapshot.nodes) {
    const file = await snapshot.node(node);
    const answers = healed(file === undefined ? new Map() : answersOf(file));
    await writer.write(`${NODES_FOLDER}${node}.json`, answers);
    for (const [path, answer] of answers) {
      if ("skipped" in answer) continue;
      const vmid = Number(/\/qemu\/(\d+)\/config\?current=1$/.exec(path)?.[1]);
      if (/\/(?:status|network)$/.test(path)) calls.nodes += 1;
      if (path.endsWith("/config?current=1")) calls.configs += 1;
      if (running.has(vmid) && isAgentEnabled(dataOf(answer) ?? {})) calls.agents += 2;
    }
  }
  const { source, scope, tool, captured_at } = snapshot.manifest;
  await writer.finish({ source, scope, tool, captured_at });
  return calls;
}

function answersOf(file: AnswersFile): Map<string, Answer> {
  return new Map([...file.paths()].flatMap((path) => {
    const answer = file.get(path);
    return answer === undefined ? [] : [[path, answer] as const];
  }));
}

function dataOf(answer: Answer | undefined): object | undefined {
  const data: unknown = answer !== undefined && "data" in answer ? answer.data : undefined;
  return typeof data === "object" && data !== null ? data : undefined;
}

/** Replaces failed answers, and answers of enabled agents that were skipped, by those of another guest. */
function healed(answers: ReadonlyMap<string, Answer>): Map<string, Answer> {
  const entries = [...answers];
  const isGood = (answer: Answer): boolean => "status" in answer && answer.status === 200;
  const isBad = (answer: Answer): boolean =>
    "skipped" in answer
      ? ["agent-not-running", "config-not-read", "agent-off"].includes(answer.skipped)
      : !isGood(answer);
  return new Map(entries.map(([path, answer]) => {
    if (!isBad(answer)) return [path, answer];
    const kind = KINDS.find((each) => path.endsWith(each)) ?? "";
    const type = path.includes("/lxc/") ? "/lxc/" : "/qemu/";
    const twin = entries.find(([each, other]) =>
      each.endsWith(kind) && (kind !== "/config?current=1" || each.includes(type)) && isGood(other)
    );
    return [path, twin?.[1] ?? answer];
  }));
}
