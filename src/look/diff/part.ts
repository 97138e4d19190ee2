/** One answer of the snapshot → the fields that it holds, or why there are none. */
import type { Reason } from "../../run-folder/left-out.ts";
import { type Answer, dataOf } from "../../proxmox/answers.ts";
import type { Fields } from "./fields.ts";

/** Why something is not known; `detail` is what Proxmox said. */
export interface Gap {
  readonly reason: Reason;
  readonly detail: string;
}

export type Found<Value> = { readonly value: Value } | Gap;

/** The answers of a thing, by the words of left-out.json: "config", "agent/get-osinfo". */
export type Parts = ReadonlyMap<string, Found<Fields>>;

type Row = Readonly<Record<string, unknown>>;

/** The objects in a list. */
export function rowsOf(answer: Answer | undefined): Found<readonly Row[]> {
  return mapFound(dataOf(answer), listed);
}

/** A running container's interfaces; a stopped one answers with null. Source: PVE/API2/LXC.pm. */
export function containerRowsOf(answer: Answer | undefined): Found<readonly Row[]> {
  return mapFound(
    dataOf(answer),
    (data) => data === null ? { reason: "guest-stopped", detail: "" } : listed(data),
  );
}

export function mapFound<From, To>(
  found: Found<From>,
  make: (value: From) => Found<To>,
): Found<To> {
  return "reason" in found ? found : make(found.value);
}

export function listed(data: unknown): Found<readonly Row[]> {
  return Array.isArray(data) ? { value: data.filter(isRow) } : MISSHAPEN;
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const MISSHAPEN: Gap = { reason: "unparsable", detail: "the answer has another shape" };
