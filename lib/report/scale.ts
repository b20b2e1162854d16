/** How values are laid along an axis. */
export type ScaleKind = "linear" | "log";

/** Maps values to places between 0 and 1. */
export interface Scale {
  /** Values at which to draw a line and to write a number, in order. */
  readonly ticks: readonly number[];
  /** Where a value is, from 0 to 1; `undefined` where it has no place: not finite, or not above 0 on a log axis. */
  place(value: number): number | undefined;
}

/** Options for {@linkcode makeScale}. */
export interface ScaleOptions {
  readonly kind: ScaleKind;
  /** What must have a place; what has none is passed over. */
  readonly values: Iterable<number>;
  /** In place of the least value. */
  readonly min?: number | undefined;
  /** In place of the greatest value. */
  readonly max?: number | undefined;
}

/** About as many ticks as a linear axis gets. */
const TICKS = 6;

/** A scale that ends on round numbers. */
export function makeScale({ kind, values, min, max }: ScaleOptions): Scale {
  const isUsable = (value: number) => Number.isFinite(value) && (kind === "linear" || value > 0);
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!isUsable(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  low = min ?? (low === Infinity ? 1 : low);
  high = Math.max(max ?? (high === -Infinity ? 10 : high), low);
  const ticks = kind === "linear" ? linearTicks(low, high) : logTicks(low, high);
  const from = min ?? ticks[0]!;
  const to = max ?? ticks.at(-1)!;
  const at = kind === "linear" ? (value: number) => value : Math.log;
  const width = at(to) - at(from);
  return {
    ticks: ticks.filter((tick) => tick >= from && tick <= to),
    place: (value) =>
      isUsable(value) ? (width === 0 ? 0.5 : (at(value) - at(from)) / width) : undefined,
  };
}

/** Steps of 1, 2 or 5 times a power of ten. */
function linearTicks(low: number, high: number): number[] {
  const raw = (high - low || Math.abs(high) || 1) / (TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((step) => step >= raw * 0.999)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, n) => rounded((first + n) * step));
}

/** Powers of ten, with 2 and 5 times them between where there are few. */
function logTicks(low: number, high: number): number[] {
  const isShort = Math.log10(high / low) <= 3;
  const factors = isShort ? [1, 2, 5] : [1];
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const all = Array.from({ length: last - first + 2 }, (_, n) => first + n)
    .flatMap((power) => factors.map((factor) => rounded(factor * 10 ** power)));
  const from = all.findLastIndex((tick) => tick <= low * (1 + 1e-9));
  const to = all.findIndex((tick) => tick >= high * (1 - 1e-9));
  return all.slice(Math.max(from, 0), Math.max(to, from + 1) + 1);
}

/** Without the noise of a sum of floating-point numbers. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
