/** What a reader of a run folder gets, or what it is told. */
import { expect } from "vitest";
import { openStore } from "../../src/run-folder/store/store.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";

/** Opens a folder and reads every answer in it; how many there are. */
export async function readAll(folder: string): Promise<number> {
  const snapshot = await openSnapshot(await openStore(folder));
  const files = [await snapshot.cluster()];
  for (const node of snapshot.nodes) files.push((await snapshot.node(node))!);
  const found = files.flatMap((file) => [...file.paths()].map((path) => file.get(path)));
  return found.filter((answer) => answer !== undefined).length;
}

/** Why reading fails; always the fault of the files. */
export async function complaintOf(folder: string): Promise<string> {
  const error: unknown = await readAll(folder).then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "AppError", kind: "input" });
  return (error as Error).message;
}
