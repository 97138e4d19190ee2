/** "grpcs://diode.example.com/diode" → where the calls and the token requests go. */
import { usageError } from "../kernel/errors.ts";
import { digest } from "../kernel/digest.ts";

export interface Target {
  /** What names the server, whatever the scheme: "diode.example.com:443/diode". */
  readonly name: string;
  /** With the path prefix and no slash behind it: "https://diode.example.com:443/diode". */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly isTls: boolean;
  /** The scheme that means the same, with TLS instead of without, or the other way: "grpcs://". */
  readonly twinScheme: string;
  readonly host: string;
  readonly port: number;
}

/** TABLE: a scheme of the official SDKs → what it means. Source: diode-sdk-python, client.py. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  "grpc:": { isTls: false, port: 80, twin: "grpcs:" },
  "grpcs:": { isTls: true, port: 443, twin: "grpc:" },
  "http:": { isTls: false, port: 80, twin: "https:" },
  "https:": { isTls: true, port: 443, twin: "http:" },
};

interface Scheme {
  readonly isTls: boolean;
  readonly port: number;
  readonly twin: string;
}

const HINT =
  "Allowed: grpc://, grpcs://, http:// or https://, a host, a port if it is not the scheme's own, " +
  "and the path before Diode's, such as grpcs://diode.example.com/diode";

/** @throws AppError "usage" when it is no target. */
export function parseTarget(text: string): Target {
  // A wrong target may hold a password: it is not shown before it is known to hold none.
  if (!URL.canParse(text)) throw usageError("Setting DIODE_TARGET is no URL", { hint: HINT });
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    throw usageError("Setting DIODE_TARGET holds a user name or a password", {
      hint: "Diode's credentials are DIODE_CLIENT_ID and DIODE_CLIENT_SECRET",
    });
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined || url.hostname === "" || url.search !== "" || url.hash !== "") {
    throw usageError(`Setting DIODE_TARGET is "${url.protocol}//${url.host}${url.pathname}"`, {
      hint: HINT,
    });
  }
  // As an http URL, the host is spelled in one way; a port that is not there is the scheme's own.
  const port = Number(url.port || scheme.port);
  const host = new URL(`http://${url.host}`).hostname;
  const path = url.pathname.replace(/\/+$/, "");
  const authority = `${host}:${port}`;
  const baseUrl = `${scheme.isTls ? "https" : "http"}://${authority}${path}`;
  return {
    name: `${authority}${path}`,
    baseUrl,
    tokenUrl: `${baseUrl}/auth/token`,
    isTls: scheme.isTls,
    twinScheme: `${scheme.twin}//`,
    host: host.replace(/^\[|\]$/g, ""),
    port,
  };
}

/** What files about the target are called: "diode.example.com_443_diode". */
export function fileNameOf({ name }: Target): string {
  const plain = name.replace(/[:/]/g, "_").replace(/[^\w.-]/g, "-");
  const isFaithful = /^[a-z0-9.-]+:\d+(?:\/[a-zA-Z0-9.-]+)?$/.test(name);
  return isFaithful ? plain : `${plain.slice(0, 80)}-${digest(name).slice(0, 8)}`;
}
