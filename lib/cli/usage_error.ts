/** The command line is wrong: the command shows the message, one line, and exits with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
