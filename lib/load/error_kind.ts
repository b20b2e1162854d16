/** What the message of a runtime without codes is called, and a code that says less than a word. */
const KINDS: readonly (readonly [text: RegExp, kind: string])[] = [
  [/UND_ERR_SOCKET/, "connection lost"],
  [/UND_ERR_CONNECT_TIMEOUT/, "connect timeout"],
  [/refused/i, "ECONNREFUSED"],
  [/reset/i, "ECONNRESET"],
  [/certificate|CERT_|_CERT|UNABLE_TO_VERIFY/i, "certificate not trusted"],
];

/** What an error of a connection is called in a report, the same on each runtime where that can be told. */
export function errorKind(error: unknown): string {
  const code = codeOf(error);
  const text = code ?? messagesOf(error);
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? code ?? "connection lost";
}

/** What an error says, and its causes. */
export function messagesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${messagesOf(error.cause)}`;
}

function codeOf(error: unknown): string | undefined {
  for (let it = error; it instanceof Error; it = it.cause) {
    const { code, errors } = it as { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === "string" && code !== "") return code;
    const first = (errors?.[0] as { code?: unknown } | undefined)?.code;
    if (typeof first === "string") return first;
  }
  return undefined;
}

/**
 * Whether an answer is no error yet, as it asks for another request: with credentials, or elsewhere. A stream that ends
 * with it was refused.
 */
export function isQuestion(status: number): boolean {
  return status === 401 || (status >= 300 && status < 400);
}
