/** Addresses and networks as numbers, parsed independently of src. */

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly length: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** "10.0.0.5/24", "2001:DB8::5%eth0/64"; undefined if it is not an address. */
export function parseCidr(text: string, mask?: string): Address | undefined {
  const [host = "", suffix = mask ?? ""] = text.trim().split("/");
  const bare = host.split("%")[0] ?? "";
  const family = bare.includes(":") ? 6 : 4;
  const value = family === 4 ? parse4(bare) : parse6(bare);
  const length = lengthOf(suffix);
  if (value === undefined || length === undefined || length > BITS[family]) return undefined;
  return { family, value, length };
}

/** Canonical, without its length. */
export function hostText({ family, value }: Address): string {
  return family === 4 ? text4(value) : text6(value);
}

export function cidrText(address: Address): string {
  return `${hostText(address)}/${address.length}`;
}

export function networkOf(address: Address): Address {
  const shift = BigInt(BITS[address.family] - address.length);
  return { ...address, value: (address.value >> shift) << shift };
}

export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

/** 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

/** Multicast, or 255.255.255.255: never the address of an interface. */
export function isGroup({ family, value }: Address): boolean {
  return family === 4 ? value >> 28n === 0xen || value === 0xffffffffn : value >> 120n === 0xffn;
}

/** The address of a host: not a network, broadcast, multicast or unspecified address. */
export function isAssignable(address: Address): boolean {
  const { family, value, length } = address;
  if (value === 0n || length === 0 || isGroup(address)) return false;
  if (BITS[family] - length <= 1) return true;
  const { value: network } = networkOf(address);
  const last = network + (1n << BigInt(BITS[family] - length)) - 1n;
  return value !== network && (family === 6 || value !== last);
}

export function isHostRoute({ family, length }: Address): boolean {
  return length === BITS[family];
}

/** "24", and "255.255.255.0". */
function lengthOf(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const mask = parse4(text);
  return mask === undefined ? undefined : mask.toString(2).replaceAll("0", "").length;
}

function parse4(text: string): bigint | undefined {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function text4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
}

/** The runtime gives the canonical spelling, whose eight groups make the number. */
function parse6(text: string): bigint | undefined {
  if (!URL.canParse(`http://[${text}]/`)) return undefined;
  const [head = "", tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::");
  const groups = (part: string): string[] => part.split(":").filter((group) => group !== "");
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right]
    .reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function text6(value: bigint): string {
  const hex = value.toString(16).padStart(32, "0").match(/.{4}/g) ?? [];
  return new URL(`http://[${hex.join(":")}]/`).hostname.slice(1, -1);
}
