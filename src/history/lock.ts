/**
 * lock/<n>.json: one run at a time in a history. The program that creates the next number has the lock, until
 * it is released or stale; a file is never replaced by another program. So of several programs that find a stale lock
 * one gets it, and a holder that was paused for long finds a higher number than its own.
 */
import { randomUUID } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { hostname, platform } from "node:os";
import process from "node:process";
import { type } from "arktype";
import { AppError, inputError } from "../base/errors.ts";
import { canonicalJson, parseJson } from "../base/json.ts";
import { decodeUtf8, encodeUtf8 } from "../base/text.ts";
import type { Store } from "../run-folder/store/store.ts";

const FOLDER = "lock";
const FILE_REGEXP = /^lock\/(\d{1,9})\.json$/;

/** How often a holder shows that it is alive. */
export const RENEWED_EVERY_MS = 30_000;
/** Without such a sign for so long, a lock is stale. */
export const STALE_AFTER_MS = 5 * 60_000;

const Holder = type({
  /** Of this holder alone. */
  id: "string",
  /** Name of its machine. */
  host: "string",
  pid: "number.integer",
  /** Where the pid is valid; absent: unknown. Containers may share the name of a machine, and all have a pid 1. */
  "pid_scope?": "string",
  /** When the process was started, as the system counts it: a pid is used again. */
  "process_started?": "string",
  taken_at: "string.date.iso",
  renewed_at: "string.date.iso",
  "released_at?": "string.date.iso",
});
export type Holder = typeof Holder.infer;

interface Claim {
  readonly number: number;
  readonly holder: Holder;
}

export interface Lock {
  /** false: this server cannot keep two programs apart that take the lock at the same time. */
  readonly isExclusive: boolean;
  /** Before writing. @throws AppError "remote" when another program has taken the lock. */
  check(): Promise<void>;
  /** Does nothing when another program has taken it. */
  release(): Promise<void>;
}

export interface LockOptions {
  readonly now?: () => Date;
  readonly renewedEveryMs?: number;
  /** Who takes it; default: this process. */
  readonly self?: Pick<Holder, "host" | "pid" | "pid_scope" | "process_started">;
}

/** @throws AppError "remote" that names the holder. */
export async function takeLock(history: Store, options: LockOptions = {}): Promise<Lock> {
  const { now = () => new Date(), renewedEveryMs = RENEWED_EVERY_MS } = options;
  const self = options.self ?? await thisProcess();
  for (;;) {
    const found = await newestClaim(history);
    if (found !== undefined && !await isFree(found, now())) throw heldError(history, found.holder);
    const time = timeText(now());
    const holder = { id: randomUUID(), ...self, taken_at: time, renewed_at: time };
    const claim = { number: (found?.number ?? 0) + 1, holder };
    const key = keyOf(claim);
    if (!await history.create(key, bytesOf(holder))) continue;
    // Its number may have been used and removed since the newest one was read: then there is a higher one.
    if (!await isNewest(history, claim)) {
      await history.remove(key);
      continue;
    }
    const isExclusive = !await history.create(key, bytesOf(holder));
    for (const older of await claimNumbers(history)) {
      if (older < claim.number) await history.remove(keyOf({ number: older }));
    }
    return hold(history, claim, { now, renewedEveryMs, isExclusive });
  }
}

interface HoldOptions {
  readonly now: () => Date;
  readonly renewedEveryMs: number;
  readonly isExclusive: boolean;
}

function hold(history: Store, claim: Claim, { now, renewedEveryMs, isExclusive }: HoldOptions) {
  let isEnded = false;
  const write = async (more: Partial<Holder>): Promise<void> =>
    await history.write(keyOf(claim), bytesOf({ ...claim.holder, ...more }));
  const renew = async (): Promise<void> => {
    // Both throw while the store cannot be reached; the next time may succeed.
    if (isEnded || !await isNewest(history, claim)) return;
    await write({ renewed_at: timeText(now()) });
  };
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renewing.then(renew).catch(() => undefined);
  }, renewedEveryMs);
  timer.unref();
  return {
    isExclusive,
    async check() {
      if (await isNewest(history, claim)) return;
      throw lostError(history, (await newestClaim(history))?.holder);
    },
    async release() {
      if (isEnded) return;
      isEnded = true;
      clearInterval(timer);
      await renewing;
      const time = timeText(now());
      if (await isNewest(history, claim)) await write({ renewed_at: time, released_at: time });
    },
  };
}

