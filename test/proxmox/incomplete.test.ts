/** Which answers are gaps, and what they come from. */
import { describe, expect, test } from "vitest";
import { type Answer, CAUSES, incompleteOf, isUnreachable } from "../../src/proxmox/answers.ts";

const CONFIG = "/nodes/pve1/qemu/101/config";
const AGENT = "/nodes/pve1/qemu/101/agent/get-osinfo";
const LIVE = "/nodes/pve1/lxc/201/interfaces";

describe("no gap", () => {
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

describe("a gap, with its cause", () => {
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
      { status: 500, error: "got an error nobody knows" },
      "failed",
      "500 got an error nobody knows",
    ],
    [CONFIG, { status: 501, error: "not implemented" }, "failed", "501 not implemented"],
    [CONFIG, { status: 200, error: "The body is no JSON" }, "failed", "200 The body is no JSON"],
  ])("%s %o → %s", (path, answer, cause, reason) => {
    expect(incompleteOf(path, answer)).toEqual({ path, cause, reason });
    expect(CAUSES).toHaveProperty(cause);
  });
});

test("what tells that a node may be away: the proxy's own codes, no connection, no answer in time", () => {
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
