/** The official Diode API: one call, with a token, over HTTP/2. */
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { connect as connectTcp, isIP } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { tlsOptions, type Trust } from "../../http/certificate.ts";
import { openHttp } from "../../http/client.ts";
import { isOfNetwork, type RemoteFailure } from "../../http/failure.ts";
import { withRetries } from "../../http/retry.ts";
import { USER_AGENT } from "../../base/tool.ts";
import type { RemoteOptions } from "../settings.ts";
import {
  IngesterService,
  type IngestRequest,
  IngestRequestSchema,
} from "../../netbox/diode/ingester.ts";
import { networkHints } from "./hints.ts";
import { statusFailure } from "./status.ts";
import { createTokens } from "./token.ts";
import { openTunnel } from "../../http/proxy.ts";

export interface DiodeOptions extends RemoteOptions, Trust {
  readonly proxy: URL | undefined;
  /** Once it is aborted, nothing is repeated, and what is under way is given a moment. */
  readonly signal: AbortSignal;
  readonly onRetry: (failure: RemoteFailure, pauseMs: number) => void;
}

export interface Diode {
  /**
   * Sends an encoded IngestRequest, with retries. Returns the errors that the server found in its entities, usually none.
   * @throws RemoteFailure.
   */
  ingest(request: Uint8Array): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** How long a request may go on after an interruption. */
const GRACE_MS = 2000;
/** A connection that is silent is asked whether it lives; Diode allows it every 5 s. */
const PING_INTERVAL_MS = 20_000;
/** An answer is a few texts. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

export async function connectDiode(options: DiodeOptions): Promise<Diode> {
  const { target, credentials, proxy, timeoutMs } = options;
  const { signal, clear } = delayed(options.signal);
  const tls = tlsOptions(options);
  const hints = networkHints(target);
  const http = openHttp({ ...options, server: "The token endpoint", hints, signal });
  const tunnel = proxy && await openTunnel(proxy, target);
  const session = new Http2SessionManager(
    target.baseUrl,
    { pingIntervalMs: PING_INTERVAL_MS },
    { ...tls, ...(tunnel && { createConnection: () => enter(tunnel.port, target, tls) }) },
  );
  const client = createClient(
    IngesterService,
    createGrpcTransport({
      baseUrl: target.baseUrl,
      sessionManager: session,
      acceptCompression: [],
      readMaxBytes: MAX_ANSWER_BYTES,
    }),
  );
  let isBroken = false;
  const tokens = createTokens({ target, credentials, http });
  const call = async (request: Uint8Array): Promise<readonly string[]> => {
    const token = await tokens.current();
    const headers = { authorization: `Bearer ${token}`, "user-agent": USER_AGENT };
    try {
      const { errors } = await client.ingest(asMessage(request), { headers, timeoutMs, signal });
      return errors;
    } catch (error) {
      signal.throwIfAborted();
      isBroken ||= isOfNetwork(error);
      const failure = statusFailure(error, { secrets: [token, credentials.clientSecret], hints });
      if (failure.verdict === "token") tokens.refuse(token);
      throw failure;
    }
  };
  return {
    ingest: (request) => withRetries(() => call(request), options),
    async close() {
      clear();
      if (isBroken) await ended(session);
      session.abort();
      tunnel?.close();
      await http.close();
    },
  };
}

/** Aborted a while after another one. */
function delayed(first: AbortSignal): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => controller.abort(first.reason), GRACE_MS);
  };
  first.addEventListener("abort", start, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      first.removeEventListener("abort", start);
    },
  };
}

/** How long a connection that broke may take to end. */
const END_MS = 200;
const END_POLL_MS = 10;

/**
 * A connection that breaks fails its calls first and emits its error a moment later. Connect hears
 * no error of a session that it was told to abort, and an error that is not heard ends the program.
 */
async function ended(session: Http2SessionManager): Promise<void> {
  for (let left = END_MS; left > 0; left -= END_POLL_MS) {
    if (session.state() === "closed" || session.state() === "error") return;
    await wait(END_POLL_MS);
  }
}

/** Through the tunnel, to the host that the certificate is for. */
function enter(port: number, { host, isTls }: DiodeOptions["target"], tls: object) {
  const near = { host: "127.0.0.1", port };
  return isTls
    ? connectTls({
      ...near,
      ...tls,
      // By its address a server has no name to ask for.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ["h2"],
    })
    : connectTcp(near);
}

/**
 * Connect takes messages only, and would encode each request a second time. So all that follows the tag
 * of the first field travels as an unknown field, which is written as it is.
 */
function asMessage(request: Uint8Array): IngestRequest {
  const [tag = 0] = request;
  const message = create(IngestRequestSchema);
  message.$unknown = [{ no: tag >> 3, wireType: tag & 7, data: request.subarray(1) }];
  return message;
}
