/** What Diode requires of a request. Apart from ingester.ts, since that reads the descriptors when it is imported. */

/** Limit for one message: grpc-go's default, 4 MiB. Source: diode issue 374. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** The OAuth2 scope of a client that may send. */
export const INGEST_SCOPE = "diode:ingest";
