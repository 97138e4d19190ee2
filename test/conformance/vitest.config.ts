import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/conformance/*.conformance.ts"],
    globalSetup: ["test/conformance/setup.ts"],
    testTimeout: 120_000,
  },
});
