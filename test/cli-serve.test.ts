/** The command serve: what it prints, how it is stopped, and what it rejects. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { REHEARSAL_TOKEN } from "../src/rehearse/serve/request.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { ask } from "./helpers/pve-client.ts";
import { runCli, type RunOptions, startCli, type Started } from "./helpers/run-cli.ts";
import { tempFolder } from "./helpers/temp-folder.ts";

const SERVE = ["serve", "snapshots/example"];
const SECRET = "5f0c1e7a-own";

function started(args: readonly string[], options?: RunOptions): Started {
  const program = startCli([...SERVE, ...args], options);
  onTestFinished(async () => void await program.stop("SIGKILL"));
  return program;
}

interface ServerDetails {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly fingerprint: string;
  readonly certificate: string;
  readonly user: string;
  readonly token_name: string;
  readonly token_value?: string;
}

async function readDetails(program: Started): Promise<ServerDetails> {
  const [line = ""] = await program.lines(1);
  return JSON.parse(line) as ServerDetails;
}

function asked(
  { url, certificate, user, token_name: name, ...details }: ServerDetails,
  path: string,
) {
  const token = { user, name, value: details.token_value ?? SECRET };
  return ask({ url, certificatePem: certificate, token }, path);
}

test("serve prints the variables that capture needs, and exits with 0 on Ctrl-C", async () => {
  const program = started([]);
  const lines = await program.lines(6);
  const { code, stdout, stderr } = await program.stop("SIGINT");
  expect(code).toBe(0);
  expect(stdout).toBe(`${lines.join("\n")}\n`);
  expect(lines).toEqual([
    "export PROXMOX_HOST=127.0.0.1",
    expect.stringMatching(/^export PROXMOX_PORT=\d+$/),
    "export PROXMOX_USER=rehearsal@pve",
    "export PROXMOX_TOKEN_NAME=capture",
    `export PROXMOX_TOKEN_VALUE=${REHEARSAL_TOKEN.value}`,
    expect.stringMatching(/^export PROXMOX_FINGERPRINT=(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/),
  ]);
  expect(stderr).toMatch(/Serving example at https:\/\/127\.0\.0\.1:\d+/);
  expect(stderr).toContain("Stopped after 0 requests on 0 connections");
});

test("serve prints one line with --json, and fails as --fail asks", async () => {
  const program = started(["--json", "--verbose", "--log-format=json", "--fail", "503x1@/version"]);
  const details = await readDetails(program);
  expect(details.url).toBe(`https://${details.host}:${details.port}`);
  const answers = [await asked(details, "/version"), await asked(details, "/version")];
  expect(answers.map(({ status }) => status)).toEqual([503, 200]);
  const { code, stdout, stderr } = await program.stop("SIGTERM");
  expect([code, stdout.split("\n").length]).toEqual([0, 2]);
  expect(stderr).toMatch(/"message":"GET \/version 503 \d+ ms"/);
  expect(stderr).toContain("Stopped after 2 requests on 2 connections");
  expect(stderr).not.toContain(REHEARSAL_TOKEN.value);
});

describe("serve accepts a token secret and never prints it", () => {
  const user = ["--proxmox-user", "netbox@pve", "--proxmox-token-name=sync"];

  test("from the environment", async () => {
    const program = started(["--verbose", ...user], { env: { PROXMOX_TOKEN_VALUE: SECRET } });
    expect(await program.lines(5)).toMatchObject({
      2: "export PROXMOX_USER=netbox@pve",
      3: "export PROXMOX_TOKEN_NAME=sync",
      4: expect.stringMatching(/^export PROXMOX_FINGERPRINT=/) as string,
    });
    const { stdout, stderr } = await program.stop("SIGINT");
    expect(stdout + stderr).not.toContain(SECRET);
  });

  test("from a file", async () => {
    const file = join(await tempFolder(), "secret");
    await writeFile(file, `${SECRET}\n`);
    const program = started(["--json", "--verbose", ...user, "--proxmox-token-value-file", file]);
    const details = await readDetails(program);
    expect(details).toMatchObject({ user: "netbox@pve", token_name: "sync" });
    expect((await asked(details, "/version")).status).toBe(200);
    const { stdout, stderr } = await program.stop("SIGINT");
    expect(stdout + stderr).not.toContain(SECRET);
  });
});

test("serve rejects arguments that it cannot use, with a hint", async () => {
  expectError(await runCli(["serve"]), 2, "run folder", "What to do");
  expectError(await runCli([...SERVE, "--offline=pve9"]), 2, "pve9", "What to do");
  expectError(await runCli(["serve", "src/nowhere"]), 5, "no snapshot", "What to do");
});
