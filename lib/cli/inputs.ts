import type { ArgumentContext } from "./given_arguments.ts";
import { isHttpUrl } from "./point_url.ts";
import { hideCredentials, quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** A path as the machine knows it: a backslash separates folders where no such file exists. */
export function toPath(text: string, context: ArgumentContext): string {
  if (!text.includes("\\") || isHttpUrl(text) || context.exists(text)) return text;
  return text.replaceAll("\\", "/");
}

/** The path or URL of something to read. */
export function toInput(text: string, context: ArgumentContext): string {
  if (!isHttpUrl(text)) return toPath(text, context);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.username === "" && url.password === "") return text;
  const why = url
    ? "credentials are taken for publishing points alone"
    : "the URL of the input must be readable";
  throw new UsageError(
    `Cannot use the input as ${why}: current value is ${quote(hideCredentials(text))}`,
  );
}
