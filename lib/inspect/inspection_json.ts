/** Values up to this many numbers and strings stand on one line. */
const LINE_VALUES = 20;

/** How many numbers and strings are in a value; stops counting past the limit. */
function countValues(value: unknown, limit: number): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 0;
  for (const inner of Object.values(value)) {
    if (count > limit) break;
    count += inner === undefined ? 0 : countValues(inner, limit - count);
  }
  return count;
}

/** Whether a value stands on one line: lists of objects are easier to read with a line each. */
function isShort(value: object): boolean {
  const isList = Array.isArray(value) && value.some((inner) => typeof inner === "object");
  return !isList && countValues(value, LINE_VALUES) <= LINE_VALUES;
}

function scalar(value: unknown): string {
  return JSON.stringify(typeof value === "bigint" ? String(value) : value) ?? "null";
}

function entriesOf(value: object): [label: string, inner: unknown][] {
  if (Array.isArray(value)) return value.map((inner) => ["", inner]);
  return Object.entries(value).filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => [`${JSON.stringify(key)}: `, inner]);
}

function onOneLine(value: unknown): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  const inner = entriesOf(value).map(([label, each]) => label + onOneLine(each)).join(", ");
  if (Array.isArray(value)) return `[${inner}]`;
  return inner === "" ? "{}" : `{ ${inner} }`;
}

/**
 * Formats plain data as one JSON document, in pieces: small values, such as a fragment, take one line each. Integers of
 * 64 bits become strings, as other readers of JSON would round them.
 */
export function* formatJson(value: unknown, indent = ""): Generator<string> {
  if (typeof value !== "object" || value === null || (indent !== "" && isShort(value))) {
    yield onOneLine(value);
    return;
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const deeper = `${indent}  `;
  let separator = `${open}\n`;
  for (const [label, inner] of entriesOf(value)) {
    yield `${separator}${deeper}${label}`;
    yield* formatJson(inner, deeper);
    separator = ",\n";
  }
  yield separator === ",\n" ? `\n${indent}${close}` : `${open}${close}`;
}
