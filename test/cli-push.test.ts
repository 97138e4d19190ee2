/** The command push: output, exit codes, files for pipelines, and secrets that are never printed. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { shownSteps } from "../src/netbox/types/steps.ts";
import { receive, type ReceiveOptions, type Receiver } from "../src/rehearse/receive/receive.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { buildSet, tag, vm } from "./helpers/entity-set.ts";
import { ROOT } from "./helpers/golden.ts";
import { runCli } from "./helpers/run-cli.ts";
import { treeOf } from "./helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");
const SECRET = "s3cr3t-of-the-client";
/** Each test runs the program several times, and the tests run concurrently. */
const MANY_STARTS = { timeout: 240_000 };
const { fresh } = cliFolders();

/** The tests run concurrently, so all servers are closed at the end. */
const receivers: Receiver[] = [];
afterAll(() => Promise.all(receivers.map((diode) => diode.close())));

async function diodeWith(options: ReceiveOptions = {}): Promise<Receiver> {
  const diode = await receive({ client: { id: "me", secret: SECRET }, ...options });
  receivers.push(diode);
  return diode;
}

function envOf({ target }: Pick<Receiver, "target">): Record<string, string> {
  return {
    DIODE_TARGET: target,
    DIODE_CLIENT_ID: "me",
    DIODE_CLIENT_SECRET: SECRET,
    PUSH_BOOTSTRAP_WAIT: "0",
    PUSH_RETRY_DELAY: "1ms",
    PUSH_MAX_RETRIES: "2",
  };
}

async function example(): Promise<string> {
  const run = fresh("run");
  await cp(EXAMPLE, run, { recursive: true });
  return run;
}

