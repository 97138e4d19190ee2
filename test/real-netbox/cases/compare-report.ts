/** Runs `compare` on a run folder, as a user does, and checks its report. */
import { runProcess } from "../../helpers/run-process.ts";
import { type NetBox, tokenIn } from "../server/netbox.ts";
import type { Trial } from "../trial.ts";

interface Finding {
  readonly step: string;
  readonly entity: string;
  readonly verdict: string;
  readonly differences?: readonly {
    readonly field: string;
    readonly netbox: unknown;
    readonly sent: unknown;
  }[];
  readonly unjudged?: readonly { readonly sentence: string }[];
}

interface Report {
  readonly code: number | null;
  readonly totals: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

interface Expected {
  readonly what: string;
  readonly code: number;
  readonly totals?: Report["totals"];
  /** "device pve1 different: status" */
  readonly findings?: readonly string[];
}

/** For a run folder that was sent, without any change in NetBox since. */
export async function expectAllEqual(trial: Trial, run: string): Promise<void> {
  const from = performance.now();
  const report = await reportOf(trial.netbox, run, tokenIn(trial.netbox.authorization.read));
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  const { entities = 0, equal = 0 } = report.totals;
  trial.remarks.push(`compare found ${equal} of ${entities} in ${seconds} s`);
  if (entities === 0) trial.findings.push("compare judged nothing");
  expectReport(trial, report, {
    what: "what arrived",
    code: 0,
    totals: { equal: entities, different: 0, missing: 0, unjudged: 0 },
    findings: [],
  });
}

export function expectReport(trial: Trial, report: Report, expected: Expected): void {
  const { what, code, totals = {}, findings } = expected;
  const found = report.findings.map(sentenceOf);
  if (report.code !== code) trial.findings.push(`${what}: compare ended with ${report.code}`);
  for (const [verdict, count] of Object.entries(totals)) {
    const counted = report.totals[verdict];
    if (counted !== count) trial.findings.push(`${what}: ${counted} ${verdict}, and not ${count}`);
  }
  if (findings === undefined) return;
  for (const one of findings) {
    if (!found.includes(one)) trial.findings.push(`${what}: missing: ${one}`);
  }
  for (const [i, one] of found.entries()) {
    if (findings.includes(one)) continue;
    const values = (report.findings[i]?.differences ?? [])
      .map(({ netbox, sent }) =>
        `; NetBox has ${JSON.stringify(netbox)}, sent ${JSON.stringify(sent)}`
      );
    trial.findings.push(`${what}: unexpected: ${one}${values.join("")}`);
  }
}

function sentenceOf({ step, entity, verdict, differences = [] }: Finding): string {
  const fields = differences.map(({ field }) => field).join(", ");
  return `${step} ${entity} ${verdict}${fields === "" ? "" : `: ${fields}`}`;
}

export async function reportOf({ url }: NetBox, run: string, token: string): Promise<Report> {
  const args = ["compare", run, "--netbox", url, "--json", "--exit-code"];
  const { code, stdout, stderr } = await runProcess(args, { env: { NETBOX_TOKEN: token } });
  if (stdout === "") throw new Error(`compare ended with ${code}: ${stderr}`);
  return { code, ...(JSON.parse(stdout) as Omit<Report, "code">) };
}
