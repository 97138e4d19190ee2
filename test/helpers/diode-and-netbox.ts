/** A Diode that loses things, and its NetBox, for one test. */
import { onTestFinished } from "vitest";
import { type DiodeAndNetBox, type Disturbances, startDiodeAndNetBox } from "./lossy-diode.ts";

export { type DiodeAndNetBox, type Disturbances, doubledIn } from "./lossy-diode.ts";

/** Both end with the test. */
export async function diodeAndNetBox(disturbances: Disturbances = {}): Promise<DiodeAndNetBox> {
  const both = await startDiodeAndNetBox(disturbances);
  onTestFinished(both.close);
  return both;
}
