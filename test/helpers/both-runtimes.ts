/** `npm test`: the whole suite on Node, then on Deno, and how both went. */
import { spawnSync } from "node:child_process";

const RUNTIMES = { Node: "test:node", Deno: "test:deno" } as const;

const codes = Object.entries(RUNTIMES).map(([runtime, script]) => {
  const { status } = spawnSync("npm", ["run", script], {
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  return [runtime, status ?? 1] as const;
});

const results = codes.map(([runtime, code]) => `${runtime}: ${code === 0 ? "passed" : "FAILED"}`);
process.stdout.write(`\n${results.join(", ")}\n`);
process.exitCode = Math.max(...codes.map(([, code]) => code));
