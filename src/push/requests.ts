/** Requests are made twice, to be checked and to be sent; the first ones are kept in between. */
import { type PlannedFile, prepare, type Prepared } from "./prepare.ts";

/** Enough for most runs, and memory does not grow with the rest. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;

export class Requests {
  readonly #kept = new Map<string, Prepared>();
  #keptBytes = 0;

  /** @throws AppError "input" that names file, line and field of what Diode would not take. */
  async check(planned: PlannedFile): Promise<Prepared> {
    const request = await prepare(planned);
    if (this.#keptBytes + request.bytes.length <= MAX_KEPT_BYTES) {
      this.#keptBytes += request.bytes.length;
      this.#kept.set(planned.file.path, request);
    }
    return request;
  }

  /** Hands it over, once. @throws AppError "input" when the file was changed meanwhile. */
  async take(planned: PlannedFile): Promise<Prepared> {
    const kept = this.#kept.get(planned.file.path);
    this.#kept.delete(planned.file.path);
    return kept ?? await prepare(planned);
  }
}
