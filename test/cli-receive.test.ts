/** The command receive: what it prints and stores, how it is stopped, and what it rejects. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { REHEARSAL_CLIENT } from "../src/rehearse/settings.ts";
import { expectError } from "./helpers/cli-folders.ts";
import { call, callOften, type Peer, statusOf, tokenOf } from "./helpers/diode-client.ts";
import { HEADER, requestBytes, requestOfSize, tag } from "./helpers/receiving.ts";
import { runCli, type RunOptions, startCli, type Started } from "./helpers/run-cli.ts";
import { hasBoth, startProcess } from "./helpers/run-process.ts";
import { tempFolder, treeOf } from "./helpers/temp-folder.ts";

const SECRET = "5f0c1e7a-own";

function started(args: readonly string[], options?: RunOptions): Started {
  const program = startCli(["receive", ...args], options);
  onTestFinished(async () => void await program.stop("SIGKILL"));
  return program;
}

interface ReceiverDetails {
  readonly target: string;
  readonly port: number;
  readonly client_id: string;
  readonly client_secret?: string;
  readonly certificate_file?: string;
}

async function readDetails(program: Started): Promise<ReceiverDetails & Peer> {
  const [line = ""] = await program.lines(1);
  const details = JSON.parse(line) as ReceiverDetails;
  const { target, client_id: id, client_secret: secret = SECRET, certificate_file: file } = details;
  const certificatePem = file === undefined ? undefined : await readFile(file, "utf8");
  return { ...details, target, client: { id, secret }, certificatePem };
}

test("receive prints the variables that push needs, and exits with 0 on Ctrl-C", async () => {
  const program = started([]);
  const lines = await program.lines(3);
  const { code, stdout, stderr } = await program.stop("SIGINT");
  expect(code).toBe(0);
  expect(stdout).toBe(`${lines.join("\n")}\n`);
  expect(lines).toEqual([
    expect.stringMatching(/^export DIODE_TARGET=grpc:\/\/127\.0\.0\.1:\d+\/diode$/),
    `export DIODE_CLIENT_ID=${REHEARSAL_CLIENT.id}`,
    `export DIODE_CLIENT_SECRET=${REHEARSAL_CLIENT.secret}`,
  ]);
  expect(stderr).toMatch(/Receiving at grpc:\/\/127\.0\.0\.1:\d+/);
  expect(stderr).toContain("Stopped after 0 requests with 0 entities");
});

test("receive writes its certificate with --tls, and stores requests with --out", async () => {
  const folder = await tempFolder();
  const file = join(folder, "certificate.pem");
  const out = join(folder, "run");
  const program = started(["--json", "--tls", file, "--out", out, "--fail", "token-503x1"]);
  const peer = await readDetails(program);
  expect(peer).toMatchObject({
    target: `grpcs://127.0.0.1:${peer.port}/diode`,
    certificate_file: file,
  });
  await expect(tokenOf(peer)).rejects.toThrow("503");
  const token = await tokenOf(peer);
  for (const name of ["one", "two", "two"]) {
    const bytes = requestBytes([tag(name)], { ...HEADER, id: name });
    expect(statusOf(await call(peer, bytes, { token }))).toBe("0");
  }
  const { code, stdout, stderr } = await program.stop("SIGTERM");
  expect([code, stdout.split("\n").length]).toEqual([0, 2]);
  expect(stderr).toContain("Stopped after 3 requests with 3 entities; 1 of the requests had come");
  expect(stderr).toContain("Fault token-503 hit 1 requests");
  expect(Object.keys(await treeOf(out))).toEqual([
    "netbox/01-tag-0001.json",
    "netbox/01-tag-0002.json",
    "netbox/01-tag-0003.json",
    "netbox/left-out.json",
    "netbox/manifest.json",
  ]);
});

describe.skipIf(!hasBoth()).each(["node", "deno"] as const)("receive on %s", (runtime) => {
  test("keeps running when clients send GOAWAY after many requests", async () => {
    const program = startProcess(["receive", "--json"], { runtime });
    onTestFinished(async () => void await program.stop("SIGKILL"));
    const peer = await readDetails(program);
    const token = await tokenOf(peer);
    await callOften(peer, requestOfSize(200_000), { token, times: 116, atOnce: 4 });
    await callOften(peer, requestOfSize(300), { token, times: 800, atOnce: 8 });
    expect(statusOf(await call(peer, requestBytes([tag("x")]), { token }))).toBe("0");
    const { code, stderr } = await program.stop("SIGINT");
    expect([code, stderr]).toEqual([0, expect.stringContaining("Stopped after 917 requests")]);
  });
});

describe("a client secret for receive", () => {
  test.each(["environment", "file"])(
    "from the %s is accepted and never shown",
    async (from) => {
      const folder = await tempFolder();
      const file = join(folder, "secret");
      await writeFile(file, `${SECRET}\n`);
      const args = ["--json", "--verbose", "--client-id", "mine"];
      const program = from === "file"
        ? started([...args, "--client-secret-file", file])
        : started(args, { env: { DIODE_CLIENT_SECRET: SECRET } });
      const peer = await readDetails(program);
      expect(peer).not.toHaveProperty("client_secret");
      const token = await tokenOf(peer);
      await call(peer, requestBytes([tag("x")]), { token });
      await expect(tokenOf({ ...peer, client: { id: "mine", secret: "another" } })).rejects
        .toThrow();
      const { stdout, stderr } = await program.stop("SIGINT");
      expect(stderr).toContain(`Kept request ${HEADER.id} with 1 entities`);
      for (const secret of [SECRET, token]) expect(stdout + stderr).not.toContain(secret);
    },
  );
});

test("receive exits with 2 when it cannot write a request, and keeps the acknowledged ones", async () => {
  const out = await tempFolder();
  await writeFile(join(out, "other"), "not a folder");
  const program = started(["--json", "--out", out]);
  const peer = await readDetails(program);
  const token = await tokenOf(peer);
  expect(statusOf(await call(peer, requestBytes([tag("x")]), { token }))).toBe("0");
  const refused = call(peer, requestBytes([{ site: { name: "Cellar" } }]), { token });
  // The answer and the end of the program are close together.
  expect(await refused.then(statusOf, () => "13")).toBe("13");
  const { code, stderr } = await program.ended;
  expect(code, stderr).toBe(2);
  expect(stderr).toContain(`Cannot write "other/0001.json" in ${out}`);
  expect(Object.keys(await treeOf(out))).toContain("netbox/manifest.json");
});

test.each([
  [["--fail", "nonsense:1"], 'Invalid fault "nonsense:1"'],
  [
    ["--expire-tokens", "soon"],
    'Option --expire-tokens must be a time such as 500ms, 30s or 2m, not "soon"',
  ],
  [["--latency", "20"], 'Option --latency must be a time such as 500ms, 30s or 2m, not "20"'],
  [["--port=-1"], 'Option --port must be a whole number, 0 or more, not "-1"'],
  [["--path", "a b"], "Option --path must be "],
  [["--client-secret-file", "/nowhere"], 'Cannot read the file "/nowhere"'],
])("receive rejects %j", async (args, text) => {
  expectError(await runCli(["receive", ...args]), 2, text);
});

test("receive exits with 2 when its port is in use", async () => {
  const program = started(["--json"]);
  const { port } = await readDetails(program);
  expectError(
    await runCli(["receive", "--port", String(port)]),
    2,
    `Cannot listen on 127.0.0.1:${port}`,
  );
});

test("receive exits with 2 when it cannot write the certificate", async () => {
  expectError(await runCli(["receive", "--tls", "/nowhere/c.pem"]), 2, '"/nowhere/c.pem"');
});
