/**
 * `npm run build`: the npm package as a folder, dist/package. Its package.json names the built program; that of
 * the repository names src/cli.ts, so that `npx proxmox-diode` runs the source in a checkout.
 */
import { execFileSync } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { ROOT } from "../helpers/golden.ts";
import { assetNames, PACKAGE } from "./dist.ts";
import { versionCheck } from "./version-check.ts";

/** Keys of package.json that only a checkout needs. */
const OF_CHECKOUT = ["private", "scripts", "devDependencies", "allowScripts"];

await rm(PACKAGE, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    "--project",
    join(import.meta.dirname, "tsconfig.json"),
  ],
  { stdio: "inherit" },
);
for (const name of await assetNames()) {
  await cp(join(ROOT, "src", name), join(PACKAGE, "lib", name));
}
const start = `#!/usr/bin/env node\n${versionCheck()}await import("./lib/cli.js");\n`;
await writeFile(join(PACKAGE, "bin.js"), start, { mode: 0o755 });
for (const name of ["README.md", "LICENSE", ".github/CHANGELOG.md"]) {
  await cp(join(ROOT, name), join(PACKAGE, basename(name)));
}

const checkout = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as object;
const published = Object.entries({ ...checkout, bin: { "proxmox-diode": "bin.js" } })
  .filter(([key]) => !OF_CHECKOUT.includes(key));
const manifest = JSON.stringify(Object.fromEntries(published), null, 2);
await writeFile(join(PACKAGE, "package.json"), `${manifest}\n`);
