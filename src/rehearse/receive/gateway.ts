/** Path → who answers it, as Diode's nginx decides, unless a fault strikes first. */
import type { Answer, Exchange, Outcome } from "./exchange.ts";
import {
  createDice,
  type Fault,
  type FaultName,
  type FaultPlace,
  type FaultRow,
  FAULTS,
} from "./faults.ts";
import { answerIngest, type Ingester } from "./ingester.ts";
import { page } from "./nginx.ts";
import { answerToken, type TokenIssuer } from "./token-endpoint.ts";

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
