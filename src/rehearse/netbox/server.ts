/**
 * A NetBox on the loopback interface: lists of objects, with filters, pages, refusals and faults. Its
 * answers have the form of NetBox 4.7.3. It changes its objects only with `isWritable`: see writes.ts.
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
import {
  NetBoxWrites,
  type RehearsedAnswer,
  type ServedObjects,
  type WriteMethod,
} from "./writes.ts";

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
  /** The request is done all the same: only its answer is lost. */
  readonly isAfter?: boolean;
}

export interface NetBoxServerOptions {
  readonly objects?: ServedObjects | undefined;
  readonly status?: Status | undefined;
  readonly token?: string | undefined;
  /** Paths that the token has no permission for; "DELETE dcim/devices": only to delete there. */
  readonly denied?: readonly string[] | undefined;
  /** Objects are changed, created and deleted as asked, in the lists that were given. */
  readonly isWritable?: boolean | undefined;
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
  const writes = new NetBoxWrites(options.objects ?? {});
  let asked = 0;
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", headers: { authorization } } = message;
    const request = { method, url: new URL(message.url ?? "", origin), authorization };
    const index = asked;
    asked += 1;
    if (latencyMs > 0) await pause(latencyMs);
    const fault = faultOf?.(request, index);
    if (fault !== undefined && !fault.isAfter) return misbehave(response, fault);
    const sent = method === "GET" ? "" : await textOfBody(message);
    const ifMatch = message.headers["if-match"];
    const { status, body, etag } = answerTo({ ...request, sent, ifMatch }, {
      ...options,
      token,
      writes,
    });
    if (fault !== undefined) return misbehave(response, fault);
    response.writeHead(status, {
      "content-type": "application/json",
      ...(etag === undefined ? {} : { etag }),
    });
    response.end(body === undefined ? "" : JSON.stringify(body));
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

async function textOfBody(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

interface WholeRequest extends NetBoxRequest {
  readonly sent: string;
  readonly ifMatch: string | undefined;
}

function answerTo(
  { method, url, authorization, sent, ifMatch }: WholeRequest,
  { objects = {}, status = NEWEST, denied = [], pageSize = MAX_PAGE_SIZE, token, ...options }:
    & NetBoxServerOptions
    & { readonly token: string; readonly writes: NetBoxWrites },
): RehearsedAnswer {
  const { isWritable = false, writes } = options;
  if (method !== "GET" && !isWritable) return refused(405, `Method "${method}" not allowed.`);
  if (authorization !== `Bearer ${token}` && authorization !== `Token ${token}`) {
    return refused(403, "Invalid v2 token");
  }
  const path = url.pathname.replace(/^\/api\/|\/$/g, "");
  if (path === "status") {
    const plugins = status.plugin === undefined ? {} : { [DIODE_PLUGIN]: status.plugin };
    return { status: 200, body: { "netbox-version": status.version, plugins } };
  }
  const [, list = path, id] = /^(.+)\/(\d+)$/.exec(path) ?? [];
  if (denied.includes(list) || denied.includes(`${method} ${list}`)) {
    return refused(403, "You do not have permission to perform this action.");
  }
  const listed = objects[list];
  if (listed === undefined) return refused(404, "Not found.");
  if (id !== undefined || method !== "GET") {
    const place = { path: list, id: id === undefined ? undefined : Number(id) };
    return writes.answer(method as WriteMethod, place, { sent, ifMatch });
  }
  const unknown = [...url.searchParams.keys()].find((key) => !PAGING.has(key) && !filterOf(key));
  if (unknown !== undefined) return refused(400, `This NetBox has no filter ${unknown}`);
  return { status: 200, body: pageOf(matching(listed, url.searchParams, objects), url, pageSize) };
}

function refused(status: number, detail: string): RehearsedAnswer {
  return { status, body: { detail } };
}

type Filter = (
  object: NetBoxObject,
  values: readonly string[],
  objects: ServedObjects,
) => boolean;

/** TABLE: filters by the object that a field names. */
const NAMED_FIELDS = [
  "site",
  "group",
  "parent",
  "bridge",
  "lag",
  "nat_inside",
  "primary_ip4",
  "primary_ip6",
  "oob_ip",
  "qinq_svlan",
] as const;
/** TABLE: the parts of generic relations. */
const RELATION_KEYS = [
  "assigned_object_type",
  "assigned_object_id",
  "object_type",
  "object_id",
  "interface_type",
  "termination_type",
  "termination_id",
] as const;

/** Source: NetBox, filtersets.py of each app. */
const FILTERS: Readonly<Record<string, Filter>> = {
  ...Object.fromEntries(NAMED_FIELDS.map((key) => [`${key}_id`, names(key)])),
  ...Object.fromEntries(RELATION_KEYS.map((key) => [key, has(key)])),
  interface_id: isAssignedTo("dcim.interface"),
  vminterface_id: isAssignedTo("virtualization.vminterface"),
  vlan_id: (object, values) =>
    ["untagged_vlan", "tagged_vlans", "qinq_svlan", "vlan"].flatMap((key) => [object[key]].flat())
      .some((vlan) => values.includes(String((vlan as { id?: number } | null)?.id))),
  ip_address_id: (object, values) =>
    (object["ipaddresses"] as { id: number }[]).some(({ id }) => values.includes(String(id))),
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
  address: ({ address }, values) =>
    values.some((value) => [address, String(address).split("/")[0]].includes(value)),
  mac_address: has("mac_address"),
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

/** "cf_owner": a custom field that names one object, or several. */
function filterOf(key: string): Filter | undefined {
  const [, field] = /^cf_(\w+)$/.exec(key) ?? [];
  if (field === undefined) return FILTERS[key];
  return ({ custom_fields: fields }, values) =>
    [(fields as Readonly<Record<string, unknown>> | undefined)?.[field]].flat()
      .some((part) => values.includes(String((part as { id?: number } | null)?.id)));
}

function names(key: string): Filter {
  return (object, values) =>
    values.includes(String((object[key] as { readonly id?: number } | null | undefined)?.id));
}

/** Also for what names an interface without its type. */
function isAssignedTo(type: string): Filter {
  return ({ assigned_object_type = type, assigned_object_id, interface_id }, values) =>
    assigned_object_type === type && values.includes(String(assigned_object_id ?? interface_id));
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
    const filter = filterOf(key);
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
