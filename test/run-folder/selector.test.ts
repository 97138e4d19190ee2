/** A run of a history by its place in time. */
import { describe, expect, test } from "vitest";
import { parseSelector, selectedPlace } from "../../src/run-folder/selector.ts";
import { historyOf } from "../helpers/history.ts";

const NAMES = [
  "2026-11-26T08-00-00Z",
  "2026-11-27T10-00-00Z",
  "2026-11-27T23-32-21Z",
  "2026-11-28T23-32-21Z",
];

async function someHistory() {
  const runs = NAMES.map((name, i) => [name, { hasSurvey: i < 3 }]);
  return await historyOf({
    ...Object.fromEntries(runs),
    "2026-11-27T23-59-59Z": { outcome: "unfinished", set: undefined },
    "2026-11-29T00-00-00Z": { outcome: "unfinished", set: undefined },
  });
}

async function selected(text: string): Promise<string> {
  const { store } = await someHistory();
  const selector = parseSelector(`snapshots/prod${text}`);
  if (selector === undefined) throw new Error(`"${text}" is no selector`);
  return await selectedPlace(store, selector);
}

test.each([
  ["@latest", "2026-11-28T23-32-21Z"],
  ["@latest~0", "2026-11-28T23-32-21Z"],
  ["@latest~1", "2026-11-27T23-32-21Z"],
  ["@latest~3", "2026-11-26T08-00-00Z"],
  ["@2026-11-27", "2026-11-27T23-32-21Z"],
  ["@2026-11-26", "2026-11-26T08-00-00Z"],
  ["@2026-11-27T10-00-00Z", "2026-11-27T10-00-00Z"],
  ["@2026-11-27T10:00:00Z", "2026-11-27T10-00-00Z"],
  // Named exactly, although its capture did not end.
  ["@2026-11-29T00-00-00Z", "2026-11-29T00-00-00Z"],
  ["@2026-11-27T10:00:01Z", "2026-11-27T10-00-00Z"],
  ["@2027-01-01T00:00:00Z", "2026-11-28T23-32-21Z"],
  ["@latest~1-netbox", "2026-11-27T23-32-21Z-netbox"],
  ["@2026-11-27-netbox", "2026-11-27T23-32-21Z-netbox"],
])("%s is %s", async (text, run) => {
  expect((await selected(text)).replaceAll("\\", "/")).toBe(`snapshots/prod/${run}`);
});

test.each([
  ["@latest~4", /^It has 6 runs, from 2026-11-26T08:00:00Z to 2026-11-29T00:00:00Z$/],
  ["@2026-11-25", /^Nearest in time: 2026-11-26T08:00:00Z$/],
  ["@2026-11-29", /^Nearest in time: 2026-11-28T23:32:21Z$/],
  ["@2026-11-26T07:59:59Z", /^Nearest in time: 2026-11-26T08:00:00Z$/],
  ["@latest-netbox", /survey/],
])("%s is an error with what there is", async (text, hint) => {
  const error = await selected(text).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ kind: "input", hint: expect.stringMatching(hint) });
});

test("in an empty folder is an error", async () => {
  const { store } = await historyOf({});
  const selector = parseSelector("x@latest");
  if (selector === undefined) throw new Error("It is no selector");
  await expect(selectedPlace(store, selector)).rejects.toMatchObject({
    kind: "input",
    message: expect.stringMatching(/^Found no run in/),
  });
});

describe("a place", () => {
  test.each([
    ["s3://bucket/prod@latest", "s3://bucket/prod"],
    ["s3://bucket/@latest", "s3://bucket/"],
    ["redis://user:p@ss@host:6379/0/prod@latest~2", "redis://user:p@ss@host:6379/0/prod"],
    ["snapshots/a@b@2026-11-27", "snapshots/a@b"],
    ["C:\\snapshots\\prod@latest", "C:\\snapshots\\prod"],
    ["./@latest", "./"],
  ])("%s has a selector", (place, history) => {
    expect(parseSelector(place)?.history).toBe(history);
  });

  test.each([
    "snapshots/lab",
    "snapshots/lab@latest/",
    "snapshots/lab@newest",
    "snapshots/lab@latest~",
    "snapshots/lab@2026-11",
    "snapshots/lab@2026-11-27T10",
    "@latest",
    "redis://user@latest",
    "redis://user:password@latest",
    "redis://user@2026-11-27",
    "redis://user:pw@latest/0/prod",
    "s3://key@2026-11-27/prod",
    "",
  ])("%j has none", (place) => expect(parseSelector(place)).toBeUndefined());
});
