/**
 * One measurement, in a process of its own: `node test/bench/measure-push.ts push|bare RUN TARGET ID SECRET`.
 * Imports are done before the clock starts.
 *
 * push: all that `push` does, from the files to the last acknowledgement.
 * bare: the same bytes, made before the clock starts, over node:http2 and nothing else.
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { keepHeapSmall } from "../../src/terminal/process.ts";
import { prepare } from "../../src/push/plan.ts";
import { push } from "../../src/push/push.ts";
import { parsePushOptions, requireRemote, type Target } from "../../src/push/settings.ts";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { peakBytes } from "./measure.ts";

keepHeapSmall();
const [what, run = "", DIODE_TARGET, DIODE_CLIENT_ID, DIODE_CLIENT_SECRET] = process.argv.slice(2);
const options = requireRemote(parsePushOptions({
  DIODE_TARGET,
  DIODE_CLIENT_ID,
  DIODE_CLIENT_SECRET,
  PUSH_BOOTSTRAP_WAIT: "0",
}));
const store = await openStore(run);
const set = await openEntities(store);
const measured = what === "bare" ? await measureBare() : await measurePush();
process.stdout.write(`${JSON.stringify({ ...measured, peakBytes: await peakBytes() })}\n`);

async function measurePush() {
  await rm(join(run, "push"), { recursive: true, force: true });
  let entities = 0;
  const start = performance.now();
  await push({
    set,
    options,
    choices: { steps: [], isAgain: false, isDryRun: false, isSure: false },
    journalPlace: { store, key: "push/bench.journal", target: options.target },
    since: undefined,
    confirm: undefined,
    certificates: undefined,
    proxy: undefined,
    signal: new AbortController().signal,
    watch: {
      onPlanned() {},
      onRetry() {},
      onPause() {},
      onResume() {},
      onSent(sent) {
        entities += sent.entities;
      },
    },
  });
  return { seconds: (performance.now() - start) / 1000, entities };
}

async function measureBare() {
  const requests = [];
  for (const file of set.files) requests.push(await prepare({ file }));
  const { target } = options;
  const token = await fetchToken(target);
  const session = connect(new URL(target.baseUrl).origin);
  await once(session, "connect");
  const start = performance.now();
  const queue = requests.values();
  await Promise.all(Array.from({ length: options.concurrency }, async () => {
    for (const { bytes } of queue) await call(session, target, { token, bytes });
  }));
  const seconds = (performance.now() - start) / 1000;
  session.close();
  return { seconds, entities: requests.reduce((sum, { entities }) => sum + entities, 0) };
}

/** gRPC over HTTP/2: a flag, a length, the message. Source: grpc, PROTOCOL-HTTP2.md. */
async function call(
  session: ClientHttp2Session,
  target: Target,
  { token, bytes }: { token: string; bytes: Uint8Array },
): Promise<void> {
  const stream = session.request({
    ":method": "POST",
    ":path": `${new URL(target.baseUrl).pathname}/diode.v1.IngesterService/Ingest`,
    "content-type": "application/grpc",
    "authorization": `Bearer ${token}`,
    "te": "trailers",
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  stream.write(prefix);
  stream.end(bytes);
  stream.resume();
  const [trailers] = await once(stream, "trailers");
  if (trailers["grpc-status"] !== "0") throw new Error(`gRPC status ${trailers["grpc-status"]}`);
}

async function fetchToken({ tokenUrl }: Target): Promise<string> {
  const { clientId, clientSecret } = options.credentials;
  const form = { grant_type: "client_credentials", scope: "diode:ingest" };
  const body = new URLSearchParams({ ...form, client_id: clientId, client_secret: clientSecret });
  const response = await fetch(tokenUrl, { method: "POST", body });
  return ((await response.json()) as { access_token: string }).access_token;
}
