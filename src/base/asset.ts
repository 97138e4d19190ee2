/** Files of the program that are not code: the descriptors of the protocol, the style of the report's page. */
import { readFileSync } from "node:fs";

/** The name is relative to src/. In the single file, test/artifacts/bundle.ts replaces this module by the files. */
export function readAsset(name: string): Uint8Array {
  return readFileSync(new URL(`../${name}`, import.meta.url));
}
