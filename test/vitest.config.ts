/** Which tests run where, and how. See helpers/README.md for what belongs into which list. */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ALL = "test/**/*.test.ts";

/** What Deno may do otherwise than Node: network, TLS, files, streams, processes, crypto; and golden files. */
const ON_DENO = [
  "cli-history",
  "cli-history-{killed,remote}",
  "cli-process",
  "cli-run",
  "permissions",
  "base/{hash,log}",
  "capture/{client,example,faults,hosts,killed,tls}",
  "history/{lock,log}",
  "http/*",
  "arrival/wire",
  "push/{confirm,kill,prepare,push,remote}",
  "rehearse/{receive,receive-faults,serve,serve-faults,serve-netbox,serve-wire}",
  "run-folder/{capture-journal,draft,files,folder,journal,push-journal,store,store-folders,store-redis,store-uri}",
  "survey/{killed,survey}",
  "transform/{determinism,golden,target-order}",
];
/** Start the tasks of deno.json, which is the same on both runtimes. */
const ONLY_ON_DENO = ["permissions"];

/** With processes, servers, waits or many cases: `npm run test:fast` leaves them out. */
const SLOW = [
  "ci",
  "cli",
  "cli-*",
  "permissions",
  "capture/{client,example,faults,gentleness,hidden,hosts,killed,questions,rights,tls}",
  "arrival/{compare,requests,wire}",
  "history/{base,identity,lock,retention}",
  "artifacts/release",
  "look/diff/{entities,odd-values}",
  "look/explain/{every-field,question}",
  "look/report/in-browser",
  "look/verify/verify",
  "push/{confirm,confirm-disturbed,disturbed,kill,killed-confirm,push,remote,since,since-delivered}",
  "real-netbox/**/*",
  "rehearse/*",
  "run-folder/{capture-journal,hostile*,push-journal,store-*}",
  "survey/{killed,survey}",
  "transform/{conservation,determinism,reads,target-order}",
  "two-days",
  "year",
];

/** "push/{kill,push}" → two patterns. */
function withoutBraces(name: string): string[] {
  const [, before = "", words, after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  return words === undefined ? [name] : words.split(",").map((word) => before + word + after);
}

/** A pattern that matches no file is a mistake: the file has moved. */
function filesOf(names: readonly string[]): string[] {
  return names.flatMap(withoutBraces).map((name) => {
    const pattern = `test/${name}.test.ts`;
    if (globSync(pattern, { cwd: ROOT }).length === 0) throw new Error(`No test is ${pattern}`);
    return pattern;
  });
}

export default defineConfig(({ mode }) => ({
  test: {
    root: ROOT,
    include: "Deno" in globalThis ? filesOf(ON_DENO) : [ALL],
    exclude: [
      ...("Deno" in globalThis ? [] : filesOf(ONLY_ON_DENO)),
      ...(mode === "fast" ? filesOf(SLOW) : []),
    ],
    setupFiles: ["test/helpers/plain-environment.ts"],
    // One process for many files, which import src only once: half the time. So no test leaves anything behind.
    isolate: false,
    pool: "forks",
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
  },
}));
