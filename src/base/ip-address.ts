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

/** Of an address: four bytes, or sixteen. */
type Bytes = readonly number[];

/** The address, or the first reason why NetBox would refuse it. */
export function parseAddress(host: unknown, prefixLength: unknown): Address | AddressReason {
  const bytes = bytesOf(host);
  if (bytes === undefined) return "unparsable";
  if (isLoopback(bytes)) return "loopback";
  if (isLinkLocal(bytes)) return "link-local";
  const length = parsePrefixLength(prefixLength, bytes.length * 8);
  if (length === undefined) return "bad-prefix";
  if (isRefused(bytes, length)) return "not-assignable";
  const text = textOf(bytes);
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
  const bytes = bytesOf(host) ?? [];
  const length = parsePrefixLength(prefixLength, bytes.length * 8);
  // NetBox gets no network for /0, unspecified, multicast, loopback and link-local addresses.
  if (length === undefined || length === 0 || isAll(0, bytes)) return undefined;
  if (isGroup(bytes)) return undefined;
  if (isLoopback(bytes) || isLinkLocal(bytes)) return undefined;
  const network = bytes.map((byte, i) => byte & maskByte(length, i));
  return `${textOf(network)}/${length}`;
}

/** "10.0.0.5/24" → ["10.0.0.5", "24"]; without a mask the second is undefined. */
export function splitCidr(text: string): readonly [string, string | undefined] {
  const slash = text.indexOf("/");
  return slash === -1 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
}

/** "2001:DB8:0::1%eth0" → "2001:db8::1", as NetBox gets it; undefined for what is no address. */
export function canonicalHost(text: string): string | undefined {
  const bytes = bytesOf(text);
  return bytes && textOf(bytes);
}

const FOUR_PARTS_REGEXP = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/**
 * "10.0.0.5", "fe80::1%eth0" → bytes. IPv4 is read here, as ipaddr.js also takes the shorthands of inet_aton
 * ("10.1", "0x0a.1"); and whatever would make it throw is refused first, since that costs more than all else.
 */
function bytesOf(host: unknown): Bytes | undefined {
  if (typeof host !== "string") return undefined;
  if (!host.includes(":")) return ipv4Bytes(host);
  try {
    return ipaddr.IPv6.parse(inHexadecimal(host.split("%", 1)[0] ?? "")).toByteArray();
  } catch {
    return undefined;
  }
}

function ipv4Bytes(host: string): Bytes | undefined {
  if (!FOUR_PARTS_REGEXP.test(host)) return undefined;
  const bytes = host.split(".").map(Number);
  return bytes.some((byte) => byte > 255) ? undefined : bytes;
}

