/**
 * The proxy for a URL, as the Diode SDKs choose it: the loopback never goes through one.
 * Source: diode-sdk-python, client.py.
 */
import { usageError } from "../base/errors.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** @throws AppError "usage" for a proxy that is none; its text may hold a password and is not shown. */
export function proxyFor(url: URL, variables: Variables): URL | undefined {
  const names = url.protocol === "https:" ? ["HTTPS_PROXY", "HTTP_PROXY"] : ["HTTP_PROXY"];
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (LOOPBACK.has(host) || isExempt(host, url.port, valueOf("NO_PROXY", variables) ?? "")) {
    return undefined;
  }
  const name = names.find((each) => valueOf(each, variables) !== undefined);
  const text = name && valueOf(name, variables);
  if (!text) return undefined;
  const spelled = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(spelled) ? new URL(spelled) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw usageError(`Variable ${name} names no HTTP proxy`, {
    hint: "Allowed: a URL such as http://proxy.example.com:3128",
  });
}

/** An empty variable is how a pipeline says that it has none. */
function valueOf(name: string, variables: Variables): string | undefined {
  return variables[name] || variables[name.toLowerCase()] || undefined;
}

/** "example.com" and ".example.com" stand for all below it, too; "*" for everything. */
function isExempt(host: string, port: string, list: string): boolean {
  return list.split(/[\s,]+/).filter((entry) => entry !== "").some((entry) => {
    const [, name = "", only] = /^(.*?)(?::(\d+))?$/.exec(entry.replace(/^\*?\.(?=.)/, "")) ?? [];
    if (only !== undefined && only !== port) return false;
    return entry === "*" || host === name || host.endsWith(`.${name}`);
  });
}
