/** The result of a push: text, JSON, JUnit XML, and Markdown for the step summary of a CI job. */
import { appendFile, writeFile } from "node:fs/promises";
import { reasonOf } from "../../base/errors.ts";
import { printable } from "../../base/log.ts";
import { TOOL } from "../../base/tool.ts";
import type { Judged } from "../../arrival/compare.ts";
import { shownPair } from "../../arrival/shown.ts";
import { countEntities } from "../../run-folder/set-difference.ts";
import { markdownText } from "../../terminal/document.ts";
import type { Session } from "../../terminal/session.ts";
import { stepSummaryFile } from "../../terminal/settings.ts";
import { counted, groupDigits, renderTable } from "../../terminal/tables.ts";
import type { Confirmed, Sent } from "../push.ts";
import { missingRecord } from "../since.ts";
import type { PushRecord, Totals } from "./record.ts";

/** What an acknowledgement means. Source: diode-server, ingester/component.go: it writes to a queue. */
const QUEUED =
  "Acknowledged means queued, not applied: Diode applies each entity later, and NetBox shows the " +
  "result under Diode → Ingestion Logs; with NETBOX_URL, push --confirm and run wait until NetBox has " +
  "all of it";
/** The files have all of them. */
const MOST_SHOWN = 20;

export function printPushed(session: Session, record: PushRecord): void {
  session.print(
    session.isJson
      ? JSON.stringify(pushedJson(record), null, 2)
      : `\n${sections(record).join("\n\n")}\n`,
  );
}

/** The reports for a pipeline, also of a failed push. */
export async function writeReports(session: Session, record: PushRecord): Promise<void> {
  const junit = session.option("junit");
  const summary = stepSummaryFile(session.io.env);
  // A report that cannot be written does not fail the push.
  const warn = (what: string) => (cause: unknown): void =>
    session.log.warn(`Cannot write ${what}: ${reasonOf(cause)}`);
  if (junit !== undefined) await writeFile(junit, junitXml(record)).catch(warn(`"${junit}"`));
  if (summary !== undefined) {
    await appendFile(summary, stepSummary(record)).catch(warn("the step summary"));
  }
}

function pushedJson(record: PushRecord): object {
  const { subject, planned, errors } = record;
  const { differences } = planned ?? {};
  return {
    target: subject.target,
    run: subject.place,
    dry_run: subject.isDryRun,
    planned: record.plannedTotals,
    sent: record.sentTotals,
    acknowledged_before: planned?.acknowledged ?? 0,
    not_asked_for: planned?.unselected ?? 0,
    steps: record.steps,
    since: differences && {
      ...differences.counts,
      ...(planned?.base && {
        state: planned.base.state,
        not_arrived: countEntities(planned.base.except),
      }),
      share: Number(differences.share.toFixed(4)),
      file: planned?.missingFile,
      missing: differences.missing.map(missingRecord),
    },
    errors,
    ...(record.confirmed && { confirmed: confirmedJson(record, record.confirmed) }),
    seconds: Number(record.seconds.toFixed(3)),
  };
}

function confirmedJson({ netbox, sentAgain }: PushRecord, confirmed: Confirmed): object {
  const { entities, arrived, isStopped, examples, doubled } = confirmed;
  return {
    netbox,
    entities,
    arrived,
    sent_again: sentAgain,
    values_sent: !isStopped,
    not_arrived: examples.map(({ step, entity, verdict, url, differences, unjudged }) => ({
      step,
      entity,
      verdict,
      url,
      differences,
      ...(unjudged.length > 0 && { unjudged }),
    })),
    doubled: doubled.map(({ step, entity, doubled: copies }) => ({
      step,
      entity,
      urls: copies?.urls ?? [],
    })),
  };
}

function sections(record: PushRecord): string[] {
  const { subject, planned, errors } = record;
  const found = [headline(record)];
  if (record.steps.length > 0) {
    found.push(renderTable(
      ["Step", "Files", "Entities", "Bytes"],
      record.steps.map(({ step, files, entities, bytes }) => [step, files, entities, bytes]),
    ));
  }
  if (planned?.differences !== undefined) found.push(...differencesText(record));
  if (errors.length > 0) {
    found.push(
      `The server refused ${groupDigits(errors.length)} entities`,
      renderTable(
        ["Entity", "Where", "Error"],
        errors.slice(0, MOST_SHOWN).map(({ entity, file, line, error }) => [
          entity,
          line === undefined ? file : `${file}:${line}`,
          error,
        ]),
      ),
    );
  }
  if (record.confirmed !== undefined) found.push(...confirmedText(record, record.confirmed));
  else if (!subject.isDryRun && record.sent.length > 0) found.push(QUEUED);
  return found;
}

