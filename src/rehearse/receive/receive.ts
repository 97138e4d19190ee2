/** A Diode server on the loopback interface, with the behaviour of its nginx; keeps requests, fails on demand. */
import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { HOST, makeCertificate } from "../server.ts";
import { type ClientCredentials, REHEARSAL_CLIENT } from "../settings.ts";
import {
  createDice,
  type FaultName,
  type FaultPlace,
  type FaultRow,
  RECEIVE_FAULTS,
  type ReceiveFault,
} from "./faults.ts";
import { answerIngest, type RequestHead, requestJson } from "./ingester.ts";
import {
  ClientGone,
  CUT,
  type HttpOutcome,
  type NodeRequest,
  openFrontPort,
  page,
  pathOf,
  sendAnswer,
} from "./nginx.ts";
import { answerToken, Tokens } from "./tokens.ts";

export interface ReceivedRequest extends Omit<RequestHead, "entities"> {
  /** Number of entities. */
  readonly entities: number;
  /** Size of the message without gRPC's prefix. */
  readonly bytes: number;
}

export interface ReceiveOptions {
  /** 0 (default): any free port. */
  readonly port?: number | undefined;
  /** Path prefix; default "/diode". */
  readonly prefix?: string | undefined;
  /** With a self-signed certificate. */
  readonly isTls?: boolean;
  /** The client that may get tokens; default REHEARSAL_CLIENT. */
  readonly client?: ClientCredentials;
  /** Lifetime of a token; default one hour. */
  readonly tokenLifeMs?: number | undefined;
  /** Delay of every answer. */
  readonly latencyMs?: number | undefined;
  /** At most one hits a request. */
  readonly faults?: readonly ReceiveFault[] | undefined;
  /** Same seed, same faults. */
  readonly seed?: number | undefined;
  /** Called with each valid request before it is acknowledged. */
  readonly onRequest?: (request: ReceivedRequest, bytes: Uint8Array) => Promise<void> | void;
  /** Do not keep entities in memory. */
  readonly isForgetful?: boolean;
}

export interface Receiver {
  /** "grpc://127.0.0.1:40123/diode" */
  readonly target: string;
  readonly port: number;
  readonly client: ClientCredentials;
  /** With TLS: the certificate that a client has to trust. */
  readonly certificatePem: string | undefined;
  /** Valid requests in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Fault → requests that it hit. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** Tokens issued so far. */
  countTokens(): number;
  /** Entities of all requests in order of arrival, in protobuf JSON: `{ timestamp, tag: {…} }`. */
  entities(): JsonObject[];
  close(): Promise<void>;
}

/** Source: netboxlabs/diode, HYDRA_TTL_ACCESS_TOKEN of Diode's quickstart. */
const TOKEN_LIFE_MS = 3_600_000;

/** TABLE: beginning of a path after the prefix, as in Diode's nginx.conf. */
const LOCATIONS = [
  ["token", "/auth/token"],
  ["ingest", "/diode.v1.IngesterService/"],
] as const satisfies readonly (readonly [FaultPlace, path: string])[];

/** @throws AppError "usage" when the port is taken. */
export async function receive(options: ReceiveOptions = {}): Promise<Receiver> {
  const { prefix = "/diode", client = REHEARSAL_CLIENT, latencyMs } = options;
  const requests: ReceivedRequest[] = [];
  const bodies: Uint8Array[] = [];
  const hits: Partial<Record<FaultName, number>> = {};
  const tokens = new Tokens(options.tokenLifeMs ?? TOKEN_LIFE_MS);
  const nextFault = createDice(options.faults ?? [], options.seed ?? 1);
  const keep = async (head: RequestHead, bytes: Uint8Array): Promise<void> => {
    const request = { ...head, entities: head.entities.length, bytes: bytes.length };
    await options.onRequest?.(request, bytes);
    requests.push(request);
    if (!options.isForgetful) bodies.push(bytes);
  };
  const answers = {
    token: (request: NodeRequest) => answerToken(request, client, tokens),
    ingest: (request: NodeRequest) => answerIngest(request, tokens, keep),
  };
  const outcomeOf = async (request: NodeRequest): Promise<HttpOutcome> => {
    const requested = pathOf(request);
    const [place] = LOCATIONS.find(([, path]) => requested.startsWith(prefix + path)) ?? [];
    if (place === undefined) return page(404);
    const name = nextFault(place);
    if (name === undefined) return await answers[place](request);
    hits[name] = (hits[name] ?? 0) + 1;
    const { isKept, outcome }: FaultRow = RECEIVE_FAULTS[name];
    if (isKept === undefined) return outcome;
    const reply = await answers[place](request);
    // Only an acknowledgement is a message followed by trailers.
    const isRefused = reply.trailers === undefined;
    return isRefused ? reply : outcome;
  };
  const certificate = options.isTls ? await makeCertificate() : undefined;
  const front = await openFrontPort((request, response) => {
    const respond = async (): Promise<void> => {
      const outcome = await outcomeOf(request);
      if (latencyMs) await wait(latencyMs);
      if (outcome === CUT) front.cut(request);
      else sendAnswer(response, outcome);
      // An unread body would block the other requests of the connection.
      request.resume();
    };
    respond().catch((error: unknown) => {
      if (!(error instanceof ClientGone)) throw error;
    });
  }, { port: options.port ?? 0, certificate });
  return {
    target: `${certificate === undefined ? "grpc" : "grpcs"}://${HOST}:${front.port}${prefix}`,
    port: front.port,
    client,
    certificatePem: certificate?.certificatePem,
    requests,
    faults: hits,
    countTokens: () => tokens.count,
    entities: () => bodies.flatMap((bytes) => requestJson(bytes).entities),
    close: () => front.close(),
  };
}
