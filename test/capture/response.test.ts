/** Secrets in answers are redacted before they are written; everything else is unchanged. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact, SECRETS } from "../../src/capture/response.ts";
import { anyValue } from "../helpers/arbitraries.ts";

function redacted(data: unknown): unknown {
  return redact({ status: 200, data }).data;
}

describe("capture redacts", () => {
  test.each<[string, unknown, unknown]>([
    ["the password of cloud-init", { cipassword: "hunter2" }, { cipassword: "[redacted]" }],
    ["the mask that Proxmox VE returns for it", { cipassword: "**********" }, {
      cipassword: "[redacted]",
    }],
    ["the environment of an OCI container", { env: "TOKEN=abc\0HOME=/" }, { env: "[redacted]" }],
    ["the environment in raw lines of LXC", {
      lxc: [["lxc.environment", "PASSWORD=abc"], ["lxc.environment.runtime", "A=b"], [
        "lxc.cap.drop",
        "",
      ]],
    }, {
      lxc: [["lxc.environment", "[redacted]"], ["lxc.environment.runtime", "[redacted]"], [
        "lxc.cap.drop",
        "",
      ]],
    }],
    [
      "keys and passwords in arguments of QEMU",
      { args: "-object secret,id=s0,data=Zm9v,format=base64 -vnc :1,password=on -smp 2" },
      {
        args:
          "-object secret,id=s0,data=[redacted],format=base64 -vnc :1,password=[redacted] -smp 2",
      },
    ],
    [
      "keys of wireless networks in an interfaces file",
      [{ iface: "wlan0", options: ["wpa-psk hunter2", "metric 200"], comments: "wpa-ssid x\n" }],
      [{ iface: "wlan0", options: ["wpa-psk [redacted]", "metric 200"], comments: "wpa-ssid x\n" }],
    ],
    ["a value whose key is named like a secret, at any depth", {
      a: [{ "api-secret": "x", adminPassword: 7, "private-key": "y", credentials: ["z", 1] }],
    }, {
      a: [{
        "api-secret": "[redacted]",
        adminPassword: "[redacted]",
        "private-key": "[redacted]",
        credentials: ["[redacted]", "[redacted]"],
      }],
    }],
  ])("%s", (_, data, expected) => expect(redacted(data)).toEqual(expected));

  test("secrets in keys next to the data", () => {
    const answer = redact({ status: 200, data: [], changes: "+\twpa-psk hunter2\n" } as never);
    expect(answer).toEqual({ status: 200, data: [], changes: "+\twpa-psk [redacted]\n" });
  });
});

describe("capture does not change", () => {
  test.each<[string, unknown]>([
    ["public keys", { sshkeys: "ssh-ed25519%20AAAA" }],
    ["an empty value", { cipassword: "", env: "" }],
    ["arguments without secrets", { args: "-cpu host,+aes -smbios type=1,serial=7" }],
    ["rights on a path that is named like a secret", {
      "/storage/secrets": { "Datastore.Audit": 1 },
    }],
    ["a list of two texts", { tags: ["lxc.environment", "b", "c"], pair: ["a", "b"] }],
    ["a description", { description: "password=hunter2" }],
  ])("%s", (_, data) => expect(redacted(data)).toEqual(data));

  test("an answer whose fields are not named like a secret", () => {
    const isNamed = (json: string): boolean =>
      SECRETS.some(({ field }) =>
        [...json.matchAll(/"([^"\\]*)":/g)].some(([, name = ""]) => field.test(name))
      );
    fc.assert(fc.property(anyValue(), (data) => {
      const json = JSON.stringify(data ?? null);
      fc.pre(!isNamed(json) && !json.includes("lxc.environment"));
      expect(JSON.stringify(redacted(data ?? null))).toBe(json);
    }));
  });
});

test("every row of the table of secrets has a reason", () => {
  for (const { why } of SECRETS) expect(why.length).toBeGreaterThan(10);
});
