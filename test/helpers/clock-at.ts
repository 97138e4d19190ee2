/** For `node --import`: the clock of the process stands still at the time in CLOCK_AT. */
const RealDate = Date;
const standsAt = RealDate.parse(process.env["CLOCK_AT"] ?? "");

class StoppedDate extends RealDate {
  constructor(...parts: [] | [number | string | Date]) {
    super(parts[0] ?? standsAt);
  }

  static override now(): number {
    return standsAt;
  }
}

globalThis.Date = StoppedDate as DateConstructor;
