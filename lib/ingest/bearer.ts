/**
 * Looks at a bearer token, which is never shown.
 *
 * @throws {RangeError} If it is empty, or has characters that a header cannot hold.
 */
export function checkBearer(token: string): void {
  if (/^[!-~]+$/.test(token)) return;
  throw new RangeError(
    `Cannot use the bearer token as it must be of visible ASCII characters: current value is one of ${token.length} characters`,
  );
}
