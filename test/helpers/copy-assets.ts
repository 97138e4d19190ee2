/**
 * Copies the files that tsc leaves out of a build.
 *
 *   node test/helpers/copy-assets.ts [folder of the build]
 */
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "./golden.ts";

const SRC = join(ROOT, "src");
const [target = join(ROOT, "dist")] = process.argv.slice(2);

const files = await readdir(SRC, { recursive: true });
for (const file of files.filter((name) => /\.(?:binpb|css|js)$/.test(name))) {
  await cp(join(SRC, file), join(target, file));
}
