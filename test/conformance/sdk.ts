/** Runs scripts of this folder and of the SDK with the Python that has the SDK. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { describe, inject, onTestFinished } from "vitest";
import type { Receiver } from "../../src/rehearse/receive/receive.ts";
import { ROOT } from "../helpers/golden.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const python = inject("python");
const SCRIPTS = join(ROOT, "test/conformance/sdk");

/** Skips the whole block when the SDK is not installed. */
export const describeSdk = describe.skipIf(python === "");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a script of test/conformance/sdk. @throws Error with its last line on stderr when it fails. */
export async function runScript(
  name: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<string> {
  const finished = await finish(start([join(SCRIPTS, name), ...args], options.env), options.input);
  if (finished.code !== 0) throw new Error(`${name}: ${finished.stderr.trim().split("\n").at(-1)}`);
  return finished.stdout;
}

/** Runs diode-replay-dryrun, with which users of the SDK send dry-run files. */
export async function replay(receiver: Receiver, files: readonly string[]): Promise<Finished> {
  const names = ["--target", receiver.target, "--app-name", "replay", "--app-version", "1.2.3"];
  const program = join(python, "../diode-replay-dryrun");
  return await finish(start([program, ...names, ...files], await environmentFor(receiver)));
}

/** A script that answers each line with a line. */
export interface Conversation {
  ask(): Promise<unknown>;
}

export async function converse(name: string, receiver: Receiver): Promise<Conversation> {
  const child = start([join(SCRIPTS, name), receiver.target], await environmentFor(receiver));
  onTestFinished(() => void child.kill());
  const printed = { stderr: "" };
  child.stderr.on("data", (text: Buffer) => printed.stderr += text.toString());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} has ended: ${printed.stderr.trim().split("\n").at(-1)}`);
    return value as string;
  };
  await next();
  return {
    async ask() {
      child.stdin.write("\n");
      return JSON.parse(await next()) as unknown;
    },
  };
}

async function environmentFor(
  { client, certificatePem }: Receiver,
): Promise<Readonly<Record<string, string>>> {
  const credentials = { DIODE_CLIENT_ID: client.id, DIODE_CLIENT_SECRET: client.secret };
  if (certificatePem === undefined) return credentials;
  const { writeFile } = await import("node:fs/promises");
  const file = join(await tempFolder(), "certificate.pem");
  await writeFile(file, certificatePem);
  return { ...credentials, DIODE_CERT_FILE: file };
}

/** With a small environment: REQUESTS_CA_BUNDLE, for example, would override DIODE_CERT_FILE. */
function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn(python, [...args], {
    env: { PATH: process.env["PATH"] ?? "", PYTHONDONTWRITEBYTECODE: "1", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function finish(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  input = "",
): Promise<Finished> {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => chunks[stream].push(chunk));
  }
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, "close") as [number | null];
  const text = (stream: "stdout" | "stderr"): string => Buffer.concat(chunks[stream]).toString();
  return { code, stdout: text("stdout"), stderr: text("stderr") };
}
