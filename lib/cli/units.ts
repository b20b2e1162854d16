const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** A number of bytes for people, in powers of 1000. */
export function showBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A bitrate for people. */
export function showBitrate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}

/** A time of the live stream for people: `0:01:23.4`, with days in front where there are any. */
export function showTime(seconds: number): string {
  const tenths = Math.round(Math.abs(seconds) * 10);
  const pad = (value: number) => String(value).padStart(2, "0");
  const whole = Math.floor(tenths / 10);
  const days = Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  const text = `${hours}:${pad(minutes)}:${pad(whole % 60)}.${tenths % 10}`;
  return `${seconds < 0 ? "-" : ""}${days > 0 ? `${days}d ` : ""}${text}`;
}

/** A lateness for people. */
export function showLag(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
