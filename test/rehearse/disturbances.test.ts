/** Options of `serve` → the disturbances of the server. */
import { expect, test } from "vitest";
import { readDisturbances } from "../../src/rehearse/serve/command.ts";
import type { Session } from "../../src/terminal/session.ts";

function optionsOf(options: Readonly<Record<string, string>>): Pick<Session, "option"> {
  return { option: (name) => options[name] };
}

test("serve has no disturbances without options", () => {
  expect(readDisturbances(optionsOf({ port: "8006", seed: "7" }))).toEqual({});
});

test.each([
  ["latency", "20ms", { latencyMs: 20 }],
  ["latency", "1.5s", { latencyMs: 1500 }],
  ["slow-agent", "1m", { slowAgentMs: 60_000 }],
  ["retry-after", "1500ms", { retryAfterSeconds: 2 }],
  ["offline", "pve1, pve2", { offline: ["pve1", "pve2"] }],
  ["expire-token", "50", { expireTokenAfter: 50 }],
  ["move", "101:pve2,104", { moves: [{ vmid: 101, node: "pve2" }, { vmid: 104 }] }],
  ["deny", "VM.Audit,Sys.Audit:/nodes/pve1,SDN.Audit:/*", {
    denials: [
      { privilege: "VM.Audit" },
      { privilege: "Sys.Audit", path: "/nodes/pve1" },
      { privilege: "SDN.Audit", path: "/", isBelow: true },
    ],
  }],
  ["fail", "503:0.05,reset:.1,cutx2@/nodes/*", {
    faults: [
      { name: "503", share: 0.05 },
      { name: "reset", share: 0.1 },
      { name: "cut", first: 2, path: "/nodes/*" },
    ],
  }],
])("serve parses --%s=%s", (name, text, expected) => {
  expect(readDisturbances(optionsOf({ [name]: text }))).toEqual(expected);
});

test.each([
  ["latency", "20", 'must be a time such as 500ms, 30s or 2m, not "20"'],
  ["latency", "-1s", 'must be a time such as 500ms, 30s or 2m, not "-1s"'],
  ["slow-agent", "soon", 'must be a time such as 500ms, 30s or 2m, not "soon"'],
  ["retry-after", "1h", 'must be a time such as 500ms, 30s or 2m, not "1h"'],
  ["offline", "pve1,,pve2", 'must be one value, or several separated by commas, not ""'],
  ["expire-token", "never", 'must be a whole number, 0 or more, not "never"'],
  ["fail", "", 'must be one value, or several separated by commas, not ""'],
])("serve rejects --%s=%s with what is allowed", (name, text, message) => {
  expect(() => readDisturbances(optionsOf({ [name]: text }))).toThrow(
    expect.objectContaining({ kind: "usage", message: `Option --${name} ${message}` }),
  );
});

test.each([
  ["move", "101-pve2", "Write a VMID and a node"],
  ["deny", "Audit", "Write a privilege such as VM.Audit"],
  ["fail", "503", "Write one of 429, 500"],
])("serve rejects --%s=%s and says what to write", (name, text, hint) => {
  expect(() => readDisturbances(optionsOf({ [name]: text }))).toThrow(expect.objectContaining({
    kind: "usage",
    message: expect.stringContaining(`"${text}"`) as string,
    hint: expect.stringContaining(hint) as string,
  }));
});
