/** Reads a snapshot folder, or returns the error of reading it. */
import { expect } from "vitest";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { openStore } from "../../src/run-folder/store/store.ts";

/** Opens a folder and reads every answer in it. Returns how many there are. */
export async function countAnswers(folder: string): Promise<number> {
  const snapshot = await openSnapshot(await openStore(folder));
  const files = [await snapshot.cluster()];
  for (const node of snapshot.nodes) files.push((await snapshot.node(node))!);
  const found = files.flatMap((file) => [...file.paths()].map((path) => file.get(path)));
  return found.filter((answer) => answer !== undefined).length;
}

/** The message of the "input" error that reading the folder fails with. */
export async function inputErrorOf(folder: string): Promise<string> {
  const error: unknown = await countAnswers(folder).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: "AppError", kind: "input" });
  return (error as Error).message;
}
