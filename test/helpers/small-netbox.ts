/**
 * A small NetBox on the loopback interface: lists of objects, with filters, pages, refusals
 * and faults. Its answers have the form of NetBox 4.7.3.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type Certificate, listen, makeCertificate } from "../../src/rehearse/server.ts";

export type Row = Record<string, unknown> & { readonly id: number };
/** "dcim/devices" → its objects. */
export type Rows = Record<string, Row[]>;

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
}

/** What the server does instead of an answer: a status, or a broken connection. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** drop: closes without an answer; cut: closes in the middle of the answer; hang: never answers. */
  readonly wire?: "drop" | "cut" | "hang";
}

export interface SmallNetBoxOptions {
  readonly rows?: Rows;
  /** The value of the header. */
  readonly authorization?: string;
  /** Paths that the token has no permission for. */
  readonly denied?: readonly string[];
  /** NetBox's MAX_PAGE_SIZE. */
  readonly pageSize?: number;
  readonly isTls?: boolean;
  /** Called for each request, counted from 0. */
  readonly faultOf?: (asked: Asked, index: number) => Fault | undefined;
}

export interface SmallNetBox {
  readonly url: string;
  readonly rows: Rows;
  readonly asked: Asked[];
  readonly certificate: Certificate | undefined;
  close(): Promise<void>;
}

/** Not a secret. */
export const TOKEN = "nbt_small0000000.of-a-netbox-that-lives-for-one-test";
export const AUTHORIZATION = `Bearer ${TOKEN}`;

/** Source: NetBox, filtersets.py of each app. */
const FILTERS: Readonly<
  Record<string, (row: Row, values: readonly string[], rows: Rows) => boolean>
> = {
  id__gt: ({ id }, values) => values.every((value) => id > Number(value)),
  name: ({ name }, values) => values.includes(String(name)),
  name__ie: ({ name }, values) =>
    values.some((value) => value.toUpperCase() === String(name).toUpperCase()),
  name__isw: ({ name }, values) =>
    values.some((value) => String(name).toUpperCase().startsWith(value.toUpperCase())),
  // NetBox finds objects that have all of them.
  tag: ({ tags }, values) =>
    values.every((value) => (tags as { slug: string }[]).some(({ slug }) => slug === value)),
  slug: ({ slug }, values) => values.includes(String(slug)),
  model: ({ model }, values) => values.includes(String(model)),
  vid: ({ vid }, values) => values.includes(String(vid)),
  prefix: ({ prefix }, values) => values.includes(String(prefix)),
  address: ({ address }, values) => values.includes(String(address).split("/")[0] ?? ""),
  virtual_machine_id: (row, values) => values.includes(ownerId(row, "virtual_machine")),
  device_id: (row, values) => values.includes(ownerId(row, "device")),
  cluster_id: (row, values, rows) => {
    const machines = rows["virtualization/virtual-machines"] ?? [];
    const machine = machines.find(({ id }) => String(id) === ownerId(row, "virtual_machine"));
    return values.includes(ownerId(machine ?? row, "cluster"));
  },
};
const PAGING = new Set(["limit", "offset", "ordering", "fields"]);

export async function startSmallNetBox(options: SmallNetBoxOptions = {}): Promise<SmallNetBox> {
  const { rows = {}, faultOf } = options;
  const certificate = options.isTls ? await makeCertificate() : undefined;
  const asked: Asked[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "", origin);
    const { method = "", headers: { authorization } } = request;
    const index = asked.push({ method, url, authorization }) - 1;
    const fault = faultOf?.({ method, url, authorization }, index);
    if (fault !== undefined) return misbehave(response, fault);
    const { status, body } = answerTo({ method, url, authorization }, { ...options, rows });
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const server: Server = certificate === undefined
    ? createServer(answer)
    : createTlsServer({ key: certificate.keyPem, cert: certificate.certificatePem }, answer);
  const port = await listen(server, 0);
  const origin = `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  return {
    url: origin,
    rows,
    asked,
    certificate,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function misbehave(response: ServerResponse, { status = 200, headers, body = "", wire }: Fault) {
  const breakOff = (): void => void response.req.socket.destroy();
  if (wire === "hang") return;
  if (wire === "drop") return breakOff();
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (wire === "cut") response.write('{"count":1,"next":null,"results":[{"id":1,', breakOff);
  else response.end(body);
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function answerTo(
  { method, url, authorization }: Asked,
  options: SmallNetBoxOptions & { readonly rows: Rows },
): Answer {
  const { rows, denied = [], pageSize = 1000 } = options;
  if (method !== "GET") return refused(405, `Method "${method}" not allowed.`);
  if (authorization !== (options.authorization ?? AUTHORIZATION)) {
    return refused(403, "Invalid v2 token");
  }
  const path = url.pathname.replace(/^\/api\/|\/$/g, "");
  if (path === "status") {
    const plugins = { netbox_diode_plugin: "1.18.1" };
    return { status: 200, body: { "netbox-version": "4.7.3", plugins } };
  }
  if (denied.includes(path)) {
    return refused(403, "You do not have permission to perform this action.");
  }
  const listed = rows[path];
  if (listed === undefined) return refused(404, "Not found.");
  const unknown = [...url.searchParams.keys()].find((key) => !PAGING.has(key) && !FILTERS[key]);
  if (unknown !== undefined) return refused(400, `The test's NetBox has no filter ${unknown}`);
  return { status: 200, body: pageOf(listed, url, { rows, pageSize }) };
}

function pageOf(
  listed: readonly Row[],
  url: URL,
  { rows, pageSize }: { readonly rows: Rows; readonly pageSize: number },
): object {
  const { searchParams } = url;
  const number = (key: string, otherwise: number): number =>
    Number(searchParams.get(key) ?? otherwise);
  const fitting = listed.filter((row) =>
    Object.entries(FILTERS).every(([filter, fits]) => {
      const values = searchParams.getAll(filter);
      return values.length === 0 || fits(row, values, rows);
    })
  ).toSorted((a, b) => a.id - b.id);
  const offset = number("offset", 0);
  const limit = Math.min(number("limit", 50), pageSize);
  const fields = searchParams.get("fields")?.split(",");
  // As behind a proxy that does not forward its host name to NetBox.
  const next = new URL(url.href.replace(url.host, "inner.invalid:8001"));
  next.searchParams.set("offset", String(offset + limit));
  return {
    count: fitting.length,
    next: offset + limit < fitting.length ? next.href : null,
    previous: null,
    results: fitting.slice(offset, offset + limit).map((row) =>
      fields === undefined
        ? row
        : Object.fromEntries(Object.entries(row).filter(([key]) => fields.includes(key)))
    ),
  };
}

function refused(status: number, detail: string): Answer {
  return { status, body: { detail } };
}

/** An address belongs to the machine of its interface. */
function ownerId(row: Row, key: string): string {
  const owner = row[key] ?? (row["assigned_object"] as Row | undefined | null)?.[key];
  return String((owner as { readonly id?: number } | undefined)?.id);
}
