/** Run folders with a URI: what is refused, and that no credential is ever shown. */
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

/** All that a user could be shown of an error, causes included. */
function shown(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof AppError ? error.hint : "";
  return [error.message, hint, error.stack, shown(error.cause)].join("\n");
}

describe("a URI", () => {
  test.each(["ftp", "http", "file", "constructor", "mongodb+srv"])(
    "with the scheme %s is a usage error that says which schemes are served",
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
  ])("%s is a usage error without the credentials in it", async (_what, place) => {
    const error = await refusalOf(place);
    expect(error.kind).toBe("usage");
    expect(error.message.length).toBeGreaterThan(20);
    expect(shown(error)).not.toContain(SECRET);
  });

  test(
    "of an unreachable Redis is a remote error, soon, and without the password",
    async () => {
      const error = await refusalOf(`redis://user:${SECRET}@127.0.0.1:${await freePort()}/0/lab`);
      expect(error.kind).toBe("remote");
      expect(error.message).toContain("ECONNREFUSED");
      expect(shown(error)).not.toContain(SECRET);
    },
    10_000,
  );

  test("of a Redis names its database by number, or is told how", async () => {
    const error = await refusalOf("redis://127.0.0.1/lab");
    expect(error.message).toContain('"lab" is not a database number');
  });

  test("of a bucket shows its name and not its keys", async () => {
    const keys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: SECRET };
    const store = await openStore(`s3://x:${SECRET}@bucket/snapshots/lab?y=${SECRET}`, keys);
    expect(store.place).toBe("s3://***:***@bucket/snapshots/lab");
    expect(JSON.stringify(store)).not.toContain(SECRET);
    await store.close();
  });

  test("is only what has a scheme: a path that looks like one is a folder", async () => {
    for (const place of ["redis:/lab", "C://lab", "snapshots/a://b"]) {
      expect((await openStore(place)).place).toBe(place);
    }
  });
});

test("a run folder without a name is a usage error", async () => {
  expect((await refusalOf("")).kind).toBe("usage");
});
