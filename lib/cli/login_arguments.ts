import type { CommandLine } from "./given_arguments.ts";
import type { Credentials } from "./point_url.ts";
import { checkBearer } from "../ingest/bearer.ts";
import { toPath } from "./inputs.ts";
import { UsageError } from "./usage_error.ts";

/** What goes to a publishing point whose URL brings no credentials: those of a user, or a token. */
export interface Login {
  readonly common: Credentials;
  /** Path of the file with a bearer token. */
  readonly bearerFile?: string;
  /** A bearer token. */
  readonly bearer?: string;
}

/** Reads the credentials of the options, else of the environment. @throws {UsageError} If the user name has a colon. */
export function readCommonCredentials({ options, context }: CommandLine): Credentials {
  const user = options.last("user")?.value ?? (context.env["PUSHENCODER_USER"] || undefined);
  const password = options.last("password")?.value ??
    (context.env["PUSHENCODER_PASSWORD"] || undefined);
  if (user?.includes(":")) {
    const source = options.last("user")?.spelling ?? "PUSHENCODER_USER";
    throw new UsageError(
      `Cannot use ${source} as a user name must not have a colon in it: ` +
        "the password goes into --password or PUSHENCODER_PASSWORD",
    );
  }
  return {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

/**
 * Reads who pushes. Options count before the environment, so that a token of it never takes the place of a user who was
 * named.
 *
 * @throws {UsageError} If it is a user and a token, or one of them cannot be.
 */
export function readLogin(given: CommandLine): Login {
  const { options, context } = given;
  const user = options.last("user") ?? options.last("password");
  const file = options.last("bearer");
  if (user && file) {
    throw new UsageError(
      `Cannot use ${file.spelling} as ${user.spelling} is given too: a token takes the place of a user`,
    );
  }
  if (file) {
    const password = context.env["PUSHENCODER_PASSWORD"];
    return {
      common: password ? { password } : {},
      bearerFile: toPath(file.value!, context),
    };
  }
  const common = readCommonCredentials(given);
  const bearer = user ? undefined : readEnvironmentToken(given);
  if (bearer === undefined) return { common };
  if (common.user !== undefined) {
    throw new UsageError(
      "Cannot use PUSHENCODER_BEARER as PUSHENCODER_USER is set too: unset one of the two",
    );
  }
  return { common, bearer };
}

function readEnvironmentToken({ context }: CommandLine): string | undefined {
  const token = context.env["PUSHENCODER_BEARER"] || undefined;
  try {
    if (token !== undefined) checkBearer(token);
  } catch (error) {
    throw new UsageError(`${(error as Error).message}, in PUSHENCODER_BEARER`);
  }
  return token;
}