/** How many entities the example has, by its manifest. */
async function exampleTotal(): Promise<number> {
  const text = await readFile(join(EXAMPLE, "netbox/manifest.json"), "utf8");
  const { counts } = JSON.parse(text) as { counts: Record<string, number> };
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function smallRun(files = 3): Promise<string> {
  const run = fresh("run");
  await buildSet(run, {
    "tag": [[tag("a")]],
    "virtual-machine": Array.from({ length: files }, (_, i) => [vm(`guest-${i}`)]),
  });
  return run;
}

async function fileOf(text: string, name: string): Promise<string> {
  const file = fresh(name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe.concurrent("push", MANY_STARTS, () => {
  test("exits with 0 and reports what it sent, that it is queued, and where NetBox shows it", async () => {
    const diode = await diodeWith();
    const run = await example();
    const { code, stdout } = await runCli(["push", run], { env: envOf(diode) });
    expect(code).toBe(0);
    expect(stdout).toContain(
      `Sent ${await exampleTotal()} entities in ${shownSteps({}).length} requests`,
    );
    expect(stdout).toMatch(/^ {2}virtual-machine +1 +37 /m);
    expect(stdout).toContain("Acknowledged means queued, not applied");
    expect(stdout).toContain("Diode → Ingestion Logs");
    const again = await runCli(["push", run], { env: envOf(diode) });
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("Nothing to send");
    expect(again.stdout).toContain("--again");
    expect(diode.requests).toHaveLength(shownSteps({}).length);
  });

  test("prints only JSON with --json", async () => {
    const diode = await diodeWith();
    const run = await smallRun();
    const { code, stdout } = await runCli(["push", run, "--json"], { env: envOf(diode) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      target: diode.target.replace("grpc://", ""),
      run,
      dry_run: false,
      sent: { files: 4, entities: 4 },
      acknowledged_before: 0,
      steps: [{ step: "tag", files: 1, entities: 1 }, { step: "virtual-machine", files: 3 }],
      errors: [],
    });
  });

  test("needs no target and no secret with --dry-run, and reports what it would send", async () => {
    const run = await example();
    const { code, stdout, stderr } = await runCli(["push", run, "--dry-run"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(
      `Would send ${await exampleTotal()} entities in ${shownSteps({}).length} requests`,
    );
    expect(stdout).toContain("Nothing was sent");
  });

  test("reads the secret and the CA certificate from files", async () => {
    const diode = await diodeWith({ isTls: true });
    const secret = await fileOf(`${SECRET}\n`, "secret");
    const pem = await fileOf(diode.certificatePem ?? "", "ca.pem");
    const { DIODE_CLIENT_SECRET: _, ...env } = envOf(diode);
    const args = ["push", await smallRun(), `--client-secret-file=${secret}`, `--cert-file=${pem}`];
    expect(await runCli(args, { env })).toMatchObject({ code: 0 });
    const unverified = await runCli(["push", await smallRun()], {
      env: { ...envOf(diode), DIODE_SKIP_TLS_VERIFY: "yes" },
    });
    expect(unverified.code).toBe(0);
    expect(unverified.stderr).toContain("TLS verification is off (DIODE_SKIP_TLS_VERIFY)");
  });

  test("sends dry-run files of an SDK, by file name or by folder", async () => {
    const diode = await diodeWith();
    const request = { entities: [{ site: { name: "Site A" } }], sdkName: "diode-sdk-go" };
    const file = await fileOf(JSON.stringify(request, null, 2), "app_1.json");
    expect(await runCli(["push", file], { env: envOf(diode) })).toMatchObject({ code: 0 });
    const folder = await runCli(["push", dirname(file), "--again"], { env: envOf(diode) });
    expect(folder).toMatchObject({ code: 0 });
    expect(diode.entities()).toEqual([{ site: { name: "Site A" } }, { site: { name: "Site A" } }]);
  });

  test("waits for new custom fields, and reports why instead of a remaining time", async () => {
    const diode = await diodeWith();
    // Longer than the time between two lines of progress.
    const env = { ...envOf(diode), PUSH_BOOTSTRAP_WAIT: "6s" };
    const { code, stderr } = await runCli(["push", await example()], { env });
    expect(code).toBe(0);
    expect(stderr).toContain(` of ${await exampleTotal()} entities; waiting`);
    expect(stderr).not.toMatch(/\d left/);
    expect(stderr).toMatch(/Waiting [\d.]+m?s for Diode to apply the custom fields/);
  });

  test("sends only the steps of --only", async () => {
    const diode = await diodeWith();
    const args = ["push", await example(), "--only=tag,vlan", "--json"];
    const { stdout } = await runCli(args, { env: envOf(diode) });
    expect(JSON.parse(stdout)).toMatchObject({ sent: { files: 2 }, not_asked_for: 11 });
    expectError(await runCli(["push", await example(), "--only=cable"]), 2, '"cable"', "vlan");
  });

  test("reports what changed and what disappeared since the run of --since", async () => {
    const diode = await diodeWith();
    const env = envOf(diode);
    const earlier = await smallRun(3);
    const later = await smallRun(2);
    expectError(await runCli(["push", later, "--since", earlier], { env }), 2, "no journal shows");
    await runCli(["push", earlier], { env });
    const args = ["push", later, "--since", earlier];
    expectError(await runCli([...args, "--max-changed=20%"], { env }), 2, "25%", "--yes");
    const dryRun = await runCli([...args, "--max-changed=20%", "--dry-run"], { env });
    expect(dryRun).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("25% of the earlier"),
    });
    expect(dryRun.stdout).toMatch(/virtual-machine +guest-2 +disappeared/);
    const { code, stdout } = await runCli([...args, "--max-changed=20%", "--yes"], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/disappeared +1/);
    expect(stdout).toMatch(/virtual-machine +guest-2 +disappeared/);
    expect(stdout).toContain("Diode cannot delete");
  });
});

describe.concurrent("push --sent-since", MANY_STARTS, () => {
  test("sends what runs in between have otherwise, and says how many entities that are", async () => {
    const diode = await diodeWith();
    const env = envOf(diode);
    const [monday, tuesday, wednesday] = [fresh("run"), fresh("run"), fresh("run")];
    const machines = (memory: `${bigint}`) => ({
      "virtual-machine": [[vm("web-01", { memory }), vm("web-02", {}, 102)]],
    });
    await buildSet(monday, machines("1024"));
    await buildSet(tuesday, machines("2048"));
    await buildSet(wednesday, machines("1024"), { time: "2026-02-03T04:05:06Z" });
    await runCli(["push", monday], { env });
    const since = ["push", wednesday, "--since", monday];
    const args = [...since, "--sent-since", `${tuesday},${monday}`, "--json"];
    const { code, stdout } = await runCli(args, { env });
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      {
        sent: { entities: 1 },
        since: { same: 1, repeated: 1, changed: 0, state: "acknowledged", not_arrived: 0 },
      },
    ]);
    const dryRun = await runCli([...args.slice(0, -1), "--dry-run", "--again"], { env });
    expect(dryRun.stdout).toMatch(/repeated +1\n/);
    expect(dryRun.stdout).toContain("Repeated: they equal those of the earlier run");
  });

  test("requires --since", async () => {
    const diode = await diodeWith();
    const run = await smallRun(1);
    const { code, stderr } = await runCli(["push", run, "--sent-since", run], {
      env: envOf(diode),
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining("--sent-since requires --since")]);
  });
});

describe.concurrent("push fails with a reason", MANY_STARTS, () => {
  test("without an earlier run to compare with", async () => {
    const diode = await diodeWith();
    const env = envOf(diode);
    const run = await smallRun(1);
    const nowhere = await runCli(["push", run, "--since", fresh("nowhere")], { env });
    expectError(nowhere, 5, "Found no entity files");
    expectError(await runCli(["push", run, "--max-changed=20%"], { env }), 2, "--since");
    expect(await runCli(["push", run, "--max-changed=20%", "--yes"], { env }))
      .toMatchObject({ code: 0 });
  });

  test("when an entity file was edited after it was sent", async () => {
    const diode = await diodeWith();
    const env = envOf(diode);
    const run = await smallRun(1);
    await runCli(["push", run], { env });
    const file = join(run, "netbox/11-virtual-machine-0001.json");
    await writeFile(file, (await readFile(file, "utf8")).replace("guest-0", "guest-9"));
    for (const args of [[], ["--dry-run"], ["--again"]]) {
      expectError(await runCli(["push", run, ...args], { env }), 5, "was changed");
    }
  });

  test("when Diode refuses the client, and keeps the acknowledgements", async () => {
    const diode = await diodeWith();
    const env = envOf(diode);
    const run = await smallRun(1);
    await runCli(["push", run], { env });
    const before = await treeOf(join(run, "push"));
    const wrong = { ...env, DIODE_CLIENT_SECRET: "wrong" };
    expectError(await runCli(["push", run, "--again"], { env: wrong }), 6, "HTTP 401");
    expect(await treeOf(join(run, "push"))).toEqual(before);
  });
});

describe.concurrent("push exits with", MANY_STARTS, () => {
  const AWAY = { DIODE_TARGET: "grpc://d.example.com" };
  test.each<readonly [string, readonly string[], Record<string, string>]>([
    ["DIODE_TARGET (--target) is required", [], {}],
    ["DIODE_CLIENT_SECRET", [], AWAY],
    ["PUSH_CONCURRENCY", ["--concurrency=none"], {}],
    ["/nowhere", ["--client-secret-file=/nowhere"], {}],
    ["/nowhere", ["--cert-file=/nowhere"], AWAY],
    [
      "HTTP_PROXY",
      [],
      { ...AWAY, DIODE_CLIENT_ID: "me", DIODE_CLIENT_SECRET: SECRET, HTTP_PROXY: "socks5://p" },
    ],
  ])("2 for a missing or invalid setting: %s", async (words, args, env) => {
    expectError(await runCli(["push", await smallRun(), ...args], { env }), 2, words);
  });

  test("2 without a run folder, or with several", async () => {
    const run = await smallRun();
    expectError(await runCli(["push"]), 2, "run folder");
    expectError(await runCli(["push", run, run]), 2, "push takes one run folder");
  });

  test("5 for an invalid file, before it sends anything", async () => {
    const diode = await diodeWith();
    const run = await smallRun();
    const file = join(run, "netbox/11-virtual-machine-0003.json");
    await writeFile(file, (await readFile(file, "utf8")).replace("active", "inactive"));
    expectError(await runCli(["push", run], { env: envOf(diode) }), 5, "it was changed");
    const bad = fresh("bad");
    await buildSet(bad, { "virtual-machine": [[{ ...vm("a"), nonsense: 1 } as never]] });
    const refused = await runCli(["push", bad], { env: envOf(diode) });
    expectError(refused, 5, "11-virtual-machine-0001.json", "line 2", "nonsense");
    expectError(
      await runCli(["push", fresh("nowhere")], { env: envOf(diode) }),
      5,
      "does not exist",
    );
    expect(diode.requests).toHaveLength(0);
  });

  test("6 when Diode refuses it, with a hint about resuming", async () => {
    const diode = await diodeWith({ faults: [{ name: "forbidden", first: 1 }] });
    const run = await smallRun();
    const refused = await runCli(["push", run], { env: envOf(diode) });
    expectError(
      refused,
      6,
      "HTTP 403",
      "diode:ingest",
      "without --again resumes",
    );
    expect(await runCli(["push", run], { env: envOf(diode) })).toMatchObject({ code: 0 });
    const env = { ...envOf(diode), DIODE_CLIENT_SECRET: "wrong" };
    expectError(await runCli(["push", await smallRun()], { env }), 6, "HTTP 401");
  });

  test("7 when Diode refuses entities, and names each of them", async () => {
    const diode = await diodeWith({ faults: [{ name: "rejected", first: 2 }] });
    const { code, stdout } = await runCli(["push", await smallRun()], { env: envOf(diode) });
    expect(code).toBe(7);
    expect(stdout).toContain("The server refused 2 entities");
    expect(stdout).toContain('tag "a"');
    expect(stdout).toContain("netbox/01-tag-0001.json:2");
    expect(stdout).toContain("entity at index 0 is nil");
  });
});

describe.concurrent("push in a pipeline", MANY_STARTS, () => {
  test("writes a step summary and a JUnit file, also when it fails", async () => {
    const junit = fresh("junit.xml");
    await mkdir(dirname(junit), { recursive: true });
    const summary = await fileOf("# Earlier step\n", "summary.md");
    const diode = await diodeWith({ faults: [{ name: "rejected", first: 1 }] });
    const env = { ...envOf(diode), GITHUB_STEP_SUMMARY: summary };
    const run = await smallRun();
    await runCli(["push", run, "--junit", junit], { env });
    const markdown = await readFile(summary, "utf8");
    expect(markdown).toMatch(/^# Earlier step\n### Push to 127\.0\.0\.1:\d+\/diode\n/);
    expect(markdown).toContain("| virtual-machine | 3 of 3 | 3 |");
    expect(markdown).toContain("entity at index 0 is nil");
    expect(markdown).toContain("queued, not applied");
    const xml = await readFile(junit, "utf8");
    expect(xml).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites /);
    expect(xml).toContain('<testsuite name="virtual-machine" tests="3" failures="0"');
    expect(xml).toContain('<testsuite name="tag" tests="1" failures="1"');
    expect(xml).toContain("tag &quot;a&quot;, line 2: entity at index 0 is nil");
    const env6 = { ...env, DIODE_CLIENT_SECRET: "wrong" };
    await runCli(["push", run, "--again", "--junit", junit], { env: env6 });
    expect(await readFile(junit, "utf8")).toContain('<failure message="Cannot send');
    expect(await readFile(summary, "utf8")).toContain("**Failed:** Cannot send");
    expect(await readFile(summary, "utf8")).toContain("| virtual-machine | 0 of 3 | 3 |");
    await runCli(["push", fresh("nowhere"), "--junit", junit], { env });
    expect(await readFile(junit, "utf8")).toContain('<failure message="Found no entity files');
    expect(await readFile(summary, "utf8")).toContain("**Failed:** Found no entity files");
  });

  test("uses the journal of --journal for several run folders", async () => {
    const diode = await diodeWith();
    const journal = fresh("cache/push.journal");
    const [first, second] = [await smallRun(), await smallRun()];
    const args = (run: string): string[] => ["push", run, "--journal", journal, "--json"];
    await runCli(args(first), { env: envOf(diode) });
    const { stdout } = await runCli(args(second), { env: envOf(diode) });
    expect(JSON.parse(stdout)).toMatchObject({ sent: { files: 0 }, acknowledged_before: 4 });
  });

  test("prints progress as plain lines, and nothing with --quiet", async () => {
    const diode = await diodeWith({ latencyMs: 1500 });
    const env = envOf(diode);
    const [plain, quiet] = await Promise.all([
      runCli(["push", await smallRun(14)], { env }),
      runCli(["push", await smallRun(2), "--quiet"], { env }),
    ]);
    expect(plain.stderr).toMatch(/\d+ of 15 requests, \d+ of 15 entities/);
    expect(plain.stderr).not.toContain("\r");
    expect(quiet).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

test.each(["text", "json"])(
  "push prints no secret and no token as %s, even with --verbose and when requests fail",
  async (format) => {
    const faults = [{ name: "unauthorized", share: 0.5 }, {
      name: "token-500",
      share: 0.3,
    }] as const;
    const diode = await diodeWith({ faults });
    for (const more of [{}, { DIODE_CLIENT_SECRET: `${SECRET}x` }, { DIODE_CLIENT_ID: "other" }]) {
      const args = ["push", await smallRun(2), "--verbose", `--log-format=${format}`];
      const { code, stdout, stderr } = await runCli(args, { env: { ...envOf(diode), ...more } });
      expect([0, 6]).toContain(code);
      expect(stdout + stderr).not.toContain(SECRET);
      // Tokens of the rehearsal are UUIDs.
      expect(stdout + stderr).not.toMatch(/Bearer|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    }
  },
  MANY_STARTS.timeout,
);
