/**
 * Captures from a server for one test:
 *
 *   const { summary, answer } = await captured(await served());
 *   answer("/nodes/pve1/status")
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { capture, type CaptureRun } from "../../src/capture/capture.ts";
import type { CaptureProgress } from "../../src/capture/progress.ts";
import {
  type CaptureOptions,
  type CaptureTexts,
  parseCaptureOptions,
} from "../../src/capture/settings.ts";
import type { CaptureSummary } from "../../src/capture/summary.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import type { Served } from "../../src/rehearse/serve/serve.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { siteOf } from "./in-memory.ts";
import { type Lab, lab } from "./lab.ts";
import { ok } from "./snapshot-builder.ts";
import { tempFolder } from "./temp-folder.ts";

/** The host and the token. */
export type Server = Pick<Served, "host" | "port" | "fingerprint" | "token">;

export interface CapturingOptions {
  readonly settings?: CaptureTexts;
  /** undefined: a new folder. */
  readonly folder?: string;
  readonly run?: Partial<CaptureRun>;
}

export interface Captured {
  readonly folder: string;
  readonly summary: CaptureSummary;
  readonly warnings: readonly string[];
  /** All reports of progress. */
  readonly progress: readonly CaptureProgress[];
  answer(path: string): Answer | undefined;
  /** All paths in the snapshot. */
  readonly paths: readonly string[];
}

/** Short pauses, for tests of five failures in a row. */
export const QUICK = { maxRetries: 4, retryDelayMs: 1, maxRetryDelayMs: 5 };

export function optionsFor(server: Server, settings: CaptureTexts = {}): CaptureOptions {
  return parseCaptureOptions({ ...textsFor(server), ...settings });
}

export function textsFor({ host, port, fingerprint, token }: Server): CaptureTexts {
  return {
    PROXMOX_HOST: host,
    PROXMOX_PORT: String(port),
    PROXMOX_USER: token.user,
    PROXMOX_TOKEN_NAME: token.name,
    PROXMOX_TOKEN_VALUE: token.value,
    PROXMOX_FINGERPRINT: fingerprint,
    PROXMOX_API_TIMEOUT: "3",
  };
}

export async function captured(server: Server, options: CapturingOptions = {}): Promise<Captured> {
  const folder = options.folder ?? join(await tempFolder(), "lab");
  const warnings: string[] = [];
  const progress: CaptureProgress[] = [];
  const summary = await capture(optionsFor(server, options.settings), {
    store: await openStore(folder),
    isResumed: false,
    resumeCommand: `proxmox-diode capture --resume --out ${folder}`,
    signal: new AbortController().signal,
    retry: QUICK,
    onProgress: (state) => progress.push(state),
    onWarning: (sentence) => warnings.push(sentence),
    ...options.run,
  });
  const site = await siteOf(await openSnapshot(await openStore(folder)));
  const answers = new Map(
    [site.cluster, ...Object.values(site.nodes)].flatMap((file) => Object.entries(file)),
  );
  return {
    folder,
    summary,
    warnings,
    progress,
    answer: (path) => answers.get(path),
    paths: [...answers.keys()],
  };
}

/** The privileges of PVEAuditor on "/" since Proxmox VE 9. */
export const AUDITOR = {
  "Datastore.Audit": 1,
  "Pool.Audit": 1,
  "SDN.Audit": 1,
  "Sys.Audit": 1,
  "VM.Audit": 1,
  "VM.GuestAgent.Audit": 1,
};

/** What /access/permissions lists of privileges that are given on "/". Source: PVE/RPCEnvironment.pm, get_effective_permissions. */
export function listing(
  privileges: Readonly<Record<string, number>>,
): Record<string, Readonly<Record<string, number>>> {
  const paths = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
  return Object.fromEntries(paths.map((path) => [path, privileges]));
}

/** A small site as a token with all rights sees it. */
export function liveLab({ more, ...parts }: Lab): Snapshot {
  return lab({
    ...parts,
    more: {
      [PATHS.version]: ok({ version: "9.1.4", release: "9.1" }),
      [PATHS.permissions]: ok(listing(AUDITOR)),
      [PATHS.acl]: ok([
        { path: "/", type: "user", ugid: "rehearsal@pve", roleid: "PVEAuditor", propagate: 1 },
        {
          path: "/",
          type: "token",
          ugid: "rehearsal@pve!capture",
          roleid: "PVEAuditor",
          propagate: 1,
        },
      ]),
      ...more,
    },
  });
}

/** File below pve/ → its text. */
export async function answersIn(folder: string): Promise<Record<string, string>> {
  const { manifest } = await openSnapshot(await openStore(folder));
  const texts = manifest.files.map(async ({ path }) =>
    [path, await readFile(join(folder, path), "utf8")] as const
  );
  return Object.fromEntries(await Promise.all(texts));
}