/** The program that is at work in a history; undefined: none. It may be one that was killed. */
export async function lockHolder(history: Store): Promise<Holder | undefined> {
  const found = await newestClaim(history);
  return found === undefined || found.holder.released_at !== undefined ? undefined : found.holder;
}

async function claimNumbers(history: Store): Promise<number[]> {
  return (await history.keys(FOLDER)).flatMap((key) => {
    const [, digits] = FILE_REGEXP.exec(key) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
}

/** `attempts`: what was listed may have been removed since, by the holder of a higher number. */
async function newestClaim(history: Store, attempts = 10): Promise<Claim | undefined> {
  const number = Math.max(0, ...await claimNumbers(history));
  if (number === 0) return undefined;
  const bytes = await history.read(keyOf({ number }));
  if (bytes === undefined && attempts > 1) return await newestClaim(history, attempts - 1);
  if (bytes === undefined) throw inputError(`Cannot find ${keyOf({ number })} in ${history.place}`);
  const what = `${keyOf({ number })} in ${history.place}`;
  const holder = Holder(parseJson(decodeUtf8(bytes, what), what));
  if (!(holder instanceof type.errors)) return { number, holder };
  throw inputError(`Cannot read ${what}: ${holder.summary.split("\n", 1)[0]}`, {
    hint: "Remove the file if no run is at work in this history",
  });
}

async function isNewest(history: Store, { holder: { id } }: Claim): Promise<boolean> {
  return (await newestClaim(history))?.holder.id === id;
}

function keyOf({ number }: Pick<Claim, "number">): string {
  return `${FOLDER}/${number}.json`;
}

function bytesOf(holder: Holder): Uint8Array {
  return encodeUtf8(`${canonicalJson(holder)}\n`);
}

async function isFree({ holder }: Claim, now: Date): Promise<boolean> {
  if (holder.released_at !== undefined) return true;
  if (now.getTime() - Date.parse(holder.renewed_at) >= STALE_AFTER_MS) return true;
  return await isDead(holder);
}

/** Is it known that the process has ended? Only its own machine, or container, can tell. */
async function isDead({ pid, pid_scope: scope, process_started: started }: Holder) {
  if (scope === undefined || scope !== await pidScope()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything else: it lives, or this program may not ask.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
  const { state, start } = await processAt(pid);
  // A zombie has ended, and waits for its parent.
  return state === "Z" || (started !== undefined && start !== undefined && start !== started);
}

async function thisProcess(): Promise<NonNullable<LockOptions["self"]>> {
  const [scope, { start }] = [await pidScope(), await processAt(process.pid)];
  return {
    host: hostName() ?? "an unknown machine",
    pid: process.pid,
    ...(scope !== undefined && { pid_scope: scope }),
    ...(start !== undefined && { process_started: start }),
  };
}

/** On Linux this start of the kernel and the PID namespace, elsewhere the name of the machine. */
async function pidScope(): Promise<string | undefined> {
  if (platform() !== "linux") return hostName();
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()} ${await readlink("/proc/self/ns/pid")}`;
  } catch {
    // Without /proc, or without the permission of Deno to read it.
    return undefined;
  }
}

/** Deno may forbid it. */
function hostName(): string | undefined {
  try {
    return hostname();
  } catch {
    return undefined;
  }
}

/** `start`: clock ticks since the start of the kernel. Source: proc_pid_stat(5), fields 3 and 22. */
async function processAt(pid: number): Promise<{ state?: string; start?: string }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name of the program, in parentheses, may have blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return { ...(state && { state }), ...(start && { start }) };
}

function heldError({ place }: Store, holder: Holder): AppError {
  const end = timeText(new Date(Date.parse(holder.renewed_at) + STALE_AFTER_MS));
  return new AppError(
    "remote",
    `Cannot start a run in ${place}: ${holderText(holder)} is at work`,
    {
      hint: `Wait until it has ended; if it was killed, its lock is free after ${end}`,
    },
  );
}

function lostError({ place }: Store, holder: Holder | undefined): AppError {
  const who = holder === undefined ? "it was removed" : `${holderText(holder)} has taken it`;
  return new AppError("remote", `Stopped: this run has lost the lock of ${place}: ${who}`, {
    hint:
      "It showed no sign of life for 5 minutes: see whether the machine was paused or overloaded",
  });
}

function holderText({ host, pid, taken_at }: Holder): string {
  return `${host} (process ${pid}, since ${taken_at})`;
}

function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