function confirmedText(record: PushRecord, confirmed: Confirmed): string[] {
  const { examples, doubled } = confirmed;
  const found = [arrivalSentence(record, confirmed)];
  if (examples.length > 0) {
    const rows = examples.slice(0, MOST_SHOWN).flatMap(openRows);
    found.push(renderTable(["Entity", "Field", "NetBox has", "Sent"], rows), NOT_ARRIVED);
  }
  if (doubled.length > 0) {
    const rows = doubled.slice(0, MOST_SHOWN).map(({ step, entity, doubled: copies }) => [
      `${step} ${entity}`,
      copies?.urls.join("  ") ?? "",
    ]);
    found.push(
      `Doubled in NetBox: ${groupDigits(doubled.length)}`,
      renderTable(["Entity", "Objects"], rows),
      DOUBLED,
    );
  }
  return found;
}

const NOT_ARRIVED =
  "NetBox shows the reason of each refusal under Diode → Ingestion Logs. When it is removed, run push " +
  "--confirm again. A later push --since this run sends these again, besides its changes";
/** Source: diode-server, with several workers, or after a timeout of its plugin. */
const DOUBLED =
  "Diode applied them twice at the same time. tidy makes one object of two: survey, transform --target, " +
  "then tidy --apply --only join";

function arrivalSentence({ netbox, sentAgain }: PushRecord, confirmed: Confirmed): string {
  const { entities, arrived, isStopped, doubled } = confirmed;
  const place = `NetBox ${printable(netbox?.version ?? "")} at ${netbox?.url}`;
  const again = sentAgain === 0 ? "" : `; ${groupDigits(sentAgain)} were sent again`;
  if (isStopped) {
    return `${place} has ${arrived} of ${entities} custom fields as they were sent${again}. ` +
      "Nothing was sent that has values of them: NetBox would refuse it";
  }
  if (entities === 0) return `Nothing was sent, so ${place} was not looked at`;
  const isAll = arrived === entities;
  const twice = doubled.length === 0 ? "" : `, ${groupDigits(doubled.length)} of them twice`;
  const share = isAll ? "all" : `${groupDigits(arrived)} of`;
  return `${
    isAll && doubled.length === 0 ? "Confirmed" : "Not confirmed"
  }: ${place} has ${share} ` +
    `${groupDigits(entities)} entities as they were sent${twice}${again}`;
}

function openRows({ step, entity, differences, unjudged }: Judged): string[][] {
  const name = `${step} ${entity}`;
  if (differences.length + unjudged.length === 0) {
    return [[name, "(missing)", "nothing", "all of it"]];
  }
  return [
    ...differences.map((each) => {
      const { netbox, sent } = shownPair(each, printable);
      return [name, each.field, netbox, sent];
    }),
    ...unjudged.map(({ field = "", sentence }) => [name, field, sentence, ""]),
  ];
}

function headline(record: PushRecord): string {
  const { subject, planned, seconds } = record;
  const place = printable(subject.place);
  const target = subject.target ?? "Diode";
  const before = planned?.acknowledged ?? 0;
  if (record.isNothingNew) {
    const { unconfirmed = 0 } = planned ?? {};
    if (record.subject.isConfirming && unconfirmed === 0) {
      return `Nothing to send: NetBox was seen to have all of ${place} before (--again sends it again)`;
    }
    return `Nothing to send: ${target} has acknowledged all of ${place} before (--again sends it again)`;
  }
  if (record.plannedTotals.files === 0 && planned?.differences !== undefined) {
    return "Nothing to send: no entity is new or has changed since the earlier run";
  }
  const known = before === 0 ? "" : `; ${groupDigits(before)} files were acknowledged before`;
  if (subject.isDryRun) {
    return `Would send ${sizeOf(record.plannedTotals)} to ${target}${known}. Nothing was sent`;
  }
  return `Sent ${sizeOf(record.sentTotals)} to ${target} in ${seconds.toFixed(1)} s${known}`;
}

function sizeOf({ entities, files, bytes }: Totals): string {
  return `${groupDigits(entities)} ${entities === 1 ? "entity" : "entities"} in ` +
    `${counted(files, "request")}, ${groupDigits(bytes)} bytes`;
}

function differencesText({ planned }: PushRecord): string[] {
  const { counts, missing } = planned?.differences ?? { counts: {}, missing: [] };
  const repeated = planned?.differences?.counts.repeated ?? 0;
  const open = countEntities(planned?.base?.except ?? []);
  const found = [
    ...(open === 0
      ? []
      : [`NetBox was not seen to have ${groupDigits(open)} entities of the earlier run`]),
    renderTable(
      ["Since the earlier run", "Entities"],
      Object.entries(counts).map(([what, count]) => [what.replace("_", " "), count]),
    ),
  ];
  if (repeated > 0) found.push(REPEATED);
  if (missing.length === 0) return found;
  const shown = missing.slice(0, MOST_SHOWN).map(missingRecord);
  const file = planned?.missingFile;
  return [
    ...found,
    "Diode cannot delete: entities that disappeared stay in NetBox until tidy or somebody removes or " +
    "renames them. " +
    `Entities that were not read may still exist${
      file === undefined ? "" : `. The full list is in ${printable(file)}`
    }`,
    renderTable(
      ["Missing", "Entity", "Why"],
      shown.map(({ step, entity, reason, what }) => [
        step,
        entity,
        reason === undefined ? "disappeared" : `not read: ${what} is ${reason}`,
      ]),
    ),
  ];
}

