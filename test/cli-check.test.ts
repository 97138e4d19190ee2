/** transform --check: faults, tests and unmatched guests of a policy file, from the command line. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { runCli } from "./helpers/run-cli.ts";

const { fresh } = cliFolders();

const RULES = "rules:\n  - match: { name: web-* }\n    set: { tenant: A }\n";

async function policyFile(text: string): Promise<string> {
  const file = fresh("policy.yaml");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function check(text: string, ...args: readonly string[]) {
  return await runCli(["transform", "--check", "--config", await policyFile(text), ...args]);
}

describe.concurrent("transform --check", () => {
  test("passes if all tests do, and writes nothing", async () => {
    const file = await policyFile(
      `${RULES}tests:\n  - guest: { name: web-01 }\n    expect: { tenant: A }\n`,
    );
    const { code, stdout, stderr } = await runCli(["transform", "--check", "--config", file]);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe("1 rule, 1 test: 0 failed\n");
    expect(await readdir(dirname(file))).toEqual(["policy.yaml"]);
  });

  const FAILING =
    `${RULES}tests:\n  - guest: { name: web-01 }\n    expect: { tenant: B, role: R }\n`;

  test("exits with 5 if a test fails, and names file, line, rule and what is decided", async () => {
    const { code, stdout } = await check(FAILING);
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /policy\.yaml:6:15 test of web-01: tenant must be "B", but rule 1 \(\S+policy\.yaml:2:5\) sets "A"\n/,
    );
    expect(stdout).toContain('policy.yaml:6:26 test of web-01: role must be "R", but no rule sets');
    expect(stdout).toContain("1 rule, 1 test: 1 failed\n");
  });

  test("prints JSON", async () => {
    const { code, stdout } = await check(FAILING, "--json");
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      rules: 1,
      tests: 1,
      failed: 1,
      failures: [
        { line: 6, value: "tenant", expected: "B", got: "A", rule: { number: 1, line: 2 } },
        { line: 6, value: "role", expected: "R", got: null },
      ],
      runs: [],
    });
  });

  test("lists all faults, and exits with 2", async () => {
    const wrong = "rules:\n  - match: { pol: a }\n    set: { tennant: A }\n";
    const [text, json] = await Promise.all([check(wrong), check(wrong, "--log-format", "json")]);
    expectError(
      text,
      2,
      'policy.yaml:2:14 unknown condition "pol": did you mean "pool"?\n',
      'policy.yaml:3:12 unknown value "tennant": did you mean "tenant"?\n',
    );
    expect(JSON.parse(json.stderr)).toMatchObject({
      message: expect.stringContaining(":2:14 unknown condition"),
      details: [expect.stringMatching(/^\S+policy\.yaml:3:12 unknown value/)],
    });
  });

  test("checks the settings too, and requires a policy file", async () => {
    const [wrong, none] = await Promise.all([
      check(`${RULES}config:\n  SITE: x\n`),
      runCli(["transform", "--check"]),
    ]);
    expectError(wrong, 2, 'Unknown key "SITE"');
    expectError(none, 2, "--check requires --config");
  });
});

test("other commands accept a policy file with rules, and transform reports their faults", async () => {
  const run = "snapshots/example";
  const right = await policyFile(RULES);
  const wrong = await policyFile("rules:\n  - match: { pol: a }\n    set: { tenant: A }\n");
  const [explained, refused] = await Promise.all([
    runCli(["explain", run, "vm/101", "--config", right]),
    runCli(["transform", run, "--out", fresh(), "--config", wrong]),
  ]);
  expect(explained.code, explained.stderr).toBe(0);
  expectError(refused, 2, 'policy.yaml:2:14 unknown condition "pol"');
});
