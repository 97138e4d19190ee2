/** What went wrong, as the user should read it: tried what, on what, why it failed, what to do. */

/** Whose fault it is. Anything that is not an `AppError` is a fault of ours. */
export type ErrorKind = "usage" | "incomplete" | "input" | "remote" | "rejected" | "interrupted";

export interface ErrorDetails {
  /** What the user can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error that the user can act on. `message` is one line and holds no secret. */
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

/** A file is not what its reader was promised: exit code 5. */
export function inputError(message: string, details?: ErrorDetails): AppError {
  return new AppError("input", message, details);
}

/** The text of anything that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
