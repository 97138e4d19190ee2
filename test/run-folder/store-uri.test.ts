/** Run folders with a URI: errors, and that credentials are never shown. */
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { freePort } from "../helpers/redis-server.ts";

const SECRET = "hunter2";

async function refusalOf(place: string): Promise<AppError> {
  try {
    await openStore(place);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`Opened ${place}`);
}

/** All parts of an error that a user could see, including its causes. */
function shown(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof AppError ? error.hint : "";
  return [error.message, hint, error.stack, shown(error.cause)].join("\n");
}

describe("a URI", () => {
  test.each(["ftp", "http", "file", "constructor", "mongodb+srv"])(
    "with the scheme %s is a usage error that lists the supported schemes",
    async (scheme) => {
      const error = await refusalOf(`${scheme}://host/lab`);
      expect(error.kind).toBe("usage");
      expect(error.message).toContain(`${scheme}://`);
      expect(error.hint).toMatch(/redis:\/\/.*s3:\/\//);
    },
  );

  test.each([
    ["of an unknown scheme", `ftp://user:${SECRET}@host/lab`],
    ["with a secret in its query", `ftp://host/lab?token=${SECRET}`],
    ["with a secret in its fragment", `ftp://host/lab#${SECRET}`],
    ["that cannot be parsed", `redis://user:${SECRET}@no host/0/lab`],
    ["with an impossible port", `redis://user:${SECRET}@host:99999/0/lab`],
    ["without a database", `redis://user:${SECRET}@host/lab`],
    ["of a bucket without keys", `s3://user:${SECRET}@bucket/lab`],
  ])("%s is a usage error that hides the credentials", async (_what, place) => {
    const error = await refusalOf(place);
    expect(error.kind).toBe("usage");
    expect(error.message.length).toBeGreaterThan(20);
    expect(shown(error)).not.toContain(SECRET);
  });

  test(
    "of an unreachable Redis is a remote error without delay, and hides the password",
    async () => {
      const error = await refusalOf(`redis://user:${SECRET}@127.0.0.1:${await freePort()}/0/lab`);
      expect(error.kind).toBe("remote");
      expect(error.message).toContain("ECONNREFUSED");
      expect(shown(error)).not.toContain(SECRET);
    },
    10_000,
  );

  test("of a Redis requires a database number, and the error explains it", async () => {
    const error = await refusalOf("redis://127.0.0.1/lab");
    expect(error.message).toContain('"lab" is not a database number');
  });

  test("of a bucket is shown with the name and without the keys", async () => {
    const keys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: SECRET };
    const store = await openStore(`s3://x:${SECRET}@bucket/snapshots/lab?y=${SECRET}`, keys);
    expect(store.place).toBe("s3://***:***@bucket/snapshots/lab");
    expect(JSON.stringify(store)).not.toContain(SECRET);
    await store.close();
  });

  test('needs "://" after a known form of scheme; other paths are folders', async () => {
    for (const place of ["redis:/lab", "C://lab", "snapshots/a://b"]) {
      expect((await openStore(place)).place).toBe(place);
    }
  });
});

test("an empty run folder name is a usage error", async () => {
  expect((await refusalOf("")).kind).toBe("usage");
});
