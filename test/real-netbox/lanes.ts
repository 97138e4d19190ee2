/** Runs cases × releases in parallel lanes; each lane keeps one NetBox running. */
import type { Case } from "./cases/case.ts";
import type { Mode } from "./diode/reconciler.ts";
import type { NetBox } from "./server/netbox.ts";
import type { Package } from "./set-up/packages.ts";
import type { SetUp } from "./set-up/set-up.ts";
import { Trial } from "./trial.ts";

export interface Job {
  readonly each: Case;
  readonly release: Package;
  readonly mode: Mode;
}

export interface Outcome extends Job {
  readonly findings: readonly string[];
  readonly remarks: readonly string[];
  readonly sent: number;
  readonly seconds: number;
}

export interface LaneOptions {
  readonly lanes: number;
  readonly setUp: SetUp;
  /** Seed of the random order in each case. */
  readonly seed: number;
  /** Called at the end of each case. */
  readonly onEnd: (outcome: Outcome) => void;
}

export async function runLanes(jobs: readonly Job[], options: LaneOptions): Promise<Outcome[]> {
  const waiting = [...jobs];
  const outcomes: Outcome[] = [];
  /** Prefers the running release, since starting another one takes longer than most cases. */
  const next = (running: string | undefined): Job | undefined => {
    const same = waiting.findIndex(({ release }) => release.netbox === running);
    return waiting.splice(Math.max(same, 0), 1)[0];
  };
  const lane = async (first: Package | undefined): Promise<void> => {
    let netbox: NetBox | undefined;
    try {
      for (let job = next(first?.netbox); job; job = next(netbox?.release)) {
        if (netbox?.release === job.release.netbox) await netbox.reset();
        else {
          await netbox?.stop();
          netbox = await options.setUp.start(job.release);
        }
        const outcome = await runJob(job, netbox, options.seed);
        outcomes.push(outcome);
        options.onEnd(outcome);
      }
    } finally {
      await netbox?.stop();
    }
  };
  const releases = [...new Set(jobs.map(({ release }) => release))];
  const lanes = Array.from(
    { length: options.lanes },
    (_, i) => lane(releases[i % releases.length]),
  );
  const ends = await Promise.allSettled(lanes);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return outcomes;
}

async function runJob(job: Job, netbox: NetBox, seed: number): Promise<Outcome> {
  const from = performance.now();
  const trial = new Trial(netbox, { mode: job.mode, seed });
  await job.each.run(trial).catch((error: unknown) => {
    trial.findings.push(error instanceof Error ? error.stack ?? error.message : String(error));
  });
  const seconds = (performance.now() - from) / 1000;
  const { findings, remarks, sent } = trial;
  return { ...job, findings, remarks, sent, seconds };
}
