/**
 * `npm run build`: the npm package as a folder, dist/package. Its package.json names the built program; that of
 * the repository names src/cli.ts, so that `npx proxmox-diode` runs the source in a checkout.
 */
import { execFileSync } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../helpers/golden.ts";
import { assetNames, PACKAGE } from "./dist.ts";

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
await cp(join(ROOT, "README.md"), join(PACKAGE, "README.md"));
await cp(join(ROOT, "LICENSE"), join(PACKAGE, "LICENSE"));
await cp(join(ROOT, ".github/CHANGELOG.md"), join(PACKAGE, "CHANGELOG.md"));

const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as object;
const published = Object.entries(manifest).filter(([key]) => !OF_CHECKOUT.includes(key));
await writeFile(
  join(PACKAGE, "package.json"),
  `${
    JSON.stringify(
      { ...Object.fromEntries(published), bin: { "proxmox-diode": "lib/cli.js" } },
      null,
      2,
    )
  }\n`,
);
