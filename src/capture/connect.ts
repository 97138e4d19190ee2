/** The first question: does anybody answer, with a certificate that is trusted and to a token that is good? */
import { peekCertificate } from "../http/certificate.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import { type Client, openClient, type Reply } from "./client.ts";
import { noAnswer, RETRY_TIMES, type RetryTimes } from "./failures.ts";
import type { CaptureOptions } from "./settings.ts";

/** What a command that asks a cluster hands in. */
export interface Asking {
  readonly signal: AbortSignal;
  /** What the user should know; one sentence each. */
  readonly onWarning: (sentence: string) => void;
  readonly retry?: RetryTimes;
}

export interface Connection {
  readonly client: Client;
  readonly version: Reply;
}

/** @throws AppError "remote" that says why nobody answers, and what to do. */
export async function connect(options: CaptureOptions, asking: Asking): Promise<Connection> {
  const { hosts, trust } = options;
  const { signal, onWarning, retry = RETRY_TIMES } = asking;
  const client = await openClient({ ...options, signal, retry });
  try {
    const version = await client.get(PATHS.version);
    const { answer } = version;
    if ("failed" in answer) {
      const isUntrusted = answer.failed === "tls";
      const shown = isUntrusted
        ? await peekCertificate(client.host()).catch(() => undefined)
        : undefined;
      throw noAnswer(answer.failed, hosts, shown?.fingerprint);
    }
    const { name, port } = client.host();
    if (trust.kind === "any") {
      onWarning(
        `The certificate of ${name}:${port} is not verified. If it is the right one, pin it: ` +
          `PROXMOX_FINGERPRINT=${client.certificate()?.fingerprint}`,
      );
    }
    return { client, version };
  } catch (error) {
    await client.close();
    throw error;
  }
}
