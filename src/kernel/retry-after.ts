/** The header Retry-After → a pause. Source: RFC 9110, 10.2.3. */

/** However long a server of the later stages asks for. */
export const MAX_RETRY_AFTER_MS = 30_000;

/** "120", "Wed, 21 Oct 2026 07:28:00 GMT" → ms from now, `longestMs` at the most; undefined: none is asked for. */
export function retryAfterMs(header: string | null, longestMs: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestMs);
}
