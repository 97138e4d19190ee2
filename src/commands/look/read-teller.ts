/** What the rows of one entity read → text; each raw value is told once. */
import type { AnswerRead, ExplainedRead, SettingRead } from "../../look/explain/explanation.ts";
import { shown } from "../text/paragraphs.ts";
import { groupDigits } from "../text/tables.ts";
import { rawText } from "./value-text.ts";

/** How many of the things that share an object are shown. */
const MOST_THINGS = 3;

/** Collects where the reads of one entity stand, while they are put into words. */
export class ReadTeller {
  /** What left-out.json calls the entity: its own reads need no name before them. */
  readonly #thing: string;
  readonly #told = new Set<string>();
  /** "config" → where it stands; "SITE_NAME" → who said so. */
  readonly #places = new Map<string, string>();

  constructor(thing: string) {
    this.#thing = thing;
  }

  /**
   * `config.net0 = "virtio=…"; SITE_NAME = "London"; vm/101`, the second time without the value; then a
   * line for each other thing: `vm/104: config.tags = "prod"`.
   */
  tell(reads: readonly ExplainedRead[]): string[] {
    const byThing = Map.groupBy(
      reads,
      (read) => "of" in read && read.of !== this.#thing ? read.of : "",
    );
    const own = byThing.get("") ?? [];
    const others = [...byThing].filter(([thing]) => thing !== "");
    const told = others.slice(0, MOST_THINGS);
    const hidden = others.length - told.length;
    return [
      this.#tellAll(own),
      ...told.map(([thing, its]) => `${shown(thing)}: ${this.#tellAll(its)}`),
      hidden === 0 ? "" : `and ${groupDigits(hidden)} more (--json names all)`,
    ].filter((line) => line !== "");
  }

  /** Where all that was told stands. */
  get places(): ReadonlyMap<string, string> {
    return this.#places;
  }

  /** What there is, then what there is not: `config.cores, config.sockets (not in the answer)`. */
  #tellAll(reads: readonly ExplainedRead[]): string {
    const told = reads.filter((read) => !isLacking(read)).map((read) => this.#tellOne(read));
    const byReason = Map.groupBy(
      reads.filter(isLacking),
      ({ missing }) => missing ?? "not found",
    );
    const lacking = [...byReason].map(([missing, same]) =>
      `${same.map((read) => this.#nameOf(read)).join(", ")} (${shown(missing)})`
    );
    return [...new Set(told), ...lacking].filter((text) => text !== "").join("; ");
  }

  #tellOne(read: ExplainedRead): string {
    if ("path" in read) {
      return this.#once(this.#nameOf(read), rawText(read.value), this.#prefix(read));
    }
    if ("from" in read) return this.#tellSetting(read);
    if ("pointer" in read) return `captured_at = ${read.value}`;
    return read.names.length > 0 ? shown(read.names.join(", ")) : this.#tellAll(read.reads);
  }

  #tellSetting({ read, value, from }: SettingRead): string {
    const name = read.slice(read.indexOf(".") + 1);
    if (!value) return `${name} is not set`;
    this.#places.set(name, from);
    return this.#once(name, rawText(value));
  }

  #once(name: string, value: string, prefix = ""): string {
    if (this.#told.has(prefix + name)) return name;
    this.#told.add(prefix + name);
    return `${name} = ${value}`;
  }

  /** "config.net0", whose place is told below. */
  #nameOf(read: AnswerRead): string {
    const answer = read.read.slice(0, read.read.indexOf("."));
    this.#places.set(`${this.#prefix(read)}${answer}`, placeText(read));
    return `${answer}.${shown(read.key)}`;
  }

  #prefix({ of }: AnswerRead): string {
    return of === this.#thing ? "" : `${shown(of)}: `;
  }
}

function isLacking(read: ExplainedRead): read is AnswerRead {
  return "path" in read && read.value === undefined;
}

/** Of a key, the place of its row. */
function placeText({ file, line, path, pointer, value }: AnswerRead): string {
  const row = value === undefined ? pointer : pointer?.slice(0, pointer.lastIndexOf("/"));
  const parts = [line === undefined ? file : `${file}:${line}`, path, row];
  return shown(parts.filter((part) => part !== undefined).join("  "));
}
