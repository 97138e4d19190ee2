/** The file of --metrics: what is in it, for which runs, and that Prometheus' own linter has nothing to say. */
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkMetricsFile, metricsText, writeMetrics } from "../../src/history/metrics.ts";
import { CAUSES } from "../../src/proxmox/answers.ts";
import type { RunRecord } from "../../src/run-folder/run-record.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HOST = "pve1.example.net";
const RECORD: RunRecord = {
  format: 1,
  tool: { name: "proxmox-diode", version: "0.1.0" },
  run: "2026-11-28T23-32-21Z",
  started_at: "2026-11-28T23:32:20.000Z",
  ended_at: "2026-11-28T23:33:40.500Z",
  exit_code: 0,
  stages: { capture: 4.25, transform: 0.5, push: 71 },
  capture: { outcome: "partial", guests: 42, nodes: 3, missing: { denied: 2, "timed-out": 1 } },
  entities: { total: 289, left_out: 12 },
  changes: { since: "2026-11-28T23-17-21Z", added: 1, changed: 2, gone: 0, unread: 4 },
  push: {
    target: "diode.example.net:443/diode",
    mode: "differences",
    since: "2026-11-28T23-17-21Z",
    sent: 3,
    rejected: 0,
    state: "confirmed",
  },
};
/** Nothing is known but that it ended. */
const FAILED: RunRecord = {
  format: 1,
  tool: RECORD.tool,
  run: "2026-11-28T23-47-21Z",
  started_at: "2026-11-28T23:47:20.000Z",
  ended_at: "2026-11-28T23:47:30.000Z",
  exit_code: 6,
  error: "Cannot reach pve1.example.net",
  stages: {},
};

const WHOLE =
  `# HELP proxmox_diode_build_info Version of proxmox-diode that made the last run; always 1
# TYPE proxmox_diode_build_info gauge
proxmox_diode_build_info{proxmox_host="pve1.example.net",version="0.1.0"} 1
# HELP proxmox_diode_last_run_timestamp_seconds When the last run ended
# TYPE proxmox_diode_last_run_timestamp_seconds gauge
proxmox_diode_last_run_timestamp_seconds{proxmox_host="pve1.example.net"} 1795908820.5
# HELP proxmox_diode_last_run_exit_code Exit code of the last run: 4 is an incomplete capture, 7 is what NetBox does not have
# TYPE proxmox_diode_last_run_exit_code gauge
proxmox_diode_last_run_exit_code{proxmox_host="pve1.example.net"} 0
# HELP proxmox_diode_last_success_timestamp_seconds When the last run with exit code 0 ended
# TYPE proxmox_diode_last_success_timestamp_seconds gauge
proxmox_diode_last_success_timestamp_seconds{proxmox_host="pve1.example.net"} 1795908820.5
# HELP proxmox_diode_stage_duration_seconds Time that a stage of the last run took
# TYPE proxmox_diode_stage_duration_seconds gauge
proxmox_diode_stage_duration_seconds{proxmox_host="pve1.example.net",stage="capture"} 4.25
proxmox_diode_stage_duration_seconds{proxmox_host="pve1.example.net",stage="transform"} 0.5
proxmox_diode_stage_duration_seconds{proxmox_host="pve1.example.net",stage="push"} 71
# HELP proxmox_diode_missing_answers Answers of Proxmox VE that the last capture did not get
# TYPE proxmox_diode_missing_answers gauge
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="denied"} 2
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="filtered"} 0
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="unreachable"} 0
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="overloaded"} 0
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="dropped"} 0
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="timed-out"} 1
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="moved"} 0
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="depends"} 0
proxmox_diode_missing_answers{proxmox_host="pve1.example.net",cause="failed"} 0
# HELP proxmox_diode_guests Guests that the last capture has listed
# TYPE proxmox_diode_guests gauge
proxmox_diode_guests{proxmox_host="pve1.example.net"} 42
# HELP proxmox_diode_nodes Nodes that the last capture has listed
# TYPE proxmox_diode_nodes gauge
proxmox_diode_nodes{proxmox_host="pve1.example.net"} 3
# HELP proxmox_diode_entities Entities that transform made for NetBox
# TYPE proxmox_diode_entities gauge
proxmox_diode_entities{proxmox_host="pve1.example.net"} 289
# HELP proxmox_diode_left_out Things that did not become an entity
# TYPE proxmox_diode_left_out gauge
proxmox_diode_left_out{proxmox_host="pve1.example.net"} 12
# HELP proxmox_diode_changes Things that differ from the run before; unread ones are not gone
# TYPE proxmox_diode_changes gauge
proxmox_diode_changes{proxmox_host="pve1.example.net",kind="added"} 1
proxmox_diode_changes{proxmox_host="pve1.example.net",kind="changed"} 2
proxmox_diode_changes{proxmox_host="pve1.example.net",kind="gone"} 0
proxmox_diode_changes{proxmox_host="pve1.example.net",kind="unread"} 4
# HELP proxmox_diode_sent_entities Entities that were sent to Diode
# TYPE proxmox_diode_sent_entities gauge
proxmox_diode_sent_entities{proxmox_host="pve1.example.net"} 3
# HELP proxmox_diode_rejected_entities Entities that Diode has rejected
# TYPE proxmox_diode_rejected_entities gauge
proxmox_diode_rejected_entities{proxmox_host="pve1.example.net"} 0
# HELP proxmox_diode_confirmed 1 if NetBox was seen to have everything as it was sent, else 0
# TYPE proxmox_diode_confirmed gauge
proxmox_diode_confirmed{proxmox_host="pve1.example.net"} 1
`;

