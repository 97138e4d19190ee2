/** The entities of a run folder, in the order in which they are sent. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Step, STEPS } from "../../../src/netbox/types/steps.ts";
import { compareNatural } from "../../../src/base/natural-order.ts";

export interface SentEntity {
  readonly step: Step;
  /** "07-vm-interface-0001.json" */
  readonly file: string;
  /** The line in the file, from 1: one entity per line, after the line of the request. */
  readonly line: number;
  readonly entity: Readonly<Record<string, unknown>>;
}

export async function readEntityFiles(run: string): Promise<SentEntity[]> {
  const folder = join(run, "netbox");
  const names = (await readdir(folder)).filter((name) => /^\d\d[a-z]?-.*-\d{4}\.json$/.test(name));
  const files = names.toSorted(compareNatural).map((name) => readEntityFile(folder, name));
  return (await Promise.all(files)).flat();
}

async function readEntityFile(folder: string, file: string): Promise<SentEntity[]> {
  const request = JSON.parse(await readFile(join(folder, file), "utf8")) as {
    entities: Record<string, unknown>[];
  };
  return request.entities.map((fields, i) => {
    const [field = ""] = Object.keys(fields).filter((key) => key !== "timestamp");
    const step = STEPS.find((step) => step.field === field);
    if (step === undefined) throw new Error(`${file}:${i + 2} holds "${field}", which no step has`);
    return { step, file, line: i + 2, entity: fields[field] as SentEntity["entity"] };
  });
}
