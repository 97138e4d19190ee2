/**
 * A NetBox on the loopback interface: lists of objects, with filters, pages, refusals and faults. Its
 * answers have the form of NetBox 4.7.3. It answers GET only.
 *
 *   const netbox = await serveNetBox({ rows: { "dcim/devices": [{ id: 1, name: "pve1" }] } });
 *   await fetch(`${netbox.url}/api/dcim/devices/?name=pve1`, …);
 *   await netbox.close();
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { DIODE_PLUGIN, type Status } from "../../netbox/rest/client.ts";
import type { NetBoxObject } from "../../netbox/types/object-type.ts";
import { type Certificate, HOST, listen, makeCertificate } from "../server.ts";
import { REHEARSAL_NETBOX_TOKEN } from "../settings.ts";

/** Path such as "dcim/devices" → its objects. Other paths are not found. */
export type ServedObjects = Readonly<Record<string, readonly NetBoxObject[]>>;

export interface NetBoxRequest {
  readonly method: string;
  readonly url: URL;
  /** The value of the header. */
  readonly authorization: string | undefined;
}

/** What the server does instead of an answer. */
export interface NetBoxFault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** drop: closes without an answer; cut: closes in the middle of the answer; hang: never answers. */
  readonly wire?: "drop" | "cut" | "hang";
}

export interface NetBoxServerOptions {
  readonly objects?: ServedObjects | undefined;
  readonly status?: Status | undefined;
  readonly token?: string | undefined;
  /** Paths that the token has no permission for. */
  readonly denied?: readonly string[] | undefined;
  /** NetBox's MAX_PAGE_SIZE. */
  readonly pageSize?: number | undefined;
  readonly isTls?: boolean | undefined;
  /** 0 (default): any free port. */
  readonly port?: number | undefined;
  /** Of every answer. */
  readonly latencyMs?: number | undefined;
  /** Called for each request, counted from 0. */
  readonly faultOf?: (request: NetBoxRequest, index: number) => NetBoxFault | undefined;
}

export interface ServedNetBox {
  /** "http://127.0.0.1:43127" */
  readonly url: string;
  readonly token: string;
  /** undefined without TLS. */
  readonly certificate: Certificate | undefined;
  /** Requests so far. */
  readonly asked: number;
  /** Drops all connections. */
  close(): Promise<void>;
}

const NEWEST: Status = { version: "4.7.3", plugin: "1.18.1" };
/** NetBox's default of MAX_PAGE_SIZE, and of `limit`. Source: netbox/config/parameters.py. */
const MAX_PAGE_SIZE = 1000;
const DEFAULT_LIMIT = "50";

