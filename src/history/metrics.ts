/**
 * What a run did, for the textfile collector of Prometheus' node_exporter: a file in the text format, which is replaced
 * after each run.
 *
 *   # HELP proxmox_diode_guests Guests that the last capture has listed
 *   # TYPE proxmox_diode_guests gauge
 *   proxmox_diode_guests{proxmox_host="pve1.example.net"} 42
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ and …/docs/practices/naming/.
 */
import { basename, dirname } from "node:path";
import { usageError } from "../base/errors.ts";
import { encodeUtf8 } from "../base/text.ts";
import { CAUSES } from "../proxmox/answers.ts";
import type { RunRecord } from "../run-folder/run-record.ts";
import { openFolder } from "../run-folder/store/folder.ts";

/** The collector reads no other files. Source: node_exporter, collector/textfile.go. */
const ENDING = ".prom";
export const METRIC_PREFIX = "proxmox_diode_";
/** Tells clusters apart whose files one collector reads: two equal series would make it drop one. */
const CLUSTER_LABEL = "proxmox_host";

export interface MeasuredRun {
  readonly record: RunRecord;
  /** PROXMOX_HOST: the first host, as it was entered. */
  readonly host: string;
  /** Of the last run that ended with 0, this one included; undefined: unknown. */
  readonly lastSuccess: number | undefined;
}

interface Metric {
  readonly help: string;
  /** Absent: it has one value. */
  readonly label?: string;
  /** One value, or those of each value of the label. undefined: unknown, which is not 0. */
  readonly values: (run: MeasuredRun) => number | Readonly<Record<string, number>> | undefined;
}

/** TABLE: name, without the prefix and with its unit → its meaning and its values. All of them are gauges. */
export const METRICS: Readonly<Record<string, Metric>> = {
  build_info: {
    help: "Version of proxmox-diode that made the last run; always 1",
    label: "version",
    values: ({ record: { tool } }) => ({ [tool.version]: 1 }),
  },
  last_run_timestamp_seconds: {
    help: "When the last run ended",
    values: ({ record }) => secondsOf(record.ended_at),
  },
  last_run_exit_code: {
    help: "Exit code of the last run: 4 is an incomplete capture, 7 is what NetBox does not have",
    values: ({ record }) => record.exit_code,
  },
  last_success_timestamp_seconds: {
    help: "When the last run with exit code 0 ended",
    values: ({ lastSuccess }) => lastSuccess,
  },
  stage_duration_seconds: {
    help: "Time that a stage of the last run took",
    label: "stage",
    values: ({ record }) => record.stages,
  },
  missing_answers: {
    help: "Answers of Proxmox VE that the last capture did not get",
    label: "cause",
    values: ({ record: { capture } }) => capture && { ...NO_CAUSES, ...capture.missing },
  },
  guests: {
    help: "Guests that the last capture has listed",
    values: ({ record }) => record.capture?.guests,
  },
  nodes: {
    help: "Nodes that the last capture has listed",
    values: ({ record }) => record.capture?.nodes,
  },
  entities: {
    help: "Entities that transform made for NetBox",
    values: ({ record }) => record.entities?.total,
  },
  left_out: {
    help: "Things that did not become an entity",
    values: ({ record }) => record.entities?.left_out,
  },
  changes: {
    help: "Things that differ from the run before; unread ones are not gone",
    label: "kind",
    values: ({ record: { changes } }) => {
      if (changes === undefined) return undefined;
      const { added, changed, gone, unread } = changes;
      return { added, changed, gone, unread };
    },
  },
  sent_entities: {
    help: "Entities that were sent to Diode",
    values: ({ record }) => record.push?.sent,
  },
  rejected_entities: {
    help: "Entities that Diode has rejected",
    values: ({ record }) => record.push?.rejected,
  },
  confirmed: {
    help: "1 if NetBox was seen to have everything as it was sent, else 0",
    values: ({ record }) => Number(record.push?.state === "confirmed"),
  },
};

const NO_CAUSES = Object.fromEntries(Object.keys(CAUSES).map((cause) => [cause, 0]));

/** "2026-11-28T23:40:00Z" → 1795909200 */
function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}

/** @throws AppError "usage" for a name that the collector does not read. */
export function checkMetricsFile(file: string): void {
  if (file.endsWith(ENDING) && basename(file) !== ENDING) return;
  throw usageError(`Option --metrics must be a file that ends in ${ENDING}, not "${file}"`, {
    hint: "node_exporter reads no other files in the folder of its textfile collector",
  });
}

/**
 * Replaces the file, of which a reader sees all or nothing. After a run that failed, it has the time of the last
 * success from the file as it was. @throws AppError "usage" when it cannot be written.
 */
export async function writeMetrics(
  file: string,
  { record, host }: Pick<MeasuredRun, "record" | "host">,
): Promise<void> {
  // Under a name that ends in .part, and then renamed.
  const folder = openFolder(dirname(file));
  const name = basename(file);
  try {
    const lastSuccess = record.exit_code === 0
      ? secondsOf(record.ended_at)
      // A file that cannot be read is replaced.
      : lastSuccessIn(await folder.read(name).catch(() => undefined), host);
    await folder.write(name, encodeUtf8(metricsText({ record, host, lastSuccess })));
  } finally {
    await folder.close();
  }
}

export function metricsText(run: MeasuredRun): string {
  return Object.entries(METRICS).map(([name, { help, label, values }]) => {
    const found = values(run) ?? {};
    const samples = typeof found === "number" ? [["", found] as const] : Object.entries(found);
    if (samples.length === 0) return "";
    const full = `${METRIC_PREFIX}${name}`;
    const lines = samples.map(([text, value]) => {
      const labels = { [CLUSTER_LABEL]: run.host, ...(label && { [label]: text }) };
      return `${full}${labelsText(labels)} ${value}\n`;
    });
    return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join("")}`;
  }).join("");
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels).map(([name, text]) => `${name}="${escaped(text)}"`).join()}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function lastSuccessIn(bytes: Uint8Array | undefined, host: string): number | undefined {
  if (bytes === undefined) return undefined;
  const start = `${METRIC_PREFIX}last_success_timestamp_seconds${
    labelsText({ [CLUSTER_LABEL]: host })
  } `;
  const lines = Buffer.from(bytes).toString().split("\n").slice(0, -1);
  const line = lines.find((each) => each.startsWith(start));
  const seconds = Number(line?.slice(start.length) || NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}
