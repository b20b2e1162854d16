const SHOWN = 60;

/**
 * Puts `value` in quotes for a message: cut when it is long, control characters escaped, so that nothing hostile reaches
 * a terminal.
 */
export function quoted(value: string): string {
  const shown = value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
  return JSON.stringify(shown).replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
