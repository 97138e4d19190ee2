/** A Diode server on the loopback interface, with the behaviour of its nginx; keeps requests, fails on demand. */
import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { HOST, makeCertificate } from "../server.ts";
import {
  createDice,
  type FaultName,
  type FaultPlace,
  type FaultRow,
  RECEIVE_FAULTS,
  type ReceiveFault,
} from "./faults.ts";
import { openFrontPort } from "./front-port.ts";
import {
  ClientGone,
  CUT,
  type Exchange,
  exchangeOf,
  type HttpOutcome,
  type HttpReply,
  type NodeRequest,
  type NodeResponse,
  page,
  sendAnswer,
} from "./http.ts";
import { answerIngest, type Ingester } from "./ingester.ts";
import { type ReceivedRequest, requestJson } from "./received.ts";
import { answerToken, createTokens, type TokenIssuer } from "./tokens.ts";
import { type ClientCredentials, REHEARSAL_CLIENT } from "../settings.ts";

export interface ReceiveOptions {
  /** 0 (default): any free port. */
  readonly port?: number;
  /** Path prefix; default "/diode". */
  readonly prefix?: string;
  /** With a self-signed certificate. */
  readonly isTls?: boolean;
  /** The client that may get tokens; default REHEARSAL_CLIENT. */
  readonly client?: ClientCredentials;
  /** Lifetime of a token; default one hour. */
  readonly tokenLifeMs?: number;
  /** Delay of every answer. */
  readonly latencyMs?: number;
  /** At most one hits a request. */
  readonly faults?: readonly ReceiveFault[];
  /** Same seed, same faults. */
  readonly seed?: number;
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

/** @throws AppError "usage" when the port is taken. */
export async function receive(options: ReceiveOptions = {}): Promise<Receiver> {
  const { prefix = "/diode", client = REHEARSAL_CLIENT, tokenLifeMs = TOKEN_LIFE_MS } = options;
  const requests: ReceivedRequest[] = [];
  const bodies: Uint8Array[] = [];
  const faults: Partial<Record<FaultName, number>> = {};
  const certificate = options.isTls ? await makeCertificate() : undefined;
  const tokens = createTokens(tokenLifeMs);
  const gateway = createGateway({
    prefix,
    client,
    tokens,
    lifeMs: tokenLifeMs,
    faults: options.faults ?? [],
    seed: options.seed ?? 1,
    async keep(head, bytes) {
      const request = { ...head, entities: head.entities.length, bytes: bytes.length };
      await options.onRequest?.(request, bytes);
      requests.push(request);
      if (!options.isForgetful) bodies.push(bytes);
    },
    onFault(name) {
      faults[name] = (faults[name] ?? 0) + 1;
    },
  });
  const serve = async (request: NodeRequest, response: NodeResponse): Promise<void> => {
    const outcome = await gateway(exchangeOf(request));
    if (options.latencyMs) await wait(options.latencyMs);
    if (outcome === CUT) front.cut(request);
    else sendAnswer(response, outcome);
    // An unread body would block the other requests of the connection.
    request.resume();
  };
  const front = await openFrontPort((request, response) => {
    serve(request, response).catch(ignoreGone);
  }, { port: options.port ?? 0, certificate });
  return {
    target: `${certificate === undefined ? "grpc" : "grpcs"}://${HOST}:${front.port}${prefix}`,
    port: front.port,
    client,
    certificatePem: certificate?.certificatePem,
    requests,
    faults,
    countTokens: tokens.count,
    entities: () => bodies.flatMap((bytes) => requestJson(bytes).entities),
    close: () => front.close(),
  };
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof ClientGone)) throw error;
}

export interface GatewayOptions extends Ingester, TokenIssuer {
  readonly prefix: string;
  readonly faults: readonly ReceiveFault[];
  readonly seed: number;
  onFault(name: FaultName): void;
}

interface Location {
  readonly path: string;
  readonly place: FaultPlace;
  readonly answer: (exchange: Exchange, options: GatewayOptions) => Promise<HttpReply>;
}

/** TABLE: beginning of a path after the prefix → handler, as in Diode's nginx.conf. */
const LOCATIONS: readonly Location[] = [
  { path: "/auth/token", place: "token", answer: answerToken },
  { path: "/diode.v1.IngesterService/", place: "ingest", answer: answerIngest },
];

export function createGateway(
  options: GatewayOptions,
): (exchange: Exchange) => Promise<HttpOutcome> {
  const nextFault = createDice(options.faults, options.seed);
  return async (exchange) => {
    const location = LOCATIONS.find(({ path }) => exchange.path.startsWith(options.prefix + path));
    if (location === undefined) return page(404);
    const name = nextFault(location.place);
    if (name === undefined) return await location.answer(exchange, options);
    options.onFault(name);
    const { isKept, outcome }: FaultRow = RECEIVE_FAULTS[name];
    if (isKept === undefined) return outcome;
    const honest = await location.answer(exchange, options);
    // Only an acknowledgement is a message followed by trailers.
    const isRefused = honest.trailers === undefined;
    return isRefused ? honest : outcome;
  };
}
