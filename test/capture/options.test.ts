/** Settings of capture: defaults, accepted spellings and rejected values. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { allowedText, flagOf, type SettingRow } from "../../src/base/setting.ts";
import {
  CAPTURE_SETTINGS,
  type CaptureOptions,
  type CaptureTexts,
  isBootstrap,
  parseCaptureOptions,
} from "../../src/capture/settings.ts";
import { SETTINGS } from "../../src/transform/settings.ts";

const SECRET = "5ec2e700-dead-4bee-8fee-d0d0d0d0d0d0";
const REQUIRED = {
  PROXMOX_HOST: "pve1.example.net",
  PROXMOX_TOKEN_NAME: "sync",
  PROXMOX_TOKEN_VALUE: SECRET,
};
const FINGERPRINT = "5F:40:6C:".repeat(11).slice(0, 95);

function options(texts: CaptureTexts = {}): CaptureOptions {
  return parseCaptureOptions({ ...REQUIRED, ...texts });
}

/** The error that parsing the settings throws. */
function refusal(texts: CaptureTexts): AppError {
  try {
    options(texts);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("It was not refused");
}

test("capture uses the defaults of the mapping document, with every extension off", () => {
  const { token, ...others } = options();
  expect(others).toEqual({
    hosts: [{ name: "pve1.example.net", port: 8006 }],
    trust: { kind: "any" },
    timeoutMs: 30_000,
    limits: { total: 8, perNode: 4, agentsPerNode: 2 },
    nodes: undefined,
    hasLiveAddresses: false,
    extensions: new Set(),
    recorded: {},
  });
  expect(token.id).toBe("root@pam!sync");
});

describe("the hosts of PROXMOX_HOST", () => {
  test("use the port of PROXMOX_PORT, unless they name one", () => {
    const texts = {
      PROXMOX_HOST: "pve1,pve2:443, https://[2001:db8::1]:8006/",
      PROXMOX_PORT: "8007",
    };
    expect(options(texts).hosts).toEqual([
      { name: "pve1", port: 8007 },
      { name: "pve2", port: 443 },
      { name: "2001:db8::1", port: 8006 },
    ]);
  });

  test("are rejected when they contain a password, without printing it", () => {
    const { message } = refusal({ PROXMOX_HOST: "https://root:hunter2@pve1:8006" });
    expect(message).toContain("PROXMOX_HOST");
    expect(message).not.toContain("hunter2");
  });
});

describe("the API token", () => {
  const WHOLE = { PROXMOX_TOKEN_NAME: "", PROXMOX_TOKEN_VALUE: "" };

  test.each<[string, CaptureTexts]>([
    ["in three settings", { PROXMOX_USER: "netbox@pve" }],
    ["with its name after the user", { PROXMOX_USER: "netbox@pve!sync", PROXMOX_TOKEN_NAME: "" }],
    ["with the user before its name", { PROXMOX_TOKEN_NAME: "netbox@pve!sync" }],
    ["in one setting", { ...WHOLE, PROXMOX_TOKEN: `netbox@pve!sync=${SECRET}` }],
    ["in one, with the prefix of the header", {
      ...WHOLE,
      PROXMOX_TOKEN: `PVEAPIToken=netbox@pve!sync=${SECRET}`,
    }],
    ["with only its secret in PROXMOX_TOKEN", {
      PROXMOX_USER: "netbox@pve!sync",
      ...WHOLE,
      PROXMOX_TOKEN: SECRET,
    }],
    ["with a line break after its secret", {
      PROXMOX_USER: "netbox@pve",
      PROXMOX_TOKEN_VALUE: `${SECRET}\n`,
    }],
    ["in three settings, which take precedence over PROXMOX_TOKEN", {
      PROXMOX_USER: "netbox@pve",
      PROXMOX_TOKEN: "other@pve!other=other",
    }],
  ])("is accepted %s", (_, texts) => {
    expect(options(texts).token.authorization).toBe(`PVEAPIToken=netbox@pve!sync=${SECRET}`);
  });

  test("is sent with escaped percent signs, since Proxmox VE unescapes them", () => {
    expect(options({ PROXMOX_TOKEN_VALUE: "a%41" }).token.authorization).toMatch(/=a%2541$/);
  });

  test.each<[string, CaptureTexts, string, string]>([
    ["no name", { PROXMOX_TOKEN_NAME: "" }, "PROXMOX_TOKEN_NAME", "is required"],
    ["no secret", { PROXMOX_TOKEN_VALUE: "" }, "PROXMOX_TOKEN_VALUE", "is required"],
    [
      "a user without realm",
      { PROXMOX_USER: "netbox" },
      "PROXMOX_USER",
      "must be a user and a realm",
    ],
    ["an invalid name", { PROXMOX_TOKEN_NAME: "1 2" }, "PROXMOX_TOKEN_NAME", "must be the name"],
    [
      "a secret of two lines",
      { PROXMOX_TOKEN_VALUE: "a\nb" },
      "PROXMOX_TOKEN_VALUE",
      "must be the secret",
    ],
    [
      "a secret with a semicolon",
      { PROXMOX_TOKEN_VALUE: "a;b" },
      "PROXMOX_TOKEN_VALUE",
      "must be the secret",
    ],
    [
      "an invalid PROXMOX_TOKEN",
      { ...WHOLE, PROXMOX_TOKEN: "netbox!=x" },
      "PROXMOX_TOKEN",
      "must be user@realm!name=secret",
    ],
  ])("with %s is rejected without printing its secret", (_, texts, name, why) => {
    const { kind, message, hint } = refusal(texts);
    expect([kind, message]).toEqual([
      "usage",
      expect.stringMatching(new RegExp(`^${name} \\(--[a-z-]+\\) ${why}`)),
    ]);
    expect(`${message}${hint}`).not.toContain(SECRET);
  });

  test("does not show its secret in JSON, text or an inspector", () => {
    const { token } = options();
    const looks = [
      JSON.stringify(token),
      String(token),
      inspect(token, { depth: 9, showHidden: true }),
    ];
    for (const look of looks) expect(look).not.toContain(SECRET.slice(0, 8));
    expect(token.scrub(`no such token ${SECRET}, ${SECRET}`)).toBe(
      "no such token [redacted], [redacted]",
    );
  });
});

describe("the trust in certificates", () => {
  test.each<[CaptureTexts, CaptureOptions["trust"]]>([
    [{ PROXMOX_SSL_VERIFY: "true" }, { kind: "system" }],
    [{ PROXMOX_CA_FILE: "ca.pem" }, { kind: "authority", file: "ca.pem" }],
    [{ PROXMOX_FINGERPRINT: FINGERPRINT }, {
      kind: "pinned",
      fingerprints: new Set([FINGERPRINT]),
    }],
    [
      {
        PROXMOX_FINGERPRINT: `${FINGERPRINT.toLowerCase()};sha256:${
          FINGERPRINT.replaceAll(":", "")
        }`,
      },
      { kind: "pinned", fingerprints: new Set([FINGERPRINT]) },
    ],
    [{ PROXMOX_FINGERPRINT: FINGERPRINT, PROXMOX_CA_FILE: "ca.pem", PROXMOX_SSL_VERIFY: "true" }, {
      kind: "pinned",
      fingerprints: new Set([FINGERPRINT]),
    }],
  ])("follows %o", (texts, trust) => expect(options(texts).trust).toEqual(trust));
});

test.each<[keyof CaptureTexts, string]>([
  ["PROXMOX_HOST", ""],
  ["PROXMOX_HOST", "pve1,,pve2"],
  ["PROXMOX_HOST", "http://pve1:8006"],
  ["PROXMOX_PORT", "0"],
  ["PROXMOX_PORT", "https"],
  ["PROXMOX_PORT", "70000"],
  ["PROXMOX_SSL_VERIFY", "maybe"],
  ["PROXMOX_FINGERPRINT", "5F:40"],
  ["PROXMOX_API_TIMEOUT", "0"],
  ["PROXMOX_API_TIMEOUT", "1.5"],
  ["PROXMOX_CONCURRENCY", "65"],
  ["PROXMOX_NODE_CONCURRENCY", "-1"],
  ["PROXMOX_AGENT_CONCURRENCY", "3"],
  ["LXC_LIVE_ADDRESSES", "some"],
  ["NETWORK_DEPTH", "true"],
  ["AGENT_HOST_NAMES", "full"],
])("%s=%j is rejected with what is allowed", (name, value) => {
  const error = refusal({ [name]: value });
  const row: SettingRow = CAPTURE_SETTINGS[name];
  expect(error.kind).toBe("usage");
  const label = `${row.variable ?? name} (--${flagOf(name, row)})`;
  expect(error.message).toBe(
    value === ""
      ? `${label} is required: ${row.allowed}`
      : `${label} must be ${allowedText(row)}, not "${value}"`,
  );
});

test.each([["pve1,*", '"*" cannot be combined with node names'], [",", "it is empty"]])(
  "nodes=%j is rejected with the reason",
  (nodes, reason) => {
    const error = refusal({ nodes });
    expect(error.kind).toBe("usage");
    expect(error.message).toBe(`PROXMOX_NODES (--nodes) is "${nodes}": ${reason}`);
    expect(error.hint).toBe(`Set it to ${CAPTURE_SETTINGS.nodes.allowed}`);
  },
);

test("capture records only the settings that transform needs, as they were set", () => {
  const texts = {
    SITE_NAME: " Cellar ",
    CLUSTER_NAME: "",
    LXC_LIVE_ADDRESSES: "on",
    PROXMOX_PORT: "1",
  };
  const { recorded, hasLiveAddresses } = options(texts);
  expect(recorded).toEqual({ SITE_NAME: "Cellar", LXC_LIVE_ADDRESSES: "on" });
  expect(hasLiveAddresses).toBe(true);
});

test.each<[CaptureTexts, string[]]>([
  [{ NETWORK_DEPTH: "full" }, ["NETWORK_DEPTH"]],
  [{ AGENT_HOST_NAMES: "yes" }, ["AGENT_HOST_NAMES"]],
  [{ NETWORK_DEPTH: "full", AGENT_HOST_NAMES: "true" }, ["NETWORK_DEPTH", "AGENT_HOST_NAMES"]],
  [{ NETWORK_DEPTH: "mapped", AGENT_HOST_NAMES: "false" }, []],
  [{ NETWORK_DEPTH: " ", AGENT_HOST_NAMES: "" }, []],
])("with %o, capture reads more, and records it", (texts, extensions) => {
  const found = options(texts);
  expect([...found.extensions]).toEqual(extensions);
  const given = Object.entries(texts).filter(([, text]) => text?.trim() !== "");
  expect(found.recorded).toEqual(Object.fromEntries(given));
});

test("BOOTSTRAP needs no other setting, and must be true or false", () => {
  expect([isBootstrap({}), isBootstrap({ BOOTSTRAP: "yes" })]).toEqual([false, true]);
  expect(() => isBootstrap({ BOOTSTRAP: "maybe" })).toThrow(
    'BOOTSTRAP (--bootstrap) must be true or false, not "maybe"',
  );
});

test("capture has two secret settings, no duplicate flags, and the flags of transform for shared settings", () => {
  const rows = Object.entries<SettingRow>(CAPTURE_SETTINGS);
  expect(rows.filter(([, row]) => row.secret).map(([name]) => name))
    .toEqual(["PROXMOX_TOKEN_VALUE", "PROXMOX_TOKEN"]);
  expect(new Set(rows.map(([name, row]) => flagOf(name, row))).size).toBe(rows.length);
  for (const [name, row] of Object.entries<SettingRow>(SETTINGS)) {
    const shared = rows.find(([each]) => each === name)?.[1];
    if (shared === undefined) continue;
    expect([flagOf(name, shared), shared.variable], name).toEqual([
      flagOf(name, row),
      row.variable,
    ]);
  }
});