const REPEATED =
  "Repeated: they equal those of the earlier run, but NetBox was not seen to have them, or a run of " +
  "--sent-since has other values";

/** Markdown, appended to the summary of the job. */
function stepSummary(record: PushRecord): string {
  const { subject, planned, errors, failure } = record;
  const sentOf = Map.groupBy(record.sent, ({ file }) => file.step ?? file.path);
  const rows = record.steps.map(({ step, files, entities, bytes }) => {
    const sent = subject.isDryRun ? "" : ` ${sentOf.get(step)?.length ?? 0} of`;
    return `| ${step} |${sent} ${files} | ${entities} | ${bytes} |`;
  });
  const counts = Object.entries(planned?.differences?.counts ?? {});
  const lines = [
    `### Push to ${subject.target ?? "Diode"}`,
    "",
    failure === undefined ? `${headline(record)}.` : `**Failed:** ${markdownText(failure)}`,
    ...(rows.length === 0
      ? []
      : ["", "| Step | Requests | Entities | Bytes |", "| --- | --: | --: | --: |", ...rows]),
    ...(counts.length === 0
      ? []
      : ["", "Since the earlier run: " + counts.map(([what, n]) => `${n} ${what}`).join(", ")]),
    ...errors.slice(0, MOST_SHOWN).map(({ entity, error }) =>
      `- ${markdownText(entity)}: ${markdownText(error)}`
    ),
    "",
    ...(record.confirmed === undefined
      ? [subject.isDryRun || record.sent.length === 0 ? "" : `${QUEUED}.`]
      : confirmedLines(record, record.confirmed)),
  ];
  return `${lines.join("\n")}\n`;
}

function confirmedLines(record: PushRecord, confirmed: Confirmed): string[] {
  return [
    `${markdownText(arrivalSentence(record, confirmed))}.`,
    ...confirmed.examples.slice(0, MOST_SHOWN).flatMap(openRows).map(
      ([entity = "", field = "", netbox = "", sent = ""]) =>
        `- ${markdownText(`${entity} ${field}: NetBox has ${netbox}, sent was ${sent}`)}`,
    ),
    ...confirmed.doubled.slice(0, MOST_SHOWN).map(({ step, entity, doubled }) =>
      `- ${markdownText(`${step} ${entity} is doubled: ${doubled?.urls.join(", ")}`)}`
    ),
  ];
}

/** JUnit XML: a suite for each step, a case for each file. */
function junitXml(record: PushRecord): string {
  const suites = [...Map.groupBy(record.sent, ({ file }) => file.step ?? "files")]
    .map(([step, sent]) =>
      suiteXml(step, sent.map(caseXml), {
        failures: sent.filter(({ errors }) => errors.length > 0).length,
        seconds: sent.reduce((sum, { tookMs }) => sum + tookMs / 1000, 0),
      })
    );
  if (record.confirmed !== undefined) suites.push(confirmedXml(record.confirmed));
  if (record.failure !== undefined) {
    const failed = element("failure", { message: record.failure });
    const body = element("testcase", { classname: TOOL.name, name: "push" }, [failed]);
    suites.push(suiteXml("push", [body], { failures: 1, seconds: 0 }));
  }
  const name = `${TOOL.name} push`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("testsuites", { name }, suites)}\n`;
}

/** One case: what NetBox does not have as it was sent, or has twice. */
function confirmedXml({ examples, doubled }: Confirmed): string {
  const messages = [
    ...examples.flatMap(openRows).map(([entity = "", field = "", netbox = "", sent = ""]) =>
      `${entity} ${field}: NetBox has ${netbox}, sent was ${sent}`
    ),
    ...doubled.map(({ step, entity, doubled: copies }) =>
      `${step} ${entity} is doubled: ${copies?.urls.join(", ")}`
    ),
  ];
  const failures = messages.map((message) => element("failure", { message }));
  const body = element("testcase", { classname: TOOL.name, name: "confirm" }, failures);
  return suiteXml("confirm", [body], { failures: failures.length > 0 ? 1 : 0, seconds: 0 });
}

function suiteXml(
  name: string,
  cases: readonly string[],
  { failures, seconds }: { readonly failures: number; readonly seconds: number },
): string {
  const counts = { tests: cases.length, failures, errors: 0, skipped: 0 };
  return element("testsuite", { name, ...counts, time: seconds.toFixed(3) }, cases);
}

function caseXml({ file, tookMs, errors }: Sent): string {
  const failures = errors.map(({ entity, line, error }) =>
    element("failure", {
      message: `${entity}${line === undefined ? "" : `, line ${line}`}: ${error}`,
    })
  );
  const time = (tookMs / 1000).toFixed(3);
  return element("testcase", { classname: TOOL.name, name: file.path, time }, failures);
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly string[] = [],
): string {
  const head = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${escaped(String(value))}"`
  ).join("");
  if (children.length === 0) return `<${name}${head}/>`;
  return `<${name}${head}>\n${children.join("\n")}\n</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** XML 1.0 does not allow most control characters, escaped or not. */
function escaped(text: string): string {
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, "\uFFFD")
    .replace(/[&<>"]/g, (char) => ENTITIES[char] ?? "");
}
