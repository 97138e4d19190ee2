/** A Diode on the loopback, behind an nginx as its own: it keeps what it is sent, and fails on demand. */
import { setTimeout as wait } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { HOST, makeCertificate } from "../server.ts";
import {
  createDice,
  type Fault,
  type FaultName,
  type FaultPlace,
  type FaultRow,
  FAULTS,
} from "./faults.ts";
import { openFrontPort } from "./front-port.ts";
import {
  type Answer,
  ClientGone,
  CUT,
  type Exchange,
  exchangeOf,
  type NodeRequest,
  type NodeResponse,
  type Outcome,
  page,
  sendAnswer,
} from "./http.ts";
import { answerIngest, type Ingester } from "./ingester.ts";
import { type ReceivedRequest, requestJson } from "./received.ts";
import {
  answerToken,
  type ClientCredentials,
  createTokens,
  REHEARSAL_CLIENT,
  type TokenIssuer,
} from "./tokens.ts";

export interface ReceiveOptions {
  /** 0, the default: the system chooses. */
  readonly port?: number;
  /** Before every path; "/diode" unless given, "" for none. */
  readonly prefix?: string;
  /** With a certificate of its own. */
  readonly isTls?: boolean;
  /** Whom it gives tokens to; a client of the rehearsal unless given. */
  readonly client?: ClientCredentials;
  /** How long a token opens the door; an hour unless given. */
  readonly tokenLifeMs?: number;
  /** How long each answer waits. */
  readonly latencyMs?: number;
  /** Of those for one place, one at the most strikes a request. */
  readonly faults?: readonly Fault[];
  /** Same seed, same faults. */
  readonly seed?: number;
  /** Called with each request that is in order, before it is acknowledged. */
  readonly onRequest?: (request: ReceivedRequest, bytes: Uint8Array) => Promise<void> | void;
  /** Do not keep the entities in memory. */
  readonly isForgetful?: boolean;
}

export interface Receiver {
  /** As a client is told it: "grpc://127.0.0.1:40123/diode". */
  readonly target: string;
  readonly port: number;
  readonly client: ClientCredentials;
  /** With TLS: what a client has to trust. */
  readonly certificatePem: string | undefined;
  /** Those that were in order, as they came. */
  readonly requests: readonly ReceivedRequest[];
  /** How many requests each fault struck. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** How many tokens were given out. */
  countTokens(): number;
  /** Of all requests, as they came, in protobuf JSON: `{ timestamp, tag: {…} }`. */
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
    // A body that nobody reads would hold up the other requests of its connection.
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

/** Path → who answers it, as Diode's nginx decides, unless a fault strikes first. */

export interface GatewayOptions extends Ingester, TokenIssuer {
  readonly prefix: string;
  readonly faults: readonly Fault[];
  readonly seed: number;
  onFault(name: FaultName): void;
}

interface Location {
  readonly path: string;
  readonly place: FaultPlace;
  readonly answer: (exchange: Exchange, options: GatewayOptions) => Promise<Answer>;
}

/** TABLE: a path begins with `path`, behind the prefix. */
const LOCATIONS: readonly Location[] = [
  { path: "/auth/token", place: "token", answer: answerToken },
  { path: "/diode.v1.IngesterService/", place: "ingest", answer: answerIngest },
];

export function createGateway(options: GatewayOptions): (exchange: Exchange) => Promise<Outcome> {
  const nextFault = createDice(options.faults, options.seed);
  return async (exchange) => {
    const location = LOCATIONS.find(({ path }) => exchange.path.startsWith(options.prefix + path));
    if (location === undefined) return page(404);
    const name = nextFault(location.place);
    if (name === undefined) return await location.answer(exchange, options);
    options.onFault(name);
    const { isKept, outcome }: FaultRow = FAULTS[name];
    if (isKept === undefined) return outcome;
    const honest = await location.answer(exchange, options);
    // Only an acknowledgement is a message, with trailers behind it.
    const isRefused = honest.trailers === undefined;
    return isRefused ? honest : outcome;
  };
}
