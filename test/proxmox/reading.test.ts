/** One reading of what a guest agent did not answer: for capture, transform and diff. */
import { describe, expect, test } from "vitest";
import { diffSnapshots } from "../../src/look/diff/diff-snapshots.ts";
import {
  agentFact,
  agentResultOf,
  type Answer,
  incompleteOf,
  type UnreadReason,
} from "../../src/proxmox/answers.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { captured, liveLab } from "../helpers/capturing.ts";
import { transformed } from "../helpers/in-memory.ts";
import { lab } from "../helpers/lab.ts";
import { served } from "../helpers/served.ts";

const OSINFO = PATHS.osinfo({ node: "pve1", kind: "qemu", vmid: 101 });

function error(text: string, status = 500): Answer {
  return { status, error: text };
}

/** Texts of qemu-server, of several releases. Source: proxmox.md §1.2, §6. */
const FACTS: readonly (readonly [string, UnreadReason])[] = [
  ["QEMU guest agent is not running", "agent-not-running"],
  ["VM 101 qga command 'guest-get-osinfo' failed - got timeout", "agent-not-running"],
  ["VM 101 qmp command 'guest-ping' failed - got timeout", "agent-not-running"],
  ["No QEMU guest agent configured", "agent-off"],
  ["VM 101 is not running", "guest-stopped"],
  ["VM 101 not running", "guest-stopped"],
];

describe.each(FACTS)("%s", (text, reason) => {
  const guest = { vmid: 101, config: { agent: "1" } };

  test("is a fact about the guest, and no gap", () => {
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

  test("has one reason in left-out.json and in a diff", async () => {
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
  ["another text", error("unable to parse the answer")],
  ["the same text under another status", error("VM 101 not running", 596)],
])("%s of an agent is a gap", (_, answer) => {
  expect(incompleteOf(OSINFO, answer)).toBeDefined();
});

test("the same text of another call is a gap", () => {
  expect(incompleteOf("/nodes/pve1/status", error("VM 101 not running"))).toBeDefined();
});
