/** The access tokens that were given out, and for how long they open the door. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/** Opens nothing but a rehearsal on the loopback, and so is no secret. */
export const REHEARSAL_CLIENT: ClientCredentials = {
  id: "diode-rehearsal",
  secret: "rehearsal-only",
};

export interface Tokens {
  /** `scope`: what the token may be used for, parted by blanks. */
  issue(scope: string): string;
  /** How many were given out. */
  count(): number;
  /** undefined for a token that is unknown or has run out. */
  scopeOf(token: string): string | undefined;
}

export function createTokens(lifeMs: number): Tokens {
  const issued = new Map<string, { readonly scope: string; readonly until: number }>();
  let count = 0;
  return {
    count: () => count,
    issue(scope) {
      count += 1;
      const now = performance.now();
      for (const [token, { until }] of issued) if (until <= now) issued.delete(token);
      const token = crypto.randomUUID();
      issued.set(token, { scope, until: now + lifeMs });
      return token;
    },
    scopeOf(token) {
      const found = issued.get(token);
      return found !== undefined && performance.now() < found.until ? found.scope : undefined;
    },
  };
}
