/** How far a long command is: one line that changes on a terminal, a line now and then in a log. */
import type { Session } from "./session.ts";
import { groupDigits } from "./tables.ts";

export interface Progress {
  /** `note`: what is being done. */
  update(done: number, note: string): void;
  /** Takes the line away, so that something else can be said. */
  clear(): void;
}

const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 5000;
const CLEAR_LINE = "\r\x1b[2K";

export function createProgress(session: Session, total: number, things: string): Progress {
  const { level, format } = session.talk;
  const isTerminal = process.stderr.isTTY && format !== "json" && level !== "quiet";
  const interval = isTerminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
  const started = performance.now();
  let told = isTerminal ? 0 : started;
  let isShown = false;
  const clear = (): void => {
    if (isShown) process.stderr.write(CLEAR_LINE);
    isShown = false;
  };
  return {
    update(done, note) {
      const now = performance.now();
      if (now - told < interval) return;
      told = now;
      const rate = done / Math.max((now - started) / 1000, 0.001);
      const text = `${groupDigits(done)} of ${groupDigits(total)} ${things}, ` +
        `${groupDigits(Math.round(rate))}/s: ${note}`;
      if (!isTerminal) return session.log.info(text);
      clear();
      process.stderr.write(text.slice(0, (process.stderr.columns || 80) - 1));
      isShown = true;
    },
    clear,
  };
}
