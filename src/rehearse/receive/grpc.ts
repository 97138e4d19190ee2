/**
 * A call with one message each way, in gRPC's own framing. It is written out here because a
 * rehearsal must be able to answer wrongly, late and not at all, which a library rightly prevents.
 * Source: grpc/grpc, doc/PROTOCOL-HTTP2.md.
 */
import type { Answer } from "./exchange.ts";

/** Source: grpc/grpc, doc/statuscodes.md. */
const STATUS = {
  UNKNOWN: 2,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof STATUS;

/** What a call failed with, as Go's server would. */
export class StatusError extends Error {
  readonly status: StatusName;

  constructor(status: StatusName, message: string) {
    super(message);
    this.status = status;
  }
}

/** Goes into a header as %XX of its UTF-8 bytes; all else as it is. */
const UNSAFE_REGEXP = /[^ -$&-~]+/g;
const HEADERS = { "content-type": "application/grpc" };
/** Before a message: whether it is compressed, and its length as 4 bytes, the highest first. */
const PREFIX_BYTES = 5;

/** @throws StatusError for a body that is not one message of at most `most` bytes. */
export function messageOf(body: Uint8Array, most: number): Uint8Array {
  if (body.length < PREFIX_BYTES) throw new StatusError("INTERNAL", "unexpected EOF");
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (length > most) {
    throw new StatusError(
      "RESOURCE_EXHAUSTED",
      `grpc: received message larger than max (${length} vs. ${most})`,
    );
  }
  if (body.length !== PREFIX_BYTES + length) throw new StatusError("INTERNAL", "unexpected EOF");
  return body.subarray(PREFIX_BYTES);
}

export function messageAnswer(message: Uint8Array): Answer {
  const body = new Uint8Array(PREFIX_BYTES + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, PREFIX_BYTES);
  return { status: 200, headers: HEADERS, body, trailers: { "grpc-status": "0" } };
}

/** Without a message, the status stands in the headers. */
export function statusAnswer(status: StatusName, message: string): Answer {
  return {
    status: 200,
    headers: {
      ...HEADERS,
      "grpc-status": STATUS[status],
      "grpc-message": message.replace(UNSAFE_REGEXP, encodeURIComponent),
    },
  };
}
