/** What differs between the releases of pveproxy, and its replies in the form of a release. */

export interface Dialect {
  readonly major: number;
  /** The body has the error text, too, as `message`. Since libpve-http-server-perl 5.2.0. */
  readonly hasMessage: boolean;
  /** Errors of the HTTP server have their text as the body. Since libpve-http-server-perl 5.2.0. */
  readonly hasPlainErrors: boolean;
  /** Since libpve-http-server-perl 5.1.0. */
  readonly hasDeflate: boolean;
  /** One text for all faults of a token. Since pve-manager 8.4.17 and 9.1.5. */
  readonly foldsUnauthorized: boolean;
  /** Bridges need SDN.Audit or SDN.Use. Source: PVE/API2/Network.pm, index. */
  readonly hidesBridges: boolean;
  /** Has /nodes/{node}/lxc/{vmid}/interfaces. Since pve-container 5.0.6. */
  readonly hasLxcInterfaces: boolean;
}

/** Assumed for a snapshot without a version. */
const NEWEST = 9_002_000;

export function dialectOf(version = NEWEST): Dialect {
  const isSince = (release: number): boolean => version >= release;
  return {
    major: Math.floor(version / 1_000_000),
    hasMessage: isSince(8_004_000),
    hasPlainErrors: isSince(8_004_000),
    hasDeflate: isSince(8_002_000),
    foldsUnauthorized: isSince(9_001_005) || (isSince(8_004_017) && !isSince(9_000_000)),
    hidesBridges: isSince(8_000_000),
    hasLxcInterfaces: isSince(8_001_000),
  };
}

/** "9.1.4", or "7.4-16" up to PVE 7 → 9_001_004, 7_004_016: such numbers can be compared. */
export function parseVersion(text: string): number | undefined {
  const [, major, minor, patch = 0] = /^(\d+)\.(\d+)(?:[.-](\d+))?/.exec(text) ?? [];
  return major === undefined
    ? undefined
    : Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch);
}

export interface Reply {
  readonly status: number;
  /** One line: the reason phrase, where Proxmox VE puts error texts. */
  readonly reason: string;
  /** The body as JSON. */
  readonly envelope?: object;
  /** The body, if it is not JSON. */
  readonly text?: string;
  /** Content type of `text`; pveproxy sends none. */
  readonly textType?: string;
  readonly retryAfterSeconds?: number;
  /** Close the connection in the middle of the body. */
  readonly isCut?: true;
}

/** No HTTP answer: silence, or a reset connection. */
interface Drop {
  readonly drop: "silence" | "reset";
}

export type ReplyOrDrop = Reply | Drop;

/** `envelope`: `data` and other keys, such as `changes`. */
export function success(envelope: object): Reply {
  return { status: 200, reason: "OK", envelope };
}

/** The only error that Perl does not throw; thrown texts end in a newline. */
const NOT_IMPLEMENTED = 501;

/** An error of the API itself. Source: PVE/APIServer/Formatter/Standard.pm, prepare_response_data. */
export function apiError(dialect: Dialect, status: number, text: string): Reply {
  const thrown = status === NOT_IMPLEMENTED ? text : `${text}\n`;
  const message = dialect.hasMessage ? { message: thrown } : {};
  return { status, reason: firstLine(text), envelope: { data: null, ...message } };
}

/** `call`: "GET /nodes/pve1/dns". Source: PVE/HTTPServer.pm, rest_handler. */
export function notImplemented(dialect: Dialect, call: string): Reply {
  return apiError(dialect, NOT_IMPLEMENTED, `Method '${call}' not implemented`);
}

/** Refused by the HTTP server before the API is called. Source: PVE/APIServer/AnyEvent.pm, error. */
export function serverError(dialect: Dialect, status: number, text: string): Reply {
  const reply = { status, reason: firstLine(text) };
  return dialect.hasPlainErrors ? { ...reply, text } : reply;
}

/** A status line without a body: an invalid token, or a node that the proxy cannot reach. */
export function bareError(status: number, text: string): Reply {
  return { status, reason: firstLine(text) };
}

export function isDrop(outcome: ReplyOrDrop): outcome is Drop {
  return "drop" in outcome;
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? "";
}
