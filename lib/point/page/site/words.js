/** States of a point, for people. */
export const STATES = {
  Idle: { text: "Idle", tone: "quiet", meaning: "Nothing has been sent here yet." },
  Starting: { text: "Starting", tone: "busy", meaning: "The header of a stream is awaited." },
  Started: { text: "Live", tone: "live", meaning: "Encoders are sending." },
  Stopping: { text: "Stopping", tone: "busy", meaning: "The last streams are ending." },
  Stopped: { text: "Ended", tone: "quiet", meaning: "All streams have ended." },
  ShuttingDown: { text: "Shutting down", tone: "bad", meaning: "The point is being taken away." },
  gone: {
    text: "Not there",
    tone: "bad",
    meaning: "There is no publishing point at this address.",
  },
};

/** What a stream is doing, for people. */
export const ACTIVITIES = {
  waiting: { text: "Waiting", tone: "quiet" },
  receiving: { text: "Receiving", tone: "live" },
  pausing: { text: "Pausing", tone: "warn" },
  ended: { text: "Ended", tone: "quiet" },
  lost: { text: "Lost", tone: "bad" },
};

/** A state of a point; of one that is not there if it has none. */
export function stateOf(name) {
  return STATES[name ?? "gone"] ?? { text: name, tone: "quiet", meaning: "" };
}

const LANGUAGE = "en";
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(LANGUAGE, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** A count, its thousands apart. */
export function showCount(count) {
  return whole.format(count);
}

/** `3 gaps`, `1 gap`. */
export function showNumberOf(count, noun) {
  return `${showCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Bytes, in the largest unit in which they are 1 or more. */
export function showBytes(bytes) {
  return showScaled(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

/** Bits per second, in the same way. */
export function showBitrate(bitsPerSecond) {
  return showScaled(bitsPerSecond, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]);
}

function showScaled(value, units) {
  let unit = 0;
  let scaled = value;
  while (scaled >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const isSmall = unit > 0 && scaled < 10;
  return `${(isSmall ? oneDigit : whole).format(scaled)} ${units[unit]}`;
}

/** `2.4 s`; below a second in milliseconds. */
export function showSeconds(seconds) {
  return Math.abs(seconds) < 1
    ? `${whole.format(Math.round(seconds * 1000))} ms`
    : `${oneDigit.format(seconds)} s`;
}

/** A time of media: `1:02:03.4`, or a date where it counts from 1970. */
export function showMediaTime(seconds) {
  if (seconds > 1e9) return new Date(seconds * 1000).toISOString().slice(0, 21).replace("T", " ");
  const sign = seconds < 0 ? "−" : "";
  const tenths = Math.round(Math.abs(seconds) * 10);
  return sign + clock(Math.floor(tenths / 10)) + `.${tenths % 10}`;
}

/** How long something has lasted: `4 s`, `3:07`, `2 days`. */
export function showAge(seconds) {
  const age = Math.max(0, Math.floor(seconds));
  if (age < 60) return `${age} s`;
  return age < 172_800 ? clock(age) : `${Math.floor(age / 86_400)} days`;
}

function clock(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** Time of day of a moment in milliseconds since 1970. */
export function showTimeOfDay(ms) {
  return new Date(ms).toLocaleTimeString("en-GB");
}

/** What a track is, in few words: `H264 848×478, 560 kbit/s`. */
export function describeTrack({ fourCC, width, height, language, bitrate, isSparse }) {
  const size = width && height ? `${width}×${height}` : undefined;
  const rate = bitrate > 0 ? showBitrate(bitrate) : undefined;
  return [fourCC, size, language, rate, isSparse ? "sparse" : undefined]
    .filter((part) => part)
    .join(" · ");
}

/** The `.isml` of a path, without the folders in front of it and without its ending. */
export function nameOf(point) {
  return point.slice(point.lastIndexOf("/") + 1).replace(/\.isml$/i, "");
}
