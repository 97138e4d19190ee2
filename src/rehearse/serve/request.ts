/** Reads an HTTP request: the API call, or pveproxy's refusal of its URL, token or method. */
import type { IncomingMessage } from "node:http";
import { settingReader, type TextsOf } from "../../base/setting.ts";
import {
  type EndpointName,
  nodeOfPath,
  type ParsedPath,
  parsePath,
} from "../../proxmox/endpoints.ts";
import { REHEARSAL_SECRET, SERVE_SETTINGS, TOKEN_NAME_PATTERN, USER_PATTERN } from "../settings.ts";
import { bareError, type Dialect, notImplemented, type Reply, serverError } from "./replies.ts";

/** Source: PVE/JSONSchema.pm, pve-vmid. */
const isVmid = (vmid: number): boolean => vmid >= 100 && vmid < 1e9;

/** "/nodes/pve1/status" → nodeStatus and { node: "pve1" }; or only the node of an unknown endpoint. */
function findEndpoint(path: string): Pick<ApiCall, "endpoint" | "variables"> {
  // Other commands of the guest agent are checked in the same way as this one.
  const found = parsePath(path) ??
    parsePath(path.replace(/(?<=\/agent\/)[a-z-]+$/, "get-osinfo"));
  if (found !== undefined && isVmid(found.vmid ?? 100)) {
    const { endpoint, ...variables } = found;
    return { endpoint, variables };
  }
  const node = nodeOfPath(path);
  return { endpoint: undefined, variables: node === undefined ? {} : { node } };
}

export interface ApiCall {
  /** False outside of the JSON API, such as "/". */
  readonly isCall: boolean;
  /** As in a snapshot: "/cluster/resources?type=vm". */
  readonly name: string;
  /** Without the query: "/cluster/resources". */
  readonly path: string;
  readonly query: URLSearchParams;
  /** undefined: not in the table. */
  readonly endpoint: EndpointName | undefined;
  /** The variable parts of the path. */
  readonly variables: Omit<ParsedPath, "endpoint">;
}

/** Source: PVE/APIServer/AnyEvent.pm, split_abs_uri. Other formats than "json" are not served. */
const CALL_REGEXP = /^\/api2\/+json(?=[/?]|$)/;

/** "/api2/json/nodes" → "/nodes" */
export function parseCall(url: string): ApiCall {
  const isCall = CALL_REGEXP.test(url);
  const [before = "", ...behind] = url.replace(CALL_REGEXP, "").split("?");
  const path = decoded(before).replace(/(?<=.)\/$/, "") || "/";
  const query = new URLSearchParams(behind.join("?"));
  // Web pages add it against caching.
  query.delete("_dc");
  const name = query.size === 0 ? path : `${path}?${query.toString()}`;
  return { isCall, name, path, query, ...findEndpoint(isCall ? path : "") };
}

/** Invalid percent encoding stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `user@realm!name` and its secret. */
export interface Token {
  /** With realm: "rehearsal@pve". */
  readonly user: string;
  readonly name: string;
  readonly value: string;
}

export const REHEARSAL_TOKEN: Token = {
  user: SERVE_SETTINGS.PROXMOX_USER.default,
  name: SERVE_SETTINGS.PROXMOX_TOKEN_NAME.default,
  value: REHEARSAL_SECRET,
};

const ID_REGEXP = new RegExp(`^(${USER_PATTERN})!(${TOKEN_NAME_PATTERN})$`);

/** @throws AppError "usage" for names that a token cannot have. */
export function parseToken(texts: TextsOf<typeof SERVE_SETTINGS>): Token {
  const { value, optional } = settingReader(SERVE_SETTINGS, texts);
  return {
    user: value("PROXMOX_USER"),
    name: value("PROXMOX_TOKEN_NAME"),
    value: optional("PROXMOX_TOKEN_VALUE") ?? REHEARSAL_SECRET,
  };
}

/** The error text for a request without a token. */
const NO_TOKEN = "No ticket";

/**
 * The header `Authorization: PVEAPIToken=user@realm!name=secret` → the error text, or undefined when it is accepted.
 * Source: PVE/APIServer/Formatter.pm (extract_auth_value), PVE/AccessControl.pm (verify_token).
 */
export function refusalOf(header: string | undefined, token: Token): string | undefined {
  const given = /(?:^|\s)PVEAPIToken[= ]([^;]*)/.exec(header ?? "")?.[1];
  if (given === undefined || given === "") return NO_TOKEN;
  const [, id = "", value] = /^(.*)=(.*)$/s.exec(unescapeUri(given)) ?? [];
  if (value === undefined) return "no tokenid specified";
  const [, user, name] = ID_REGEXP.exec(id) ?? [];
  if (user === undefined) {
    return `'${id}' is not a valid token ID - not able to split into user and token parts`;
  }
  if (user !== token.user) return `no such user ('${user}')`;
  if (name !== token.name) return `no such token '${name}' for user '${user}'`;
  return value === token.value ? undefined : "invalid token value!";
}

/** "%41" → "A"; other text stays. */
function unescapeUri(text: string): string {
  return text.replace(
    /%([0-9a-f]{2})/gi,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
}

const METHODS = new Set(["GET", "POST", "PUT", "DELETE"]);

interface Gate {
  readonly dialect: Dialect;
  readonly call: ApiCall;
  /** Why the token is invalid, or undefined. */
  readonly tokenFault: (header: string | undefined) => string | undefined;
}

/** The checks are in the order of pveproxy. Source: PVE/APIServer/AnyEvent.pm. */
export function refuse(request: IncomingMessage, gate: Gate): Reply | undefined {
  const { method = "", url = "", headers } = request;
  const { dialect, call, tokenFault } = gate;
  if (!METHODS.has(method)) return bareError(501, `method '${method}' not available`);
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    const text = coding.toLowerCase() === "chunked"
      ? "chunked transfer encoding not supported"
      : `Unknown transfer encoding '${coding}'`;
    return serverError(dialect, 501, text);
  }
  if (!call.isCall) {
    return url.startsWith("/api2")
      ? serverError(dialect, 501, "no such uri")
      : serverError(dialect, 500, `no such file '${call.path}'`);
  }
  // Source: PVE/HTTPServer.pm, auth_handler.
  const fault = tokenFault(headers.authorization);
  if (fault !== undefined) {
    const isFolded = dialect.foldsUnauthorized && fault !== NO_TOKEN;
    return bareError(401, isFolded ? "Authentication failed!" : fault);
  }
  const isEmpty = Number(headers["content-length"] ?? 0) === 0;
  if (!isEmpty && method !== "POST" && method !== "PUT") {
    return serverError(dialect, 501, `Unexpected content for method '${method}'`);
  }
  // The server is read-only.
  return method === "GET" ? undefined : notImplemented(dialect, `${method} ${call.path}`);
}
