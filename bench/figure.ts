/** What a figure is to reach. */
export type Target =
  | { readonly atLeast: number }
  | { readonly atMost: number };

/** One figure: a row of the table. */
export interface Figure {
  /** What was measured, on what. */
  readonly name: string;
  /** Behind the number; `×` for a ratio. */
  readonly unit: string;
  /** @default {nothing to reach} */
  readonly target?: Target | undefined;
  /** `undefined` where it could not be measured. */
  readonly measured: number | undefined;
  /** Behind the point; by default three digits in all. */
  readonly digits?: number;
  /** What it is a figure of, and what else was seen; or why there is none. */
  readonly detail: string;
}

/** Whether a figure reaches its target. */
export type Verdict = "reached" | "missed" | "no target" | "not measured";

/** Exactly on the target counts. */
export function verdictOf({ target, measured }: Figure): Verdict {
  if (measured === undefined) return "not measured";
  if (target === undefined) return "no target";
  const isReached = "atLeast" in target ? measured >= target.atLeast : measured <= target.atMost;
  return isReached ? "reached" : "missed";
}

/** A number with its unit. */
export function formatMeasured({ measured, unit, digits }: Figure): string {
  if (measured === undefined) return "–";
  const number = digits === undefined ? Number(measured.toPrecision(3)) : measured.toFixed(digits);
  return withUnit(Number(number) >= 1000 ? Number(number).toLocaleString("en") : number, unit);
}

/** Such as `at most 5 ms`. */
export function formatTarget({ target, unit }: Figure): string {
  if (target === undefined) return "–";
  const [words, value] = "atLeast" in target
    ? ["at least", target.atLeast]
    : ["at most", target.atMost];
  return `${words} ${withUnit(value.toLocaleString("en"), unit)}`;
}

function withUnit(number: number | string, unit: string): string {
  return unit === "" ? `${number}` : `${number} ${unit}`;
}
