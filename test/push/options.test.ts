/** Targets and settings: those of the official SDKs are accepted, and an error names the setting. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flagOf } from "../../src/base/setting.ts";
import { pushJournalKey } from "../../src/run-folder/push-journal.ts";
import {
  parsePushOptions,
  parseTarget,
  PUSH_SETTINGS,
  type PushTexts,
  requireRemote,
} from "../../src/push/settings.ts";

const SECRET = "s3cr3t-value";
const GIVEN: PushTexts = {
  DIODE_TARGET: "grpcs://diode.example.com/diode",
  DIODE_CLIENT_ID: "diode-ingest",
  DIODE_CLIENT_SECRET: SECRET,
};

describe("a target", () => {
  test.each([
    ["grpc://localhost:8080/diode", "http://localhost:8080/diode"],
    ["grpcs://Diode.Example.com/diode/", "https://diode.example.com:443/diode"],
    ["grpc://h/", "http://h:80"],
    ["http://h", "http://h:80"],
    ["https://h", "https://h:443"],
    ["https://h:443/a/b//", "https://h:443/a/b"],
    ["grpcs://[2001:DB8::1]:8443/diode", "https://[2001:db8::1]:8443/diode"],
  ])("%s", (text, baseUrl) => {
    const target = parseTarget(text);
    expect(target.baseUrl).toBe(baseUrl);
    expect(target.tokenUrl).toBe(`${baseUrl}/auth/token`);
    expect(target.isTls).toBe(baseUrl.startsWith("https"));
    expect(target.name).toBe(baseUrl.replace(/^https?:\/\//, ""));
  });

  test.each([
    "ftp://h/diode",
    "diode.example.com:8080",
    "",
    "h",
    "grpc://",
    "grpc://h?x=1",
    "grpc://h#x",
  ])(
    "%j is refused",
    (text) => {
      expect(() => parseTarget(text)).toThrow("DIODE_TARGET");
      expect(() => parseTarget(text)).toThrow(expect.objectContaining({ kind: "usage" }));
    },
  );

  test("with a password is refused, and the password is not shown", () => {
    for (const text of [`grpc://user:${SECRET}@h`, `grpc://${SECRET}@h`, `nonsense ${SECRET}`]) {
      const error = (() => {
        try {
          return parseTarget(text);
        } catch (thrown) {
          return thrown as Error;
        }
      })();
      expect(error).toBeInstanceOf(Error);
      expect(JSON.stringify(error) + String(error)).not.toContain(SECRET);
    }
  });

  test("has a file name of its own, which never leaves the folder", () => {
    expect(pushJournalKey(parseTarget("grpcs://d.example.com/diode").name))
      .toBe("push/d.example.com_443_diode.journal");
    const paths = fc.array(fc.constantFrom("a", "b_c", "b", "c", "..", "d:e", "é"));
    const seen = new Map<string, string>();
    fc.assert(fc.property(paths, (parts) => {
      const target = parseTarget(`grpc://h/${parts.join("/")}`);
      const name = pushJournalKey(target.name);
      expect(name).toMatch(/^push\/[\w.-]+$/);
      expect(seen.get(name) ?? target.name).toBe(target.name);
      seen.set(name, target.name);
    }));
  });
});

describe("settings", () => {
  test("have the defaults that the table shows", () => {
    expect(parsePushOptions(GIVEN)).toMatchObject({
      isUnverified: false,
      maxAuthRetries: 3,
      concurrency: 4,
      stepPauseMs: 0,
      bootstrapWaitMs: 30_000,
      maxRetries: 8,
      retryDelayMs: 1000,
      timeoutMs: 60_000,
      maxChanged: undefined,
    });
  });

  test.each(
    [
      ["DIODE_SKIP_TLS_VERIFY", "maybe"],
      ["DIODE_MAX_AUTH_RETRIES", "0"],
      ["PUSH_CONCURRENCY", "0"],
      ["PUSH_CONCURRENCY", "65"],
      ["PUSH_STEP_PAUSE", "5"],
      ["PUSH_BOOTSTRAP_WAIT", "soon"],
      ["PUSH_MAX_RETRIES", "-1"],
      ["PUSH_RETRY_DELAY", "1h"],
      ["PUSH_TIMEOUT", "0"],
      ["PUSH_MAX_CHANGED", "20"],
      ["PUSH_MAX_CHANGED", "101%"],
    ] as const,
  )("%s=%s is refused, with what is allowed", (name, text) => {
    expect(() => parsePushOptions({ ...GIVEN, [name]: text })).toThrow(
      expect.objectContaining({
        kind: "usage",
        message: `${name} (--${flagOf(name, PUSH_SETTINGS[name])}) must be ${
          PUSH_SETTINGS[name].allowed
        }, not "${text}"`,
      }),
    );
  });

  test("that only sending needs are asked for when it sends", () => {
    for (const name of ["DIODE_TARGET", "DIODE_CLIENT_ID", "DIODE_CLIENT_SECRET"] as const) {
      const options = parsePushOptions({ ...GIVEN, [name]: "" });
      expect(() => requireRemote(options)).toThrow(name);
    }
    expect(requireRemote(parsePushOptions(GIVEN)).credentials.clientSecret).toBe(SECRET);
  });
});
