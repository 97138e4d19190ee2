/** "10.0.0.5", 24 → { family: 4, host: "10.0.0.5", cidr: "10.0.0.5/24", prefixLength: 24 }. */
import ipaddr from "ipaddr.js";

export interface Address {
  readonly family: 4 | 6;
  /** Canonical, without a mask; IPv6 as in RFC 5952. NetBox knows an address by it. */
  readonly host: string;
  readonly cidr: string;
  readonly prefixLength: number;
}

/** Why NetBox gets no address: reason codes of left-out.json. */
export type AddressReason =
  | "bad-prefix"
  | "link-local"
  | "loopback"
  | "not-assignable"
  | "unparsable";

type Ip = ReturnType<typeof ipaddr.parse>;

/** The address, or the first reason why NetBox would refuse it. */
export function parseAddress(host: unknown, prefixLength: unknown): Address | AddressReason {
  const ip = parseIp(host);
  if (ip === undefined) return "unparsable";
  const bytes = ip.toByteArray();
  if (isLoopback(bytes)) return "loopback";
  if (isLinkLocal(bytes)) return "link-local";
  const length = parsePrefixLength(prefixLength, bytes.length * 8);
  if (length === undefined) return "bad-prefix";
  if (isRefused(bytes, length)) return "not-assignable";
  const text = textOf(ip);
  return {
    family: bytes.length === 4 ? 4 : 6,
    host: text,
    // In one piece, which JSON.stringify is twice as fast with as with two that were put together.
    cidr: [text, length].join("/"),
    prefixLength: length,
  };
}

/** Does the text name an address, whatever NetBox thinks of it? */
export function isReadable(address: Address | string): boolean {
  return address !== "unparsable" && address !== "bad-prefix";
}

/** "10.0.0.5", 24 → "10.0.0.0/24": the network, also of an address that NetBox assigns to nothing. */
export function networkOf(host: unknown, prefixLength: unknown): string | undefined {
  const ip = parseIp(host);
  const bytes = ip?.toByteArray() ?? [];
  const length = parsePrefixLength(prefixLength, bytes.length * 8);
  // NetBox gets no network for /0, unspecified, multicast, loopback and link-local addresses.
  if (length === undefined || length === 0 || bytes.every((byte) => byte === 0)) return undefined;
  if (isGroup(bytes)) return undefined;
  if (isLoopback(bytes) || isLinkLocal(bytes)) return undefined;
  const network = bytes.map((byte, i) => byte & maskByte(length, i));
  return `${textOf(ipaddr.fromByteArray(network))}/${length}`;
}

/** "10.0.0.5/24" → ["10.0.0.5", "24"]; without a mask the second is undefined. */
export function splitCidr(text: string): readonly [string, string | undefined] {
  const slash = text.indexOf("/");
  return slash === -1 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
}

/** "2001:DB8:0::1%eth0" → "2001:db8::1", as NetBox gets it; undefined for what is no address. */
export function canonicalHost(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && textOf(ip);
}

const FOUR_PARTS_REGEXP = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/**
 * "10.0.0.5", "fe80::1%eth0" → parsed. The shorthands of inet_aton ("10.1", "0x0a.1") are refused
 * before ipaddr.js sees them, and so is whatever would make it throw, which costs more than all else.
 */
function parseIp(host: unknown): Ip | undefined {
  if (typeof host !== "string") return undefined;
  try {
    if (host.includes(":")) return ipaddr.IPv6.parse(inHexadecimal(host.split("%", 1)[0] ?? ""));
    return FOUR_PARTS_REGEXP.test(host) ? ipv4Of(host) : undefined;
  } catch {
    return undefined;
  }
}

