/** Reasons for missing answers of the guest agent, shared by capture, transform and diff. */
import { describe, expect, test } from "vitest";
import { diffSnapshots } from "../../src/look/diff/diff-snapshots.ts";
import {
  agentFact,
  agentResultOf,
  type Answer,
  CAUSES,
  hiddenRows,
  incompleteOf,
  isFailure,
  isUnreachable,
  missingText,
  objectOf,
  rowsOf,
  type UnreadReason,
} from "../../src/proxmox/answers.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { captured, liveLab } from "../helpers/capturing.ts";
import { transformed } from "../helpers/in-memory.ts";
import { lab } from "../helpers/lab.ts";
import { served } from "../helpers/serving.ts";

const OSINFO = PATHS.osinfo({ node: "pve1", kind: "qemu", vmid: 101 });

function error(text: string, status = 500): Answer {
  return { status, error: text };
}

/** Source: PVE/API2/Qemu/Agent.pm and PVE/QemuServer.pm of several releases. */
const FACTS: readonly (readonly [string, UnreadReason])[] = [
  ["QEMU guest agent is not running", "agent-not-running"],
  ["VM 101 qga command 'guest-get-osinfo' failed - got timeout", "agent-not-running"],
  ["VM 101 qmp command 'guest-ping' failed - got timeout", "agent-not-running"],
  ["No QEMU guest agent configured", "agent-off"],
  ["VM 101 is not running", "guest-stopped"],
  ["VM 101 not running", "guest-stopped"],
];

describe.each(FACTS)('the guest agent error "%s"', (text, reason) => {
  const guest = { vmid: 101, config: { agent: "1" } };

  test("is a fact about the guest, not a gap", () => {
    expect(agentFact(error(text))).toBe(reason);
    expect(incompleteOf(OSINFO, error(text))).toBeUndefined();
    expect(agentResultOf(error(text))).toMatchObject({ reason });
  });

  test("leaves a capture complete", async () => {
    const answers = { osinfo: error(text), interfaces: error(text) };
    const { summary } = await captured(
      await served(liveLab({ guests: [{ ...guest, ...answers }] })),
    );
    expect([summary.manifest.outcome, summary.gaps]).toEqual(["complete", []]);
  });

  test("has the same reason in left-out.json and in diff", async () => {
    const answers = { osinfo: error(text), interfaces: error(text) };
    const { leftOut } = await transformed(lab({ guests: [{ ...guest, ...answers }] }));
    expect(leftOut.map((each) => [each.what, each.reason])).toEqual([["vm/101/agent", reason]]);
    const before = lab({
      guests: [{ ...guest, osinfo: { name: "Debian" }, interfaces: [{ name: "ens18" }] }],
    });
    const { unread, gone } = await diffSnapshots(
      before,
      lab({ guests: [{ ...guest, ...answers }] }),
    );
    expect(gone).toEqual([]);
    expect(new Set(unread.map((each) => each.reason))).toEqual(new Set([reason]));
  });
});

test.each<[string, Answer]>([
  ["another error", error("unable to parse the answer")],
  ["the same error with another status", error("VM 101 not running", 596)],
])("%s of the guest agent is a gap", (_, answer) => {
  expect(incompleteOf(OSINFO, answer)).toBeDefined();
});

test("the same error of another API path is a gap", () => {
  expect(incompleteOf("/nodes/pve1/status", error("VM 101 not running"))).toBeDefined();
});

/** Which answers are gaps, and their causes. */

const CONFIG = "/nodes/pve1/qemu/101/config";
const AGENT = "/nodes/pve1/qemu/101/agent/get-osinfo";
const LIVE = "/nodes/pve1/lxc/201/interfaces";

describe("incompleteOf is undefined for", () => {
  test.each<[string, Answer]>([
    [CONFIG, { status: 200, data: {} }],
    [LIVE, { status: 200, data: null }],
    [AGENT, { skipped: "agent-off" }],
    [AGENT, { skipped: "agent-not-running" }],
    [AGENT, { skipped: "guest-stopped" }],
    [CONFIG, { skipped: "template" }],
    [CONFIG, { skipped: "out-of-scope" }],
    [AGENT, { status: 500, error: "QEMU guest agent is not running" }],
    [AGENT, { status: 500, error: "VM 101 qga command 'guest-get-osinfo' failed - got timeout" }],
    [AGENT, { status: 500, error: "No QEMU guest agent configured" }],
    [AGENT, { status: 500, error: "VM 101 is not running" }],
    [LIVE, { status: 501, error: "Method 'GET /nodes/pve1/lxc/201/interfaces' not implemented" }],
  ])("%s %o", (path, answer) => expect(incompleteOf(path, answer)).toBeUndefined());
});

