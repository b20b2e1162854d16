const MAX_SHOWN_LENGTH = 100;

// What JSON leaves as it is although a terminal may obey it or break the line there.
const CONTROLS_BEYOND_JSON = /[\u007f-\u009f\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Puts `text` in quotes for a message: one line, without control characters, shortened if it is long. */
export function quote(text: string): string {
  const shown = text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
  return JSON.stringify(shown).replace(CONTROLS_BEYOND_JSON, escapeCharacter);
}

/**
 * Cuts out what may be a user name and a password in a URL, also in one that cannot be read: where they end is then
 * not certain, so that rather too much goes than too little.
 */
export function hideCredentials(text: string): string {
  const [scheme] = /^(?:[a-z][a-z0-9+.-]*:\/+)?/i.exec(text)!;
  const rest = text.slice(scheme.length);
  const at = rest.lastIndexOf("@");
  if (at >= 0 && (scheme !== "" || /[:/]/.test(rest.slice(0, at)))) {
    return `${scheme}…${rest.slice(at)}`;
  }
  // A colon that no port follows: a user name and a password whose "@" was forgotten or encoded.
  return scheme === ""
    ? text
    : scheme + rest.replace(/^([^/:?#]*:)(?!\d{0,5}(?:[/?#]|$)).*/s, "$1…");
}
