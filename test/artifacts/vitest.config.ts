/** `npm run test:artifacts` makes the files in `dist/` and runs these tests with them. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/artifacts/*.artifact.ts"],
    globalSetup: ["test/artifacts/setup.ts"],
    testTimeout: 120_000,
  },
});