describe("incompleteOf has the cause for", () => {
  test.each<[string, Answer, string, string]>([
    [
      CONFIG,
      { status: 403, error: "Permission check failed" },
      "denied",
      "403 Permission check failed",
    ],
    [CONFIG, { status: 595, error: "No route to host" }, "unreachable", "595 No route to host"],
    [CONFIG, { status: 599 }, "unreachable", "599"],
    [
      CONFIG,
      { status: 500, error: "hostname lookup 'x' failed - y" },
      "unreachable",
      "500 hostname lookup 'x' failed - y",
    ],
    [CONFIG, { failed: "refused" }, "unreachable", "refused"],
    [CONFIG, { failed: "timeout" }, "timed-out", "timeout"],
    [CONFIG, { failed: "reset" }, "dropped", "reset"],
    [CONFIG, { skipped: "unreachable" }, "unreachable", "unreachable"],
    [AGENT, { skipped: "config-not-read" }, "depends", "config-not-read"],
    [
      CONFIG,
      { status: 503, error: "Service Unavailable" },
      "overloaded",
      "503 Service Unavailable",
    ],
    [
      CONFIG,
      { status: 500, error: "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist" },
      "moved",
      "500 Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist",
    ],
    [
      CONFIG,
      { status: 500, error: "QEMU guest agent is not running" },
      "failed",
      "500 QEMU guest agent is not running",
    ],
    [
      AGENT,
      { status: 403, error: "Permission check failed" },
      "denied",
      "403 Permission check failed",
    ],
    [
      AGENT,
      { status: 500, error: "got an unknown error" },
      "failed",
      "500 got an unknown error",
    ],
    [CONFIG, { status: 501, error: "not implemented" }, "failed", "501 not implemented"],
    [CONFIG, { status: 200, error: "The body is no JSON" }, "failed", "200 The body is no JSON"],
  ])("%s %o → %s", (path, answer, cause, reason) => {
    expect(incompleteOf(path, answer)).toEqual({ path, cause, reason });
    expect(CAUSES).toHaveProperty(cause);
  });
});

test("a node may be offline after a code of the proxy, a failed connection or a timeout", () => {
  const isAway = (answer: Answer): boolean => isUnreachable(CONFIG, answer);
  expect(
    [{ status: 596 }, { failed: "timeout" }, { failed: "refused" }].map((each) =>
      isAway(each as Answer)
    ),
  )
    .toEqual([true, true, true]);
  expect(
    [{ status: 403 }, { failed: "reset" }, { status: 503 }, { status: 200 }].map((each) =>
      isAway(each as Answer)
    ),
  )
    .toEqual([false, false, false, false]);
});

test("a body that could not be read is a failure, and its text is the reason", () => {
  const answer: Answer = { status: 200, error: "The body has no data" };
  const unparsable = { reason: "unparsable", detail: "The body has no data" };
  expect([objectOf(answer), rowsOf(answer), agentResultOf(answer)])
    .toEqual([unparsable, unparsable, unparsable]);
  expect(missingText(CONFIG, answer)).toBe("The body has no data");
  expect(isFailure(answer)).toBe(true);
});

test.each<[number, string, UnreadReason]>([
  [401, "authentication failure", "denied"],
  [596, "Connection refused", "unreachable"],
  [500, "hostname lookup 'pve2' failed - no such host", "unreachable"],
  [503, "Service Unavailable", "failed"],
])("error %i %s has the reason of its cause in left-out.json", (status, text, reason) => {
  expect(objectOf(error(text, status))).toEqual({ reason, detail: `${status} ${text}` });
});

test.each([
  ["denied", "denied"],
  ["filtered", "denied"],
  ["overloaded", "failed"],
  ["timed-out", "failed"],
])("rows may be hidden for the reason of the rights: %s is %s", (cause, reason) => {
  const incomplete = [{ path: PATHS.permissions, reason: "x", cause }];
  expect(hiddenRows({ incomplete }, PATHS.resources)?.reason).toBe(reason);
});
