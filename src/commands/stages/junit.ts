/** A push as JUnit XML, which every pipeline can show: a suite for each step, a case for each file. */
import { TOOL } from "../../kernel/tool.ts";
import type { Sent } from "../../push/push.ts";
import type { PushRecord } from "./push-record.ts";

export function junitXml(record: PushRecord): string {
  const suites = [...Map.groupBy(record.sent, ({ file }) => file.step ?? "files")]
    .map(([step, sent]) =>
      suiteXml(step, sent.map(caseXml), {
        failures: sent.filter(({ errors }) => errors.length > 0).length,
        seconds: sent.reduce((sum, { tookMs }) => sum + tookMs / 1000, 0),
      })
    );
  if (record.failure !== undefined) {
    const failed = element("failure", { message: record.failure });
    const body = element("testcase", { classname: TOOL.name, name: "push" }, [failed]);
    suites.push(suiteXml("push", [body], { failures: 1, seconds: 0 }));
  }
  const name = `${TOOL.name} push`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("testsuites", { name }, suites)}\n`;
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
    element("failure", { message: `${entity}, line ${line}: ${error}` })
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

/** XML 1.0 has no place for most control characters, escaped or not. */
function escaped(text: string): string {
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, "\uFFFD")
    .replace(/[&<>"]/g, (char) => ENTITIES[char] ?? "");
}