/** "::10.0.0.5" → "::a00:5": ipaddr.js takes any IPv6 address with an IPv4 tail for a mapped one. */
function inHexadecimal(host: string): string {
  if (!host.includes(".")) return host;
  const colon = host.lastIndexOf(":") + 1;
  const bytes = ipv4Bytes(host.slice(colon));
  if (bytes === undefined) return "";
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return `${host.slice(0, colon)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** RFC 5952, whose section 5 has mapped addresses as "::ffff:10.0.0.5". */
function textOf(bytes: Bytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const isMapped = bytes[0] === 0 && isAll(0, bytes.slice(0, 10)) &&
    isAll(0xff, bytes.slice(10, 12));
  return isMapped
    ? `::ffff:${bytes.slice(12).join(".")}`
    : new ipaddr.IPv6([...bytes]).toRFC5952String();
}

function isAll(value: number, bytes: Bytes): boolean {
  return bytes.every((byte) => byte === value);
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
  const length = isMask ? maskLength(ipv4Bytes(value)) : wholeNumber(value);
  return length === undefined || length > full ? undefined : length;
}

/** [255, 255, 255, 0] → 24; undefined for bytes that are no mask. */
function maskLength(bytes: Bytes = []): number | undefined {
  for (let length = 0; length <= 32 && bytes.length === 4; length += 1) {
    if (bytes.every((byte, i) => byte === maskByte(length, i))) return length;
  }
  return undefined;
}

function isLoopback(bytes: Bytes): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes[0] === 0 && bytes[15] === 1 && isAll(0, bytes.slice(0, 15));
}

/** 169.254.0.0/16 and fe80::/10. */
function isLinkLocal(bytes: Bytes): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 4) return first === 169 && second === 254;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** Multicast (224.0.0.0/4, ff00::/8; RFC 5771, RFC 4291) and 255.255.255.255: never one interface's. */
function isGroup(bytes: Bytes): boolean {
  const [first = 0] = bytes;
  if (bytes.length !== 4) return first === 0xff;
  return (first & 0xf0) === 0xe0 || isAll(0xff, bytes);
}

/**
 * /0, the network itself, the IPv4 broadcast, the address of nothing, and that of many; a network of
 * one or two addresses has neither network nor broadcast.
 * Source: netbox ipam/models/ip.py, IPAddress.clean.
 */
function isRefused(bytes: Bytes, length: number): boolean {
  if (length === 0 || isAll(0, bytes) || isGroup(bytes)) return true;
  if (length >= bytes.length * 8 - 1) return false;
  let [isNetwork, isBroadcast] = [true, bytes.length === 4];
  // The bytes before are of the network alone.
  for (let i = Math.floor(length / 8); i < bytes.length; i += 1) {
    const hostBits = 0xff & ~maskByte(length, i);
    const host = (bytes[i] ?? 0) & hostBits;
    isNetwork &&= host === 0;
    isBroadcast &&= host === hostBits;
  }
  return isNetwork || isBroadcast;
}

/** The i-th byte of the mask of a prefix length. */
function maskByte(length: number, i: number): number {
  const bits = Math.min(8, Math.max(0, length - i * 8));
  return (0xff << (8 - bits)) & 0xff;
}

/** An address or a network as numbers, for many comparisons: one word of 32 bits, or four. */
type Words = readonly number[];

export interface Network {
  readonly words: Words;
  readonly masks: Words;
  readonly prefixLength: number;
}

/** "10.0.0.5" → [167772165]; undefined for what is no address. */
export function wordsOf(host: string): Words | undefined {
  const bytes = bytesOf(host);
  return bytes && asWords(bytes);
}

function asWords(bytes: Bytes): Words {
  const words: number[] = [];
  for (let i = 0; i < bytes.length; i += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(i, i + 4);
    words.push(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  }
  return words;
}

/**
 * "10.0.0.0/8"; an address alone is a network of one address. Undefined for what is neither.
 * @throws RangeError that names the network, if the text has bits beyond its mask.
 */
export function parseNetwork(text: string): Network | undefined {
  const [host, mask] = splitCidr(text);
  const bytes = host.includes("%") ? undefined : bytesOf(host);
  if (bytes === undefined) return undefined;
  const full = bytes.length * 8;
  const prefixLength = mask === undefined ? full : parsePrefixLength(mask, full);
  if (prefixLength === undefined) return undefined;
  const masks = bytes.map((_, i) => maskByte(prefixLength, i));
  const network = bytes.map((byte, i) => byte & (masks[i] ?? 0));
  if (network.some((byte, i) => byte !== bytes[i])) {
    throw new RangeError(`${textOf(network)}/${prefixLength}`);
  }
  return { words: asWords(bytes), masks: asWords(masks), prefixLength };
}

export function isInNetwork(address: Words, { words, masks }: Network): boolean {
  if (address.length !== words.length) return false;
  for (let i = 0; i < words.length; i += 1) {
    if ((((address[i] ?? 0) & (masks[i] ?? 0)) >>> 0) !== words[i]) return false;
  }
  return true;
}

/** The network of this size that an address of the same family is in. */
export function maskedWords(address: Words, { masks }: Network): Words {
  return address.map((word, i) => (word & (masks[i] ?? 0)) >>> 0);
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