/** "::10.0.0.5" → "::a00:5": ipaddr.js takes any IPv6 address with an IPv4 tail for a mapped one. */
function inHexadecimal(host: string): string {
  const colon = host.lastIndexOf(":") + 1;
  const tail = host.slice(colon);
  if (!tail.includes(".")) return host;
  if (!FOUR_PARTS_REGEXP.test(tail)) return "";
  const [a = 0, b = 0, c = 0, d = 0] = ipv4Of(tail).octets;
  return `${host.slice(0, colon)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** What FOUR_PARTS_REGEXP lets through; ipaddr.js would read it with ten more. Throws above 255. */
function ipv4Of(host: string): ipaddr.IPv4 {
  return new ipaddr.IPv4(host.split(".").map(Number));
}

/** RFC 5952, whose section 5 has mapped addresses as "::ffff:10.0.0.5". */
function textOf(ip: Ip): string {
  if (!("toRFC5952String" in ip)) return ip.toString();
  // To ask ipaddr.js is to go through all of its ranges.
  const isMapped = ip.parts[0] === 0 && ip.isIPv4MappedAddress();
  return isMapped ? `::ffff:${ip.toIPv4Address()}` : ip.toRFC5952String();
}

function wholeNumber(value: unknown): number | undefined {
  const isWritten = typeof value === "string" && /^\s*\d+\s*$/.test(value);
  const parsed = isWritten ? Number(value) : value;
  return typeof parsed === "number" && Number.isSafeInteger(parsed) && parsed >= 0
    ? parsed
    : undefined;
}

/** 24, "24" and, of IPv4, "255.255.255.0" → 24. */
function parsePrefixLength(value: unknown, full: number): number | undefined {
  const isMask = typeof value === "string" && value.includes(".") && full === 32;
  const mask = isMask ? parseIp(value) : undefined;
  const length = isMask ? mask?.prefixLengthFromSubnetMask() : wholeNumber(value);
  return length === null || length === undefined || length > full ? undefined : length;
}

function isLoopback(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes[15] === 1 && bytes.slice(0, 15).every((byte) => byte === 0);
}

/** 169.254.0.0/16 and fe80::/10. */
function isLinkLocal(bytes: readonly number[]): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 4) return first === 169 && second === 254;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** Multicast (224.0.0.0/4, ff00::/8; RFC 5771, RFC 4291) and 255.255.255.255: never one interface's. */
function isGroup(bytes: readonly number[]): boolean {
  const [first = 0] = bytes;
  if (bytes.length !== 4) return first === 0xff;
  return (first & 0xf0) === 0xe0 || bytes.every((byte) => byte === 0xff);
}

/**
 * /0, the network itself, the IPv4 broadcast, the address of nothing, and that of many; a network of
 * one or two addresses has neither network nor broadcast.
 * Source: netbox ipam/models/ip.py, IPAddress.clean.
 */
function isRefused(bytes: readonly number[], length: number): boolean {
  if (length === 0 || bytes.every((byte) => byte === 0) || isGroup(bytes)) return true;
  if (length >= bytes.length * 8 - 1) return false;
  const isNetwork = bytes.every((byte, i) => (byte & ~maskByte(length, i)) === 0);
  const isBroadcast = bytes.every((byte, i) => (byte | maskByte(length, i)) === 0xff);
  return isNetwork || (bytes.length === 4 && isBroadcast);
}

/** The i-th byte of the mask of a prefix length. */
function maskByte(length: number, i: number): number {
  const bits = Math.min(8, Math.max(0, length - i * 8));
  return (0xff << (8 - bits)) & 0xff;
}

/** "10.0.0.5/24" → "10.0.0.5" */
export function hostOf(address: string): string {
  return address.split("/", 1)[0] ?? "";
}

/** With the mask. */
export function isSameAddress(a: string, b: string): boolean {
  return isSameHost(a, b) && a.slice(hostOf(a).length) === b.slice(hostOf(b).length);
}

/** Whatever the mask. */
export function isSameHost(a: string, b: string): boolean {
  return spelled(hostOf(a)) === spelled(hostOf(b));
}

function spelled(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.parse(host).toNormalizedString() : host;
}
