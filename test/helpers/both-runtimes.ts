/** `npm test`: the suite on Node, then the tests of runtime features on Deno, with both results. See README.md. */
import { spawnSync } from "node:child_process";

const RUNTIMES = { Node: "test:node", Deno: "test:deno" } as const;
const FULL = "--full";

const args = process.argv.slice(2);
const full = args.includes(FULL) ? { FULL_TESTS: "1" } : {};

const codes = Object.entries(RUNTIMES).map(([runtime, script]) => {
  const { status } = spawnSync(
    "npm",
    ["run", script, "--", ...args.filter((arg) => arg !== FULL)],
    {
      stdio: "inherit",
      env: { ...process.env, ...full },
      shell: process.platform === "win32",
    },
  );
  return [runtime, status ?? 1] as const;
});

const results = codes.map(([runtime, code]) => `${runtime}: ${code === 0 ? "passed" : "FAILED"}`);
process.stdout.write(`\n${results.join(", ")}\n`);
process.exitCode = Math.max(...codes.map(([, code]) => code));
