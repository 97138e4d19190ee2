/** Sending planned files, with a Diode whose answers a test chooses. */
import { describe, expect, test } from "vitest";
import { RemoteFailure } from "../../src/http/failure.ts";
import type { Diode } from "../../src/push/diode.ts";
import { Requests, wholeFiles } from "../../src/push/plan.ts";
import { sendFiles, type SendJob, type Sent } from "../../src/push/send.ts";
import { parseTarget } from "../../src/push/settings.ts";
import { openPushJournal } from "../../src/run-folder/push-journal.ts";
import type { SelectedFile } from "../../src/run-folder/set-difference.ts";
import { buildSet, tag, vm } from "../helpers/entity-set.ts";
import { placeFor } from "../helpers/pushing.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const TARGET = "grpc://127.0.0.1:8080/diode";

/** A push of a tag and of three guests, one file each. */
async function jobWith(ingest: Diode["ingest"], change: Partial<SendJob> = {}) {
  const folder = await tempFolder();
  const set = await buildSet(folder, {
    "tag": [[tag("a"), tag("b"), tag("c")]],
    "virtual-machine": [[vm("web-01")], [vm("web-02")], [vm("web-03")]],
  });
  const journal = await openPushJournal(await placeFor(folder, TARGET));
  await journal.begin({ set, since: undefined }, () => false);
  const sent: Sent[] = [];
  const job: SendJob = {
    files: wholeFiles(set),
    target: parseTarget(TARGET),
    requests: new Requests(),
    diode: { ingest, close: async () => undefined },
    journal,
    concurrency: 4,
    stepPauseMs: 0,
    bootstrapWaitMs: 0,
    signal: new AbortController().signal,
    watch: {
      onSent: (each) => void sent.push(each),
      onPause: () => undefined,
      onResume: () => undefined,
    },
    ...change,
  };
  return { job, sent, set };
}

test("a file is read once for all errors that Diode found in it", async () => {
  const errors = [0, 1, 2].map((index) => `entity at index ${index} is nil`);
  const { job, sent } = await jobWith(async () => errors);
  let reads = 0;
  const files = job.files.slice(0, 1).map(({ file }): SelectedFile => ({
    file: {
      ...file,
      read: async () => {
        reads += 1;
        return await file.read();
      },
    },
  }));
  for (const planned of files) await job.requests.check(planned);
  reads = 0;
  await sendFiles({ ...job, files });
  expect(sent[0]?.errors.map(({ line, entity }) => [line, entity])).toEqual([
    [2, 'tag "a"'],
    [3, 'tag "b"'],
    [4, 'tag "c"'],
  ]);
  expect(reads).toBe(1);
});

describe("an interrupted push", () => {
  test("that sent all of its files ends well", async () => {
    const controller = new AbortController();
    const { job, sent } = await jobWith(async () => {
      if (sent.length === job.files.length - 1) controller.abort();
      return [];
    }, { signal: controller.signal, concurrency: 1 });
    await sendFiles(job);
    expect([sent.length, controller.signal.aborted]).toEqual([4, true]);
  });

  test("ends with an error that has nothing to do with the interruption", async () => {
    const controller = new AbortController();
    const { job } = await jobWith(async () => {
      controller.abort();
      throw new RemoteFailure("rejected", "too large");
    }, { signal: controller.signal });
    await expect(sendFiles(job)).rejects.toMatchObject({ kind: "rejected" });
  });
});

test("of several failures at once, a bug is the one that is reported", async () => {
  let calls = 0;
  const { job, set } = await jobWith(async () => {
    calls += 1;
    if (calls === 1) throw new RemoteFailure("refused", "HTTP 403");
    throw new TypeError("a bug");
  });
  const files = wholeFiles(set).filter(({ file }) => file.step === "virtual-machine");
  await expect(sendFiles({ ...job, files })).rejects.toThrow(TypeError);
});
