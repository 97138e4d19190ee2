/** The command line: help, version, and rejected commands and options. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ENTITY_TYPES } from "../src/netbox/types/order.ts";
import { STEPS } from "../src/netbox/types/steps.ts";
import { TOOL } from "../src/base/tool.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { runCli } from "./helpers/run-cli.ts";

const COMPLETE = join(ROOT, "test/fixtures/pve9");
const { fresh } = cliFolders();

describe.concurrent("help", () => {
  test.each([[], ["--help"]])("for %j lists every command", async (...args) => {
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([0, ""]);
    for (const command of ["transform", "bootstrap", "mapping", "simulate", "serve"]) {
      expect(stdout).toContain(command);
    }
  });

  test.each([
    ["transform", ["--out", "--config", "--site-name", "SITE_NAME", "default Proxmox", "EXAMPLE"]],
    ["bootstrap", ["--out", "--quiet"]],
    ["explain", ["<run> <thing>", "vm/101", "--config", "--site-name"]],
    ["mapping", ["--json"]],
    ["simulate", ["--nodes", "--guests", "--seed"]],
    ["serve", ["--port", "--seed", "--latency", "--fail", "--retry-after", "--slow-agent"]],
    ["serve", [
      "--offline",
      "--move",
      "--deny",
      "--expire-token",
      "--proxmox-token-value-file",
      "name of a file",
    ]],
  ])("of %s lists its options", async (command, words) => {
    const { code, stdout, stderr } = await runCli([command, "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const word of words) expect(stdout).toContain(word);
  });

  test('does not use "process" on Deno, which takes as long to load as Deno takes to start', async () => {
    const trap =
      `Object.defineProperty(globalThis, "process", { get() { throw Error("named"); } });`;
    const script = `${trap} await import("./src/cli.ts");`;
    const deno = join(ROOT, "node_modules/.bin/deno");
    const eachOf = [["--help"], ["transform", "--help"], ["--version"]];
    for (const args of eachOf) {
      const { stdout } = await promisify(execFile)(deno, ["eval", script, ...args], { cwd: ROOT });
      expect(stdout).toBe((await runCli(args)).stdout);
    }
  });

  test("has --version, which prints only the version", async () => {
    expect(await runCli(["--version"])).toEqual({
      code: 0,
      stdout: `${TOOL.version}\n`,
      stderr: "",
    });
  });
});

describe.concurrent("the program exits with 2", () => {
  test.each([
    "capture-all",
    "constructor",
    "--nonsense",
  ])("for the unknown command %s", async (word) => {
    expectError(await runCli([word]), 2, word, "What to do");
  });

  test.each([
    ["transform", "--speed=9"],
    ["transform", "--toString"],
    ["transform", "-x"],
    ["transform", "--no-site-name"],
    ["simulate", "--site-name=x"],
    ["mapping", "--verify=x"],
  ])("for an option that %s does not have: %s", async (command, option) => {
    const rest = command === "transform" ? [COMPLETE, "--out", fresh()] : [];
    const name = option.split("=", 1)[0] ?? "";
    expectError(await runCli([command, ...rest, option]), 2, `Unknown option ${name}`);
  });

  test.each([["mapping"], ["bootstrap"], ["simulate"]])(
    "for an argument of %s",
    async (command) => {
      expectError(await runCli([command, "extra"]), 2, '"extra"');
    },
  );

  test("for transform without a run folder", async () => {
    expectError(await runCli(["transform"]), 2, "run folder");
  });

  test("for an option without its value", async () => {
    const args = ["transform", COMPLETE, "--out", fresh(), "--site-name"];
    expectError(await runCli(args), 2, "site-name");
  });

  test("for a switch with a value that is neither true nor false", async () => {
    const args = ["transform", join(ROOT, "test/fixtures/pve8"), "--quiet", "--out", fresh()];
    const { code, stderr } = await runCli([...args, "--require-complete=no"]);
    expect([0, 2], `exit code ${code}, ${stderr}`).toContain(code);
    const word = await runCli(["mapping", "--json=maybe"]);
    expectError(word, 2, "--json", '"maybe"');
  });

  test("for an unknown log format", async () => {
    const args = ["transform", COMPLETE, "--log-format=xml", "--out", fresh()];
    expectError(await runCli(args), 2, "--log-format", '"xml"', "text or json");
  });

  test.each([
    ["--nodes=0", "nodes"],
    ["--guests=-1", "guests"],
    ["--seed=1e3", "seed"],
  ])("for simulate %s", async (option, name) => {
    expectError(await runCli(["simulate", option, "--out", fresh()]), 2, name, "whole number");
  });
});

test("mapping prints Markdown with a table for each step, or JSON", async () => {
  const [markdown, json] = await Promise.all([runCli(["mapping"]), runCli(["mapping", "--json"])]);
  expect([markdown.code, markdown.stderr, json.code, json.stderr]).toEqual([0, "", 0, ""]);
  for (const { number, name } of STEPS) {
    expect(markdown.stdout).toContain(
      `\n### ${number} ${ENTITY_TYPES[name].model}\n\n| Field | Reads | How | Owner |\n| ---`,
    );
  }
  expect(JSON.parse(json.stdout)).toHaveProperty("steps.virtual-machine.memory.reads");
});
