/** PROXMOX_HOST in the formats of people and other tools. */
import { describe, expect, test } from "vitest";
import { parseHost, parseHosts } from "../../src/proxmox/host.ts";

describe("parseHost", () => {
  test.each<[string, object]>([
    ["pve1", { name: "pve1" }],
    [" pve1.example.net ", { name: "pve1.example.net" }],
    ["pve1:8007", { name: "pve1", port: 8007 }],
    ["192.0.2.1:443", { name: "192.0.2.1", port: 443 }],
    ["2001:db8::1", { name: "2001:db8::1" }],
    ["[2001:db8::1]", { name: "2001:db8::1" }],
    ["[2001:db8::1]:8006", { name: "2001:db8::1", port: 8006 }],
    ["https://pve1:8006/", { name: "pve1", port: 8006 }],
    ["https://pve1.example.net:8006/api2/json", { name: "pve1.example.net", port: 8006 }],
    ["HTTPS://[2001:db8::1]/api2", { name: "2001:db8::1" }],
  ])("parses %j", (text, host) => expect(parseHost(text)).toEqual(host));

  test.each([
    "",
    "pve 1",
    "pve1:",
    "pve1:0",
    "pve1:70000",
    "http://pve1",
    "https://pve1/elsewhere",
    "user:word@pve1",
    "https://user:word@pve1:8006",
    "[pve1]",
    "[2001:db8::1]x",
    "-pve",
  ])("rejects %j", (text) => expect(parseHost(text)).toBeUndefined());
});

test("parseHosts accepts a port for each host, and rejects the list if one is invalid", () => {
  expect(parseHosts("pve1, pve2:443")).toEqual([{ name: "pve1" }, { name: "pve2", port: 443 }]);
  expect(parseHosts("pve1,")).toBeUndefined();
  expect(parseHosts("")).toBeUndefined();
});
