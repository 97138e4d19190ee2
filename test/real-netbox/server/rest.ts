/** NetBox's REST API, read page by page. */
import type { NetBox } from "./netbox.ts";

export type Row = Readonly<Record<string, unknown>> & { readonly id: number };

interface Page {
  readonly next: string | null;
  readonly results: readonly Row[];
}

/** The largest page of NetBox. Source: netbox/config/parameters.py, MAX_PAGE_SIZE. */
const PAGE_ROWS = 1000;

/** All rows below a path such as "dcim/devices". */
export async function listAll(netbox: NetBox, path: string): Promise<Row[]> {
  const rows: Row[] = [];
  let next: string | null = `${netbox.url}/api/${path}/?limit=${PAGE_ROWS}`;
  while (next !== null) {
    const response: Response = await fetch(next, {
      headers: { authorization: netbox.authorization.read },
    });
    if (!response.ok) throw new Error(`GET ${next}: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as Page;
    rows.push(...page.results);
    next = page.next;
  }
  return rows;
}

/** Writes an object as a user does. Returns the object in NetBox. */
export async function send(
  netbox: NetBox,
  request: { readonly method: "POST" | "PATCH"; readonly path: string; readonly body: unknown },
): Promise<Row> {
  const response = await fetch(`${netbox.url}/api/${request.path}/`, {
    method: request.method,
    headers: { authorization: netbox.authorization.write, "content-type": "application/json" },
    body: JSON.stringify(request.body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${request.method} ${request.path}: ${text}`);
  return JSON.parse(text) as Row;
}
