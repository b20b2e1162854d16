import { hideCredentials, quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** A user name and the password that goes with it; either may be missing. */
export interface Credentials {
  readonly user?: string;
  readonly password?: string;
}

/** A publishing point and the credentials for it. */
export interface PushPoint extends Credentials {
  /** The URL, without credentials. */
  readonly url: string;
}

/** Whether `text` is meant as an `http` or `https` URL, readable or not. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function decodeCredential(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(
      `Cannot read the credentials in a URL as they must be percent-encoded UTF-8: write "%25" for "%"`,
    );
  }
}

function takeCredentials(url: URL): Credentials {
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return {};
  const user = decodeCredential(username);
  if (user.includes(":")) {
    throw new UsageError(
      `Cannot use the credentials in a URL as a user name must not have a colon in it: write the "@" after the password as "%40"`,
    );
  }
  return password === "" ? { user } : { user, password: decodeCredential(password) };
}

function whyUnusable(url: URL | undefined): string | undefined {
  if (!url) return "it must be a readable http or https URL";
  if (url.pathname === "/") return "it must have a path, as in http://host/live.isml";
  if (url.hash !== "") return `it must have no fragment (write "%23" for "#")`;
  return undefined;
}

/**
 * Reads the URL of a publishing point and takes the credentials out of it.
 *
 * @param what What it was given for, for the message.
 * @throws {UsageError} If it is not an absolute http or https URL with a path. Credentials are not shown.
 */
export function parsePointUrl(text: string, what: string): PushPoint {
  const url = isHttpUrl(text) && URL.canParse(text) ? new URL(text) : undefined;
  const why = whyUnusable(url);
  if (!url || why !== undefined) {
    throw new UsageError(
      `Cannot use ${what} as ${why}: current value is ${quote(hideCredentials(text))}`,
    );
  }
  url.hash = ""; // an empty one leaves its mark behind
  const credentials = takeCredentials(url);
  return { url: url.href, ...credentials };
}

/**
 * The publishing point with `common` credentials where its URL brought none.
 * A URL with a user name alone takes the common password, unless that belongs to another user.
 */
export function withCredentials(point: PushPoint, common: Credentials): PushPoint {
  if (point.user === undefined) return { ...point, ...common };
  const isSameUser = common.user === undefined || common.user === point.user;
  if (point.password !== undefined || common.password === undefined || !isSameUser) return point;
  return { ...point, password: common.password };
}
