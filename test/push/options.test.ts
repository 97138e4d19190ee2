/** Targets and settings: the forms of the official SDKs are accepted, and an error names the setting. */
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
const REQUIRED: PushTexts = {
  DIODE_TARGET: "grpcs://diode.example.com/diode",
  DIODE_CLIENT_ID: "diode-ingest",
  DIODE_CLIENT_SECRET: SECRET,
};

describe("DIODE_TARGET", () => {
  test.each([
    ["grpc://localhost:8080/diode", "http://localhost:8080/diode"],
    ["grpcs://Diode.Example.com/diode/", "https://diode.example.com:443/diode"],
    ["grpc://h/", "http://h:80"],
    ["http://h", "http://h:80"],
    ["https://h", "https://h:443"],
    ["https://h:443/a/b//", "https://h:443/a/b"],
    ["grpcs://[2001:DB8::1]:8443/diode", "https://[2001:db8::1]:8443/diode"],
  ])("accepts %s as %s", (text, baseUrl) => {
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
    "rejects %j",
    (text) => {
      expect(() => parseTarget(text)).toThrow("DIODE_TARGET");
      expect(() => parseTarget(text)).toThrow(expect.objectContaining({ kind: "usage" }));
    },
  );

  test("rejects a password without printing it", () => {
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

  test("gives each target a journal of its own inside the run folder", () => {
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

describe("the settings of push", () => {
  test("have the documented defaults", () => {
    expect(parsePushOptions(REQUIRED)).toMatchObject({
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
  )("reject %s=%s with what is allowed", (name, text) => {
    expect(() => parsePushOptions({ ...REQUIRED, [name]: text })).toThrow(
      expect.objectContaining({
        kind: "usage",
        message: `${name} (--${flagOf(name, PUSH_SETTINGS[name])}) must be ${
          PUSH_SETTINGS[name].allowed
        }, not "${text}"`,
      }),
    );
  });

  test.each(["DIODE_MAX_AUTH_RETRIES", "PUSH_MAX_RETRIES"] as const)(
    "the error about a too large %s names the limit",
    (name) => {
      expect(() => parsePushOptions({ ...REQUIRED, [name]: "1001" })).toThrow(
        /to 1000, not "1001"/,
      );
    },
  );

  test("require target, client id and secret only for sending", () => {
    for (const name of ["DIODE_TARGET", "DIODE_CLIENT_ID", "DIODE_CLIENT_SECRET"] as const) {
      const options = parsePushOptions({ ...REQUIRED, [name]: "" });
      expect(() => requireRemote(options)).toThrow(name);
    }
    expect(requireRemote(parsePushOptions(REQUIRED)).credentials.clientSecret).toBe(SECRET);
  });
});
