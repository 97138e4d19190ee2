/** "did you mean". */
import { expect, test } from "vitest";
import { nearestName } from "../../src/base/nearest.ts";

test.each([
  ["pol", ["pool", "node"], "pool"],
  ["TENANT", ["tenants", "tenant"], "tenant"],
  ["platfrom", ["platform"], "platform"],
  ["vrfs", ["vnet", "vrf"], "vrf"],
  ["colour", ["role", "site"], undefined],
  ["x", [], undefined],
])("%s among %j: %s", (typed, names, expected) => {
  expect(nearestName(typed, names)).toBe(expected);
});
