/** The protobuf schema of this project compared with the descriptor of the SDK. */
import { expect, test } from "vitest";
import { IngesterService, IngestRequestSchema } from "../../src/netbox/diode/ingester.ts";
import { fieldsOf } from "../helpers/proto.ts";
import { describeSdk, runScript } from "./sdk.ts";

/** Message → field → number, type and presence. */
type Messages = Record<string, Record<string, readonly [number, string, string]>>;

function ourMessages(): Messages {
  const messages = IngestRequestSchema.file.messages.filter(({ proto }) =>
    !proto.options?.mapEntry
  );
  return Object.fromEntries(messages.map(({ name }) => [
    name,
    Object.fromEntries(
      fieldsOf(name).map((field) => {
        const many = field.kind === "list" ? "[]" : "";
        const choice = field.oneof === undefined ? "" : `oneof ${field.oneof}`;
        const presence = field.optional ? "optional" : choice;
        return [field.name, [field.number, `${field.type}${many}`, presence] as const];
      }),
    ),
  ]));
}

describeSdk("the protobuf schema", () => {
  test("has the same messages and fields as the SDK, with number, type and presence", async () => {
    const { messages, calls } = JSON.parse(await runScript("describe.py")) as {
      messages: Messages;
      calls: string[];
    };
    const ours = ourMessages();
    expect(Object.keys(ours).sort()).toEqual(Object.keys(messages).sort());
    for (const [name, fields] of Object.entries(messages)) expect(ours[name], name).toEqual(fields);
    expect(IngesterService.methods.map(({ name }) => `/${IngesterService.typeName}/${name}`))
      .toEqual(calls);
    const numbered = Object.values(messages).flatMap((fields) => Object.keys(fields));
    expect(numbered.length).toBeGreaterThan(2000);
  });
});
