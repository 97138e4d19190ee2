/** A comparison → JSON, written while it goes on: a finding a line, then the counts. */
import { printableJson } from "../../kernel/log.ts";
import type { Judged } from "../../look/compare/findings.ts";
import type { CompareRecord } from "./compare-record.ts";

export class CompareJson {
  readonly #print: (text: string) => void;
  #pending: string | undefined;
  #isOpen = false;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  /** Once NetBox has said who it is. */
  open({ subject, status }: CompareRecord): void {
    const netbox = { url: subject.url, version: status?.version, diode_plugin: status?.plugin };
    this.#print(`{\n"netbox": ${printableJson(netbox)},`);
    this.#print(`"run": ${printableJson(subject.place)},\n"findings": [`);
    this.#isOpen = true;
  }

  /** What is equal is counted alone; `isVerbose`: unless NetBox has more of it. */
  add({ differences, unjudged, more, ...judged }: Judged, isVerbose: boolean): void {
    const told = isVerbose ? more : [];
    if (judged.verdict === "equal" && told.length === 0) return;
    this.#line(printableJson({
      ...judged,
      ...(differences.length === 0 ? {} : { differences }),
      ...(unjudged.length === 0 ? {} : { unjudged }),
      ...(told.length === 0 ? {} : { more: told }),
    }));
  }

  /** Also after a failure, so that it is JSON all the same. */
  close({ steps, totals, isComplete }: CompareRecord): void {
    if (!this.#isOpen) return;
    if (this.#pending !== undefined) this.#print(this.#pending);
    this.#print(`],\n"steps": ${printableJson(steps, 2)},`);
    this.#print(`"totals": ${printableJson(totals)},\n"complete": ${isComplete}\n}`);
  }

  /** A comma goes behind every line but the last. */
  #line(text: string): void {
    if (this.#pending !== undefined) this.#print(`${this.#pending},`);
    this.#pending = text;
  }
}
