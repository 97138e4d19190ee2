/** Values of fields, compared with the forms in which NetBox shows them. */
import { expect, test } from "vitest";
import { customFields, type CustomFieldValue } from "../../../src/netbox/types/fields.ts";

const GOLD = { value: "gold", label: "Gold" };
const EAST = { value: "east", label: "East" };
const WEST = { value: "west", label: "West" };

/** What was sent, what NetBox shows, and whether that is the same. */
test.each<[CustomFieldValue, unknown, boolean]>([
  [{ text: "gold" }, "gold", true],
  [{ text: "gold" }, GOLD, true],
  [{ text: "silver" }, GOLD, false],
  [{ text: "gold" }, null, false],
  [{ multiple_selection: ["west", "east"] }, [EAST, WEST], true],
  [{ multiple_selection: ["west", "east"] }, ["west", "east"], true],
  [{ multiple_selection: ["west", "east"] }, [WEST], false],
  [{ multiple_selection: ["west"] }, [EAST, WEST], false],
  [{ multiple_selection: ["west"] }, null, false],
  [{ decimal: 1.5 }, 1.5, true],
  [{ integer: "120" }, 120, true],
  [{ boolean: true }, true, true],
])("a custom field that was sent as %j and is %j in NetBox", (value, shown, isSame) => {
  const found = customFields().compare({
    field: "custom_fields",
    value: { own: value },
    object: { id: 1, custom_fields: { own: shown } },
    resolve: () => ({ state: "missing" }),
  });
  expect(found.length === 0).toBe(isSame);
});
