/** Progress: a bar on a terminal, lines in a log. */
import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { createLog, type Log } from "../../src/base/log.ts";
import { openProgress, type ProgressView, sentenceOf } from "../../src/terminal/progress.ts";

function view(done: number, remark?: string): ProgressView {
  return {
    parts: [{ name: "nodes", done: 1, total: 3 }, { name: "guests", done, total: 1200 }],
    ...(remark === undefined ? {} : { remark }),
  };
}

function logTo(lines: string[]): Log {
  return {
    ...createLog(process.stderr, { level: "quiet" }),
    info: (line: string) => lines.push(line),
  } as unknown as Log;
}

test("progress shows what is done, the rate and the time left", () => {
  expect(sentenceOf(view(0), 10)).toBe("1 of 3 nodes, 0 of 1,200 guests");
  expect(sentenceOf(view(100, "2 not read"), 10))
    .toBe("1 of 3 nodes, 100 of 1,200 guests, 2 not read; 10 guests/s, 1 min 50 s left");
  expect(sentenceOf(view(1150), 10)).toMatch(/; 115 guests\/s, 1 s left$/);
  expect(sentenceOf(view(3), 10)).toContain("; 0.3 guests/s, ");
  expect(sentenceOf(view(1200), 10)).toBe("1 of 3 nodes, 1,200 of 1,200 guests");
});

test("progress shows no rate and no time left while a stage waits", () => {
  expect(sentenceOf({ ...view(100), isWaiting: true }, 10))
    .toBe("1 of 3 nodes, 100 of 1,200 guests; waiting");
  expect(sentenceOf({ ...view(0), isWaiting: true }, 10))
    .toBe("1 of 3 nodes, 0 of 1,200 guests; waiting");
});

test("waiting time does not count for the rate", () => {
  vi.useFakeTimers();
  try {
    const lines: string[] = [];
    const progress = openProgress({ log: logTo(lines), terminal: undefined, everyMs: 10_000 });
    progress.show(view(0));
    vi.advanceTimersByTime(10_000);
    progress.show({ ...view(100), isWaiting: true });
    vi.advanceTimersByTime(30_000);
    progress.show(view(100));
    progress.show(view(200));
    vi.advanceTimersByTime(10_000);
    progress.end();
    expect(lines.slice(1, 4)).toEqual(Array(3).fill("1 of 3 nodes, 100 of 1,200 guests; waiting"));
    expect(lines.at(-1))
      .toBe("1 of 3 nodes, 200 of 1,200 guests; 10 guests/s, 1 min 40 s left");
  } finally {
    vi.useRealTimers();
  }
});

test("on a terminal, waiting is shown at once", async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  let written = "";
  terminal.on("data", (part: Buffer) => {
    written += part.toString();
  });
  const progress = openProgress({ log: logTo([]), terminal });
  progress.show({ ...view(300), isWaiting: true });
  await vi.waitFor(() => expect(written).toContain("300 of 1,200 guests; waiting"));
  progress.end();
  expect(written).not.toContain("left");
});

test("in a log, progress is one line every few seconds, also without changes, and none after the end", () => {
  vi.useFakeTimers();
  try {
    const lines: string[] = [];
    const progress = openProgress({ log: logTo(lines), terminal: undefined });
    vi.advanceTimersByTime(20_000);
    expect(lines).toEqual([]);
    for (let done = 0; done < 100; done += 1) progress.show(view(done));
    vi.advanceTimersByTime(10_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain("99 of 1,200 guests");
    progress.end();
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("on a terminal, progress is one changing line that is removed at the end", async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  let written = "";
  terminal.on("data", (part: Buffer) => {
    written += part.toString();
  });
  const lines: string[] = [];
  const progress = openProgress({ log: logTo(lines), terminal });
  progress.show(view(300, "1 not read"));
  progress.show(view(600));
  await vi.waitFor(() => expect(written).toContain("600 of 1,200 guests"));
  progress.end();
  expect(written).toContain("1 of 3 nodes");
  expect(written).not.toContain("\n");
  expect(written).toMatch(/\x1b\[(?:0G|1G)[^\n]*\x1b\[(?:0?K|2K|0J)/);
  expect(lines).toEqual([]);
});

test("on a terminal, other output replaces the progress line, which is then drawn below", async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  let written = "";
  terminal.on("data", (part: Buffer) => {
    written += part.toString();
  });
  const progress = openProgress({ log: logTo([]), terminal });
  progress.beside(() => terminal.write("before\n"));
  progress.show(view(300));
  await vi.waitFor(() => expect(written).toContain("300 of"));
  progress.beside(() => terminal.write("busy\n"));
  await vi.waitFor(() => expect(written.split("busy\n")[1]).toContain("300 of"));
  progress.end();
  expect(written).toMatch(/^before\n/);
  expect(written).toContain("\r\u001b[Kbusy\n");
});

test("on a narrow terminal, the bar is shortened or omitted", async () => {
  const lineOf = async (columns: number): Promise<string> => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns });
    let written = "";
    terminal.on("data", (part: Buffer) => {
      written += part.toString();
    });
    const progress = openProgress({ log: logTo([]), terminal });
    progress.show({ parts: [{ name: "guests", done: 0, total: 0 }] });
    progress.show(view(300, "1 not read"));
    await vi.waitFor(() => expect(written).toContain("left"));
    progress.end();
    return written.split("left")[0] ?? "";
  };
  expect(await lineOf(120)).toMatch(/[█░]{24} 1 of 3 nodes/);
  expect(await lineOf(95)).toMatch(/[█░]{4,23} 1 of 3 nodes/);
  expect(await lineOf(60)).not.toMatch(/[█░]/);
});

test("progress that never started ends without output", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  openProgress({ log: logTo([]), terminal }).end();
  expect(terminal.read()).toBeNull();
});
