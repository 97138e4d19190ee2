/** Settings of NetBox: allowed values, and secrets that are never shown. */
import { describe, expect, test } from "vitest";
import { AppError } from "../../../src/base/errors.ts";
import { type NetBoxTexts, parseNetBoxSettings } from "../../../src/netbox/rest/settings.ts";

const GOOD = { NETBOX_URL: "https://netbox.example.com", NETBOX_TOKEN: "nbt_a.s3cret" };

function errorOf(texts: NetBoxTexts): AppError {
  try {
    parseNetBoxSettings({ ...GOOD, ...texts });
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  }
  throw new Error("Expected an error");
}

test.each([
  ["https://netbox.example.com", "https://netbox.example.com"],
  ["https://netbox.example.com/", "https://netbox.example.com"],
  ["https://netbox.example.com/api/", "https://netbox.example.com"],
  ["http://10.0.0.5:8000/netbox/", "http://10.0.0.5:8000/netbox"],
  ["https://[2001:db8::1]/base/api", "https://[2001:db8::1]/base"],
])("NETBOX_URL=%s means NetBox at %s", (text, url) => {
  expect(parseNetBoxSettings({ ...GOOD, NETBOX_URL: text }).url).toBe(url);
});

describe("a wrong setting is rejected", () => {
  test.each<[NetBoxTexts, string]>([
    [{ NETBOX_URL: undefined }, "NETBOX_URL (--netbox) is required"],
    [{ NETBOX_URL: "netbox" }, "NETBOX_URL (--netbox) is not an http:// or https:// URL"],
    [{ NETBOX_URL: "ftp://netbox" }, "NETBOX_URL (--netbox) is not an http:// or https:// URL"],
    [{ NETBOX_URL: "https://netbox?x=1" }, "NETBOX_URL (--netbox) contains a query"],
    [{ NETBOX_TOKEN: undefined }, "NETBOX_TOKEN (--netbox-token-file) is required"],
    [{ NETBOX_TOKEN: "  " }, "NETBOX_TOKEN (--netbox-token-file) is required"],
    [{ NETBOX_TOKEN: "a b c" }, "NETBOX_TOKEN contains a blank"],
    [{ NETBOX_TOKEN: "a\nb" }, "NETBOX_TOKEN contains a blank"],
    [{ NETBOX_SKIP_TLS_VERIFY: "maybe" }, "NETBOX_SKIP_TLS_VERIFY (--"],
    [{ NETBOX_CONCURRENCY: "0" }, "NETBOX_CONCURRENCY (--"],
    [{ NETBOX_CONCURRENCY: "17" }, "NETBOX_CONCURRENCY (--"],
    [{ NETBOX_TIMEOUT: "0" }, "NETBOX_TIMEOUT (--"],
    [{ NETBOX_MAX_RETRIES: "-1" }, "NETBOX_MAX_RETRIES (--"],
    [{ NETBOX_RETRY_DELAY: "soon" }, "NETBOX_RETRY_DELAY (--"],
  ])("with what is allowed: %j", (texts, message) => {
    const { kind, message: text, hint } = errorOf(texts);
    expect([kind, text.slice(0, message.length)]).toEqual(["usage", message]);
    expect(hint ?? /must be .+/.exec(text)?.[0]).toBeTruthy();
  });

  test.each<NetBoxTexts>([
    { NETBOX_URL: "https://me:s3cret@netbox.example.com" },
    { NETBOX_URL: "me:s3cret@netbox" },
    { NETBOX_TOKEN: "s3cret and more" },
  ])("without its secret in the error: %j", (texts) => {
    const { message, hint, cause } = errorOf(texts);
    expect(`${message} ${hint} ${String(cause)}`).not.toContain("s3cret");
  });
});
