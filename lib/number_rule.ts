/** What a number must be; "for ever" and "without a limit" are Infinity. */
export type NumberRule =
  | "above 0"
  | "0 or more"
  | "a whole number above 0"
  | "a whole number, 0 or more";

const RULES: Readonly<Record<NumberRule, (value: number) => boolean>> = {
  "above 0": (value) => value > 0,
  "0 or more": (value) => value >= 0,
  "a whole number above 0": (value) => value > 0 && isWhole(value),
  "a whole number, 0 or more": (value) => value >= 0 && isWhole(value),
};

function isWhole(value: number): boolean {
  return Number.isInteger(value) || value === Infinity;
}

/**
 * Looks at an option that is a number.
 *
 * @param value Nothing if the option is not there.
 * @throws {RangeError} If it is against the rule, or no number at all.
 */
export function checkNumber(what: string, value: number | undefined, rule: NumberRule): void {
  if (value === undefined || RULES[rule](value)) return;
  throw new RangeError(`Cannot use ${what} as it must be ${rule}: current value is ${value}`);
}
