import { expect, test } from "vitest";
import { historyOf } from "../../src/run-folder/history.ts";

const RUN = "2026-11-28T23-32-21Z";

test.each([
  [`snapshots/lab/${RUN}`, "snapshots/lab"],
  [`snapshots/lab/${RUN}/`, "snapshots/lab"],
  [`/${RUN}`, "/"],
  [RUN, "."],
  [`C:\\runs\\${RUN}`, "C:\\runs"],
  [`s3://bucket/lab/${RUN}?region=eu`, "s3://bucket/lab?region=eu"],
  ["snapshots/example", undefined],
  [`snapshots/${RUN}-netbox`, undefined],
])("the history of %s", (place, history) => {
  expect(historyOf(place)).toEqual(history && { history, run: RUN });
});
