/** Answers of Proxmox VE as plain JSON, read only by the rules of the mapping document. */
import type { Site } from "../../helpers/snapshot-builder.ts";

export type Raw = Readonly<Record<string, unknown>>;

/** The data of an answer with status 200; undefined: not read. */
export function dataAt(
  answers: Readonly<Record<string, unknown>> | undefined,
  path: string,
): unknown {
  const answer = answers?.[path] as { status?: number; data?: unknown } | undefined;
  return answer?.status === 200 ? answer.data : undefined;
}

/** Rows of an answer, also those below the guest agent's `result`; undefined: not read. */
export function rowsAt(
  answers: Readonly<Record<string, unknown>> | undefined,
  path: string,
): Raw[] | undefined {
  const data = dataAt(answers, path);
  const rows = isRaw(data) ? data["result"] : data;
  return Array.isArray(rows) ? rows.filter(isRaw) : undefined;
}

export function clusterRows(site: Site, path: string): Raw[] {
  return rowsAt(site.cluster, path) ?? [];
}

/** Trimmed, without NUL; undefined when empty. */
export function text(value: unknown): string | undefined {
  const plain = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const trimmed = plain.replaceAll("\0", "").trim();
  return trimmed === "" ? undefined : trimmed;
}

export function number(value: unknown): number | undefined {
  const written = text(value);
  const parsed = Number(written);
  return written === undefined || Number.isNaN(parsed) ? undefined : parsed;
}

/** "virtio=AA:…,bridge=vmbr0" → { virtio: …, bridge: … }; a part without key has the key "". */
export function pairsOf(value: unknown): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of (text(value) ?? "").split(",")) {
    const [first = "", ...rest] = part.split("=");
    const [key, content] = rest.length === 0 ? ["", first] : [first, rest.join("=")];
    if (!pairs.has(key.trim())) pairs.set(key.trim(), content.trim());
  }
  return pairs;
}

/** "net2" before "net10". */
export function byNumber(a: string, b: string): number {
  return Number(a.replaceAll(/\D/g, "")) - Number(b.replaceAll(/\D/g, ""));
}

export function isRaw(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