/** @throws AppError "usage" when the port is taken. */
export async function serveNetBox(options: NetBoxServerOptions = {}): Promise<ServedNetBox> {
  const { token = REHEARSAL_NETBOX_TOKEN, latencyMs = 0, faultOf } = options;
  const certificate = options.isTls ? await makeCertificate() : undefined;
  let asked = 0;
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", headers: { authorization } } = message;
    const request = { method, url: new URL(message.url ?? "", origin), authorization };
    const index = asked;
    asked += 1;
    if (latencyMs > 0) await pause(latencyMs);
    const fault = faultOf?.(request, index);
    if (fault !== undefined) return misbehave(response, fault);
    const { status, body } = answerTo(request, { ...options, token });
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const server: Server = certificate === undefined
    ? createServer(answer)
    : createTlsServer({ key: certificate.keyPem, cert: certificate.certificatePem }, answer);
  const port = await listen(server, options.port ?? 0);
  const origin = `${certificate === undefined ? "http" : "https"}://${HOST}:${port}`;
  return {
    url: origin,
    token,
    certificate,
    get asked() {
      return asked;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function misbehave(
  response: ServerResponse,
  { status = 200, headers, body = "", wire }: NetBoxFault,
): void {
  const breakOff = (): void => void response.req.socket.destroy();
  if (wire === "hang") return;
  if (wire === "drop") return breakOff();
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (wire === "cut") response.write('{"count":1,"next":null,"results":[{"id":1,', breakOff);
  else response.end(body);
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

function answerTo(
  { method, url, authorization }: NetBoxRequest,
  { objects = {}, status = NEWEST, denied = [], pageSize = MAX_PAGE_SIZE, token }:
    & NetBoxServerOptions
    & { readonly token: string },
): Answer {
  if (method !== "GET") return refused(405, `Method "${method}" not allowed.`);
  if (authorization !== `Bearer ${token}` && authorization !== `Token ${token}`) {
    return refused(403, "Invalid v2 token");
  }
  const path = url.pathname.replace(/^\/api\/|\/$/g, "");
  if (path === "status") {
    const plugins = status.plugin === undefined ? {} : { [DIODE_PLUGIN]: status.plugin };
    return { status: 200, body: { "netbox-version": status.version, plugins } };
  }
  if (denied.includes(path)) {
    return refused(403, "You do not have permission to perform this action.");
  }
  const listed = objects[path];
  if (listed === undefined) return refused(404, "Not found.");
  const unknown = [...url.searchParams.keys()].find((key) => !PAGING.has(key) && !FILTERS[key]);
  if (unknown !== undefined) return refused(400, `This NetBox has no filter ${unknown}`);
  return { status: 200, body: pageOf(matching(listed, url.searchParams, objects), url, pageSize) };
}

function refused(status: number, detail: string): Answer {
  return { status, body: { detail } };
}

type Filter = (
  object: NetBoxObject,
  values: readonly string[],
  objects: ServedObjects,
) => boolean;

/** Source: NetBox, filtersets.py of each app. */
const FILTERS: Readonly<Record<string, Filter>> = {
  id__gt: ({ id }, values) => values.every((value) => id > Number(value)),
  name: has("name"),
  name__ie: ({ name }, values) =>
    values.some((value) => value.toUpperCase() === String(name).toUpperCase()),
  name__isw: ({ name }, values) =>
    values.some((value) => String(name).toUpperCase().startsWith(value.toUpperCase())),
  // NetBox finds objects that have all of them.
  tag: ({ tags }, values) =>
    values.every((value) => (tags as { slug?: string }[]).some(({ slug }) => slug === value)),
  slug: has("slug"),
  model: has("model"),
  vid: has("vid"),
  prefix: has("prefix"),
  address: ({ address }, values) => values.includes(String(address).split("/")[0] ?? ""),
  virtual_machine_id: (object, values) => values.includes(ownerId(object, "virtual_machine")),
  device_id: (object, values) => values.includes(ownerId(object, "device")),
  cluster_id: (object, values, objects) => {
    const machines = objects["virtualization/virtual-machines"] ?? [];
    const machine = machines.find(({ id }) => String(id) === ownerId(object, "virtual_machine"));
    return values.includes(ownerId(machine ?? object, "cluster"));
  },
};
const PAGING = new Set(["limit", "offset", "ordering", "fields"]);

function has(key: string): Filter {
  return (object, values) => values.includes(String(object[key]));
}

/** An address belongs to the machine of its interface. */
function ownerId(object: NetBoxObject, key: string): string {
  const owner = object[key] ??
    (object["assigned_object"] as NetBoxObject | null | undefined)?.[key];
  return String((owner as { readonly id?: number } | null | undefined)?.id);
}

/** By id. */
function matching(
  listed: readonly NetBoxObject[],
  query: URLSearchParams,
  objects: ServedObjects,
): readonly NetBoxObject[] {
  const filters = [...new Set(query.keys())].flatMap((key) => {
    const filter = FILTERS[key];
    return filter === undefined ? [] : [{ filter, values: query.getAll(key) }];
  });
  const fitting = listed.filter((object) =>
    filters.every(({ filter, values }) => filter(object, values, objects))
  );
  return fitting.sort((a, b) => a.id - b.id);
}

function pageOf(fitting: readonly NetBoxObject[], url: URL, pageSize: number): object {
  const { searchParams: query } = url;
  const offset = Number(query.get("offset") ?? "0");
  const limit = Math.min(Number(query.get("limit") ?? DEFAULT_LIMIT), pageSize);
  const fields = query.get("fields")?.split(",");
  // As behind a proxy that does not forward its host name to NetBox.
  const next = new URL(url.href.replace(url.host, "inner.invalid:8001"));
  next.searchParams.set("offset", String(offset + limit));
  return {
    count: fitting.length,
    next: offset + limit < fitting.length ? next.href : null,
    previous: null,
    results: fitting.slice(offset, offset + limit).map((object) =>
      fields === undefined
        ? object
        : Object.fromEntries(Object.entries(object).filter(([key]) => fields.includes(key)))
    ),
  };
}
