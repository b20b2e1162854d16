/** Forms of the secrets that a command line or an environment gives away, each as it might be seen somewhere. */
export function secretsIn(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): readonly string[] {
  const user = optionIn(args, "--user") ?? env["PUSHENCODER_USER"] ?? "";
  const given = [
    optionIn(args, "--password"),
    env["PUSHENCODER_PASSWORD"],
    env["PUSHENCODER_BEARER"],
  ].filter((it) => it !== undefined).map((password) => [user, password] as const);
  const inUrls = args.flatMap((arg) => {
    const [, name, password] = /^https?:\/\/([^/@:]*):([^/@]*)@/.exec(arg) ?? [];
    return password === undefined ? [] : [[decode(name!), decode(password)] as const];
  });
  return [...given, ...inUrls].flatMap(([name, password]) => [
    password,
    encodeURIComponent(password),
    base64(`${name}:${password}`),
  ]);
}

/**
 * Looks for secrets in what a program wrote.
 *
 * @throws {Error} If one is there; the message does not show it.
 */
export function checkNoSecret(text: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets) {
    const at = secret === "" ? -1 : text.indexOf(secret);
    if (at >= 0) {
      throw new Error(`${where} shows a secret, behind ${text.slice(Math.max(0, at - 80), at)}`);
    }
  }
}

function optionIn(args: readonly string[], name: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
  const at = args.indexOf(name);
  return joined ?? (at < 0 ? undefined : args[at + 1]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
