/**
 * Progress of a stage: a bar on a terminal, a line every few seconds in a log, nothing with --quiet.
 *
 *   const progress = openProgress(session);
 *   await stage({ onProgress: (state) => progress.show(viewOf(state)) });
 *   progress.end();
 */
import cliProgress from "cli-progress";
import type { Log } from "../base/log.ts";
import { groupDigits } from "./tables.ts";

export interface ProgressView {
  /** Counts, the finest last: bar, rate and remaining time are those of the last one. */
  readonly parts: readonly {
    readonly name: string;
    readonly done: number;
    readonly total: number;
  }[];
  /** "2 gaps" */
  readonly remark?: string;
  /** The stage is pausing: this time is not part of the rate. */
  readonly isWaiting?: boolean;
}

export interface Progress {
  show(view: ProgressView): void;
  /** Logs above the bar. */
  beside(say: () => void): void;
  /** Call it before anything else is printed. */
  end(): void;
}

export interface ProgressOptions {
  readonly log: Log;
  /** For the bar; undefined: log lines. */
  readonly terminal: NodeJS.WritableStream | undefined;
  readonly everyMs?: number;
}

const LINE_EVERY_MS = 5000;
const FRAMES_PER_SECOND = 8;
const LONGEST_BAR = 24;
const SHORTEST_BAR = 4;
const CLEAR_LINE = "\r\u001b[K";

export function openProgress(options: ProgressOptions): Progress {
  return options.terminal === undefined ? openLines(options) : openBar(options.terminal);
}

function openBar(stream: NodeJS.WritableStream & { readonly columns?: number }): Progress {
  const clock = createClock();
  const bar = new cliProgress.SingleBar({
    stream,
    fps: FRAMES_PER_SECOND,
    // A log line may have overwritten the bar.
    forceRedraw: true,
    clearOnComplete: true,
    format(options, { progress }, { view }: { view?: ProgressView }) {
      if (view === undefined) return "";
      const sentence = sentenceOf(view, clock.seconds());
      // cli-progress cuts long lines: the text has priority over the bar.
      const room = (stream.columns ?? Infinity) - sentence.length - 2;
      if (room < SHORTEST_BAR) return sentence;
      const barsize = Math.min(room, LONGEST_BAR);
      return `${cliProgress.Format.BarFormat(progress, { ...options, barsize })} ${sentence}`;
    },
  }, cliProgress.Presets.shades_classic);
  let isDrawn = false;
  return {
    show(view) {
      clock.run(!view.isWaiting);
      const { done = 0, total = 0 } = view.parts.at(-1) ?? {};
      // An empty total would be drawn as a full bar.
      if (total === 0) return;
      if (!isDrawn) bar.start(total, done, { view });
      isDrawn = true;
      bar.setTotal(total);
      bar.update(done, { view });
    },
    beside(say) {
      if (isDrawn) stream.write(CLEAR_LINE);
      say();
    },
    end: () => bar.stop(),
  };
}

function openLines({ log, everyMs = LINE_EVERY_MS }: ProgressOptions): Progress {
  const clock = createClock();
  let latest: ProgressView | undefined;
  const timer = setInterval(() => {
    if (latest !== undefined) log.info(sentenceOf(latest, clock.seconds()));
  }, everyMs);
  return {
    show(view) {
      clock.run(!view.isWaiting);
      latest = view;
    },
    beside: (say) => say(),
    end: () => clearInterval(timer),
  };
}

/** "3 of 10 nodes, 312 of 1,000 guests, 2 gaps; 95 guests/s, 8 s left", or "…; waiting" */
export function sentenceOf({ parts, remark, isWaiting }: ProgressView, seconds: number): string {
  const counts = parts.map(({ name, done, total }) =>
    `${groupDigits(done)} of ${groupDigits(total)} ${name}`
  );
  const said = [...counts, ...(remark === undefined ? [] : [remark])].join(", ");
  const { name = "", done = 0, total = 0 } = parts.at(-1) ?? {};
  if (isWaiting) return `${said}; waiting`;
  if (done === 0 || done >= total) return said;
  const perSecond = done / seconds;
  const left = Math.ceil((total - done) / perSecond);
  return `${said}; ${rateOf(perSecond)} ${name}/s, ${durationOf(left)} left`;
}

/** 0.25 → "0.3", 1234.5 → "1,235" */
function rateOf(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : groupDigits(Math.round(perSecond));
}

/** A stopwatch that is running at first. */
function createClock() {
  let countedMs = 0;
  let since: number | undefined = performance.now();
  const milliseconds = (): number =>
    countedMs + (since === undefined ? 0 : performance.now() - since);
  return {
    seconds: () => milliseconds() / 1000,
    run(isRunning: boolean) {
      countedMs = milliseconds();
      since = isRunning ? performance.now() : undefined;
    },
  };
}

/** 75 → "1 min 15 s" */
function durationOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${groupDigits(minutes)} min ${seconds % 60} s`;
}
