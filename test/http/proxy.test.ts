/** The proxy for a URL, from HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
import { describe, expect, test } from "vitest";
import { proxyFor } from "../../src/http/proxy.ts";

const SECRET = "s3cr3t-value";

describe("the proxy from the environment", () => {
  const of = (url: string, variables: Record<string, string>): string | undefined =>
    proxyFor(new URL(url), variables)?.href;

  test.each([
    ["https://d.example.com", { HTTPS_PROXY: "http://p:3128" }, "http://p:3128/"],
    ["https://d.example.com", { https_proxy: "p:3128" }, "http://p:3128/"],
    ["https://d.example.com", { HTTP_PROXY: "http://p:3128" }, "http://p:3128/"],
    ["http://d.example.com", { HTTPS_PROXY: "http://p:3128" }, undefined],
    ["http://d.example.com", { HTTP_PROXY: "", http_proxy: "http://q" }, "http://q/"],
    ["http://localhost:8080", { HTTP_PROXY: "http://p" }, undefined],
    ["http://127.0.0.1", { HTTP_PROXY: "http://p" }, undefined],
    ["http://[::1]", { HTTP_PROXY: "http://p" }, undefined],
    ["http://d.example.com", { HTTP_PROXY: "http://p", NO_PROXY: "example.com" }, undefined],
    ["http://d.example.com", { HTTP_PROXY: "http://p", NO_PROXY: "x, .example.com" }, undefined],
    ["http://d.example.com", { HTTP_PROXY: "http://p", no_proxy: "*" }, undefined],
    ["http://d.example.com", { HTTP_PROXY: "http://p", NO_PROXY: "ample.com" }, "http://p/"],
    ["http://d.com:81", { HTTP_PROXY: "http://p", NO_PROXY: "d.com:81" }, undefined],
    ["http://d.com:81", { HTTP_PROXY: "http://p", NO_PROXY: "d.com:82" }, "http://p/"],
  ])("for %s with %j is %s", (url, variables, proxy) => {
    expect(of(url, variables)).toBe(proxy);
  });

  test("is rejected when it is invalid, without printing its secret", () => {
    for (const text of [`socks5://u:${SECRET}@p`, `http://:${SECRET}:@`]) {
      expect(() => of("https://h", { HTTPS_PROXY: text })).toThrow("HTTPS_PROXY");
      expect(() => of("https://h", { HTTPS_PROXY: text })).not.toThrow(SECRET);
    }
  });
});
