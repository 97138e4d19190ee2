/** Errors for the user: what failed, on what, why, and what to do. */

/** The cause. Anything that is not an `AppError` is a bug. */
export type ErrorKind = "usage" | "incomplete" | "input" | "remote" | "rejected" | "interrupted";

export interface ErrorDetails {
  /** What the user can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error that the user can act on. `message` has no secrets: one line, or one for each fault. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "AppError";
    this.kind = kind;
    this.hint = details.hint;
  }
}

/** A setting or argument is wrong: exit code 2. */
export function usageError(message: string, details?: ErrorDetails): AppError {
  return new AppError("usage", message, details);
}

/** A file is invalid: exit code 5. */
export function inputError(message: string, details?: ErrorDetails): AppError {
  return new AppError("input", message, details);
}

/** Is it what an AbortSignal ends work with? */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** The text of any thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