/** Name → number of samples. */
function namesIn(text: string): Record<string, number> {
  const names = text.split("\n").filter((line) => /^[a-z]/.test(line))
    .map((line) => line.split("{", 1)[0] ?? "");
  return Object.fromEntries(
    [...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]),
  );
}

/** promtool's remarks; undefined when it is not installed. */
function lint(text: string): string | undefined {
  const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  if (error !== undefined) return undefined;
  return status === 0 ? "" : `${stdout}${stderr}`;
}

const IS_INSTALLED = lint("") !== undefined;
const WHY_SKIPPED = IS_INSTALLED ? "" : " (skipped: promtool is not installed)";

describe("the metrics", () => {
  test("of a run that succeeded", async () => {
    const file = join(await tempFolder(), "proxmox-diode.prom");
    await writeMetrics(file, { record: RECORD, host: HOST });
    expect(await readFile(file, "utf8")).toBe(WHOLE);
  });

  test("of a run that failed early lack what is unknown, and keep the time of the last success", async () => {
    const file = join(await tempFolder(), "proxmox-diode.prom");
    await writeMetrics(file, { record: RECORD, host: HOST });
    await writeMetrics(file, { record: FAILED, host: HOST });
    await writeMetrics(file, { record: FAILED, host: HOST });
    const text = await readFile(file, "utf8");
    expect(namesIn(text)).toEqual({
      proxmox_diode_build_info: 1,
      proxmox_diode_last_run_timestamp_seconds: 1,
      proxmox_diode_last_run_exit_code: 1,
      proxmox_diode_last_success_timestamp_seconds: 1,
      proxmox_diode_confirmed: 1,
    });
    expect(text).toContain(`last_success_timestamp_seconds{proxmox_host="${HOST}"} 1795908820.5\n`);
    expect(text).toContain(`last_run_exit_code{proxmox_host="${HOST}"} 6\n`);
    expect(text).toContain(`confirmed{proxmox_host="${HOST}"} 0\n`);
  });

  test.each([
    ["there is no file", undefined],
    [
      "the file is of another cluster",
      metricsText({ record: RECORD, host: "pve9", lastSuccess: 7 }),
    ],
    [
      "the file was cut off",
      WHOLE.slice(0, WHOLE.indexOf("1795908820.5\n# HELP proxmox_diode_st")),
    ],
    ["the file is something else", "\u0000\n\n"],
  ])("of a run that failed have no time of the last success when %s", async (_, before) => {
    const file = join(await tempFolder(), "a.prom");
    if (before !== undefined) await writeFile(file, before);
    await writeMetrics(file, { record: FAILED, host: HOST });
    expect(await readFile(file, "utf8")).not.toContain("last_success");
  });

  test("have all causes of missing answers, those without any as 0", () => {
    const text = metricsText({ record: RECORD, host: HOST, lastSuccess: undefined });
    expect(namesIn(text)["proxmox_diode_missing_answers"]).toBe(Object.keys(CAUSES).length);
  });

  test("leave the file as it was when it cannot be written", async () => {
    const folder = await tempFolder();
    const file = join(folder, "a.prom");
    await writeFile(file, WHOLE);
    // In the way of the file under its first name, which the collector does not read.
    await mkdir(join(folder, ".a.prom.part"));
    await expect(writeMetrics(file, { record: FAILED, host: HOST })).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining("a.prom"),
    });
    expect(await readFile(file, "utf8")).toBe(WHOLE);
  });

  test("are written to a file that the collector reads", () => {
    for (const file of ["metrics.txt", "/var/lib/x/.prom", "a.prom.bak"]) {
      expect(() => checkMetricsFile(file)).toThrow("must be a file that ends in .prom");
    }
    expect(() => checkMetricsFile("/var/lib/x/a.prom")).not.toThrow();
  });

  test("escape what a host may contain", () => {
    const text = metricsText({ record: FAILED, host: 'a"\\\n', lastSuccess: undefined });
    expect(text).toContain('{proxmox_host="a\\"\\\\\\n"} 6\n');
  });

  test.skipIf(!IS_INSTALLED)(
    `pass promtool check metrics, whatever the run did${WHY_SKIPPED}`,
    () => {
      expect(lint(WHOLE.replace(/# HELP proxmox_diode_guests.*\n/, ""))).toContain("no help text");
      const count = fc.nat();
      const record = fc.record({
        stages: fc.dictionary(fc.string(), fc.double({ min: 0, noNaN: true })),
        exit_code: fc.nat(130),
        capture: fc.option(
          fc.record({
            outcome: fc.constant("partial" as const),
            guests: count,
            nodes: count,
            missing: fc.dictionary(fc.constantFrom(...Object.keys(CAUSES)), count),
          }),
          { nil: undefined },
        ),
        entities: fc.option(fc.record({ total: count, left_out: count }), { nil: undefined }),
      });
      fc.assert(
        fc.property(
          record,
          fc.string(),
          fc.option(count),
          ({ capture, entities, ...run }, host, at) => {
            const text = metricsText({
              record: {
                ...FAILED,
                ...run,
                ...(capture && { capture }),
                ...(entities && { entities }),
              },
              host,
              lastSuccess: at ?? undefined,
            });
            expect(lint(text)).toBe("");
          },
        ),
        { numRuns: 20 },
      );
    },
  );
});
