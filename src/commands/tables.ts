/** Tables for a terminal, on stdout. */
import Table from "cli-table3";
import { printable } from "../kernel/log.ts";

/** Two spaces between columns and no lines: easy to read, to paste and to grep. */
const PLAIN = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

export type Cell = string | number;

/** Numbers stand to the right. */
export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({
    head: [...head],
    chars: PLAIN,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: head.map((_, i) => (typeof rows[0]?.[i] === "number" ? "right" : "left")),
  });
  for (const row of rows) {
    table.push(row.map((cell) => typeof cell === "number" ? groupDigits(cell) : printable(cell)));
  }
  return table.toString().split("\n").map((line) => `  ${line.trimEnd()}`).join("\n");
}

/** 1234567 → "1,234,567"; no locale has a say. */
export function groupDigits(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** 1 → "1 guest", 1200 → "1,200 guests" */
export function counted(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? "" : "s"}`;
}
