/** receive: a Diode on this machine that keeps what it is sent, until it is stopped. */
import { printable } from "../../base/log.ts";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { TOOL } from "../../base/tool.ts";
import {
  ENTITIES_FORMAT,
  type Step,
  stepCounts,
  type StepName,
  STEPS,
} from "../../netbox/types/steps.ts";
import { ENTITIES_FOLDER, requestText, type Tool } from "../../run-folder/entity-writer.ts";
import { createLeftOutWriter } from "../../run-folder/left-out-file.ts";
import { type FileEntry, fileEntry, seal } from "../../run-folder/manifest.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { untilStopped } from "../../terminal/process.ts";
import { optionReader } from "../../terminal/options.ts";
import type { Session } from "../../terminal/session.ts";
import { readSettings } from "../../terminal/settings.ts";
import { groupDigits } from "../../terminal/tables.ts";
import { exportLines, writeCertificate } from "../server.ts";
import { parseReceiveFault } from "./faults.ts";
import { type ReceivedRequestJson, requestJson } from "./ingester.ts";
import { receive, type ReceiveOptions, type Receiver } from "./receive.ts";
import { RECEIVE_SETTINGS, REHEARSAL_CLIENT } from "../settings.ts";

export async function runReceive(session: Session): Promise<void> {
  const options = await readOptions(session);
  const out = session.option("out");
  const files = out === undefined
    ? undefined
    : await createEntityFiles(await session.openTarget(out), TOOL);
  const broken = Promise.withResolvers<never>();
  const end = Promise.race([untilStopped(session.io), broken.promise]);
  const receiver = await receive({
    ...options,
    isForgetful: true,
    async onRequest({ id, entities }, bytes) {
      // The sender gets the error and the server stops: the next request would fail, too.
      await files?.add(bytes).catch((error: unknown) => {
        broken.reject(error);
        throw error;
      });
      session.log.debug(`Kept request ${printable(id)} with ${groupDigits(entities)} entities`);
    },
  });
  try {
    await introduce(session, receiver);
    await end;
  } finally {
    await receiver.close();
    await files?.finish();
  }
  summarize(session, receiver);
}

async function readOptions(session: Session): Promise<ReceiveOptions> {
  const settings = await readSettings(session.context, RECEIVE_SETTINGS);
  const { list, milliseconds, read, wholeNumber } = optionReader(session);
  return {
    port: wholeNumber("port"),
    seed: wholeNumber("seed"),
    latencyMs: milliseconds("latency"),
    tokenLifeMs: milliseconds("expire-tokens"),
    faults: list("fail")?.map(parseReceiveFault),
    isTls: session.option("tls") !== undefined,
    prefix: read(
      "path",
      "a path such as /diode, or / for none",
      (text) => /^((?:\/[\w.~-]+)*)\/*$/.exec(text)?.[1],
    ),
    client: {
      id: settings.DIODE_CLIENT_ID ?? REHEARSAL_CLIENT.id,
      secret: settings.DIODE_CLIENT_SECRET ?? REHEARSAL_CLIENT.secret,
    },
  };
}

/** Prints the settings for push: as JSON or as lines for a shell. */
async function introduce(session: Session, receiver: Receiver): Promise<void> {
  const { target, port, client, certificatePem } = receiver;
  const certificateFile = session.option("tls");
  if (certificateFile !== undefined) await writeCertificate(certificateFile, certificatePem ?? "");
  const secret = client.secret === REHEARSAL_CLIENT.secret ? client.secret : undefined;
  session.print(
    session.isJson
      ? JSON.stringify({
        target,
        port,
        client_id: client.id,
        client_secret: secret,
        certificate_file: certificateFile,
      })
      : exportLines({
        DIODE_TARGET: target,
        DIODE_CLIENT_ID: client.id,
        DIODE_CLIENT_SECRET: secret,
        DIODE_CERT_FILE: certificateFile,
      }),
  );
  session.log.info(
    `Receiving at ${target}: set the variables above to push to it; Ctrl-C stops it`,
  );
}

function summarize(session: Session, { requests, faults }: Receiver): void {
  const entities = requests.reduce((sum, request) => sum + request.entities, 0);
  const repeated = requests.length - new Set(requests.map(({ id }) => id)).size;
  session.log.info(
    `Stopped after ${groupDigits(requests.length)} requests with ${groupDigits(entities)} ` +
      `entities; ${groupDigits(repeated)} of the requests had come before`,
  );
  for (const [name, count] of Object.entries(faults)) {
    session.log.info(`Fault ${name} hit ${groupDigits(count)} requests`);
  }
}

/**
 * Requests → files in the form of `transform`, one for each request, numbered in order of arrival:
 * netbox/01-tag-0001.json … A request with entities of several types, which `transform` never writes,
 * goes to other/0001.json.
 */
export async function createEntityFiles(store: Store, tool: Tool) {
  const draft = await store.draft(ENTITIES_FOLDER);
  const leftOut = createLeftOutWriter(draft);
  const files: FileEntry[] = [];
  const numbers = new Map<Step | undefined, number>();
  const counted = new Map<StepName, number>();
  return {
    /** @throws AppError "usage" when the file cannot be written. */
    async add(bytes: Uint8Array): Promise<void> {
      const request = requestJson(bytes);
      const text = encodeUtf8(requestText(request));
      const step = stepOf(request);
      const number = (numbers.get(step) ?? 0) + 1;
      numbers.set(step, number);
      const digits = String(number).padStart(4, "0");
      if (step === undefined) return await store.write(`other/${digits}.json`, text);
      const name = `${step.number}-${step.name}-${digits}.json`;
      counted.set(step.name, (counted.get(step.name) ?? 0) + request.entities.length);
      files.push(fileEntry(`${ENTITIES_FOLDER}/${name}`, text));
      await draft.write(name, text);
    },
    /** Replaces netbox/, manifest last; without a request the old one stays. */
    async finish(): Promise<void> {
      if (files.length === 0) return await draft.discard();
      const { name, bytes, sha256 } = await leftOut.finish();
      files.push({ path: `${ENTITIES_FOLDER}/${name}`, bytes, sha256 });
      files.sort((a, b) => compareCodeUnits(a.path, b.path));
      const counts = stepCounts((step) => counted.get(step) ?? 0);
      const manifest = { format: ENTITIES_FORMAT, tool, snapshots: [], counts };
      const sealed = seal({ ...manifest, left_out: {}, notes: {}, files });
      await draft.commit("manifest.json", encodeUtf8(sealed));
    },
  };
}

/** The step of all entities of a request; undefined when they differ. */
function stepOf({ entities }: ReceivedRequestJson): Step | undefined {
  return STEPS.find(({ field }) => entities.every((entity) => Object.hasOwn(entity, field)));
}
