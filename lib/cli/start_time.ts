/** From when the ticks of a start time count: 1970, 1601 or the year 1. */
export type Epoch = "unix" | "filetime" | "dotnet";

// From each epoch to that of Unix, in ticks of 100 ns.
const TICKS_TO_UNIX_EPOCH: Readonly<Record<Epoch, bigint>> = {
  unix: 0n,
  filetime: 116_444_736_000_000_000n,
  dotnet: 621_355_968_000_000_000n,
};

const TICKS_PER_MILLISECOND = 10_000n;
const TICKS_PER_MINUTE = 600_000_000n;

// Times in boxes are read as signed.
const MAX_START = 2n ** 63n - 1n;

const ISO_DATE =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** The ticks of a zone's offset from UTC: `Z`, `+hh`, `+hhmm` or `+hh:mm`. */
function parseZone(zone: string): bigint | undefined {
  if (zone.toUpperCase() === "Z") return 0n;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  if (hours > 23 || minutes > 59) return undefined;
  const ticks = BigInt(hours * 60 + minutes) * TICKS_PER_MINUTE;
  return zone.startsWith("-") ? -ticks : ticks;
}

/** The ticks of a date since the epoch of Unix. */
function parseDate(text: string): bigint | undefined {
  const match = ISO_DATE.exec(text);
  if (!match) return undefined;
  const [, date, time = "00:00", seconds = "00", fraction = "", zone = "Z"] = match;
  const local = `${date}T${time}:${seconds}`;
  const milliseconds = Date.parse(`${local}Z`);
  // Engines turn 30 February into 2 March, and 24:00 into the next day.
  if (Number.isNaN(milliseconds) || !new Date(milliseconds).toISOString().startsWith(local)) {
    return undefined;
  }
  const offset = parseZone(zone);
  if (offset === undefined) return undefined;
  const fractionTicks = BigInt(fraction.slice(0, 7).padEnd(7, "0"));
  return BigInt(milliseconds) * TICKS_PER_MILLISECOND + fractionTicks - offset;
}

/**
 * Reads a start time: a whole number is ticks of 100 ns since `epoch` as it is, an ISO 8601 date is converted to them.
 * A date without a zone is UTC, one without a time is midnight, and what is finer than 100 ns is cut off.
 *
 * @returns The ticks, or nothing if `text` is neither, is before the epoch, or is past 2^63 - 1 ticks.
 */
export function parseStartTime(text: string, epoch: Epoch): bigint | undefined {
  if (/^\d{1,19}$/.test(text)) {
    const ticks = BigInt(text);
    return ticks <= MAX_START ? ticks : undefined;
  }
  const unixTicks = parseDate(text);
  if (unixTicks === undefined) return undefined;
  const ticks = unixTicks + TICKS_TO_UNIX_EPOCH[epoch];
  return ticks >= 0n ? ticks : undefined;
}

/**
 * The ticks of 100 ns since `epoch` of a time as `Date.now()` gives it.
 *
 * @param unixMs Milliseconds since the epoch of Unix.
 */
export function toStartTime(unixMs: number, epoch: Epoch): bigint {
  const wholeMs = Math.floor(unixMs);
  const fractionTicks = BigInt(Math.floor((unixMs - wholeMs) * 10_000));
  return BigInt(wholeMs) * TICKS_PER_MILLISECOND + fractionTicks + TICKS_TO_UNIX_EPOCH[epoch];
}
