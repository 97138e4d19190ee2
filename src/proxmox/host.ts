/** The settings PROXMOX_HOST and `nodes`: hosts of the API, and the nodes in scope. */

export interface Host {
  /** Without brackets: "pve1.example.net", "192.0.2.1", "2001:db8::1". */
  readonly name: string;
  readonly port?: number;
}

const NAME_REGEXP = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;
const IPV6_REGEXP = /^[0-9a-f:.]*:[0-9a-f:.]*$/i;
// Terraform providers and Ansible take the address of the API instead of a host.
const URL_REGEXP = /^https:\/\/([^/]+)(?:\/api2(?:\/json)?)?\/?$/i;

/**
 * "pve1", "pve1:8006", "[2001:db8::1]:8006", "https://pve1:8006/api2/json" → its parts; undefined for
 * other texts.
 */
export function parseHost(text: string): Host | undefined {
  const authority = URL_REGEXP.exec(text.trim())?.[1] ?? text.trim();
  const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(authority) ??
    [];
  const name = bracketed ?? bare ?? authority;
  const isHost = IPV6_REGEXP.test(name) || (bracketed === undefined && NAME_REGEXP.test(name));
  const port = digits === undefined ? undefined : Number(digits);
  if (!isHost || port === 0 || (port !== undefined && port > 65_535)) return undefined;
  return { name, ...(port === undefined ? {} : { port }) };
}

/** "pve1, pve2" → both; undefined for an empty list, or when one of them is not a host. */
export function parseHosts(text: string): readonly [Host, ...Host[]] | undefined {
  const hosts = text.split(",").map(parseHost);
  const [first, ...others] = hosts.flatMap((host) => host ?? []);
  return first === undefined || hosts.includes(undefined) ? undefined : [first, ...others];
}

/** "pve1, pve2" → both; "*" → no set: all nodes. @throws RangeError that says what is wrong. */
export function parseScope(text: string): { readonly names: ReadonlySet<string> | undefined } {
  const names = new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""));
  if (names.size === 0) throw new RangeError("it is empty");
  if (!names.has("*")) return { names };
  if (names.size > 1) throw new RangeError('"*" cannot be combined with node names');
  return { names: undefined };
}
