import { ManifestSyntaxError } from "../errors.ts";
import { quoted } from "./quoted.ts";

/** How much an XML document may hold before it is refused. */
export interface XmlLimits {
  /**
   * How deep elements may stand in one another.
   * @default {64}
   */
  maxDepth?: number;
  /**
   * How many elements and processing instructions there may be.
   * @default {1_000_000}
   */
  maxElements?: number;
}

/** Markup in which tags do not count, and how each of them ends. */
const OPAQUE = [["<!--", "-->"], ["<![CDATA[", "]]>"], ["<?", "?>"]] as const;

/** Position after the markup at `at` if tags do not count in it, the end of the text if it is not closed. */
function skipOpaque(text: string, at: number): number | undefined {
  for (const [start, end] of OPAQUE) {
    if (!text.startsWith(start, at)) continue;
    const found = text.indexOf(end, at + start.length);
    return found < 0 ? text.length : found + end.length;
  }
  return undefined;
}

/** Position of the `>` that closes the tag at `at`, the end of the text if there is none. */
function endOfTag(text: string, at: number): number {
  for (let i = at; i < text.length; i++) {
    const char = text[i]!;
    if (char === ">") return i;
    if (char !== '"' && char !== "'") continue;
    i = text.indexOf(char, i + 1);
    if (i < 0) break;
  }
  return text.length;
}

function checkDocumentType(text: string, at: number): void {
  const declaration = text.slice(at, endOfTag(text, at));
  if (declaration.replace(/"[^"]*"|'[^']*'/g, "").includes("[")) {
    throw new ManifestSyntaxError(
      `Cannot parse the manifest as its document type may declare entities: current value is ${
        quoted(declaration)
      }`,
    );
  }
}

function checkLimit(what: string, count: number, limit: number): void {
  if (count > limit) {
    throw new ManifestSyntaxError(
      `Cannot parse the manifest as it must have at most ${limit} ${what}: current value is ${count} or more`,
    );
  }
}

/**
 * Refuses a document that would overflow the stack or the memory of a parser, or that declares entities, before the
 * parser sees it. It looks at tags alone and finds nothing else wrong: that is left to the parser.
 *
 * @throws {ManifestSyntaxError} If a limit is exceeded or the document type has an internal subset.
 */
export function checkXmlLimits(text: string, limits: XmlLimits = {}): void {
  const { maxDepth = 64, maxElements = 1_000_000 } = limits;
  let depth = 0;
  let elements = 0;
  let at = text.indexOf("<");
  while (at >= 0) {
    const next = text[at + 1];
    if (next === "!" || next === "?") {
      if (next === "?") checkLimit("elements", ++elements, maxElements);
      if (text.startsWith("<!DOCTYPE", at)) checkDocumentType(text, at);
      at = skipOpaque(text, at) ?? endOfTag(text, at);
    } else if (next === "/") {
      depth--;
      at += 2;
    } else {
      checkLimit("elements", ++elements, maxElements);
      at = endOfTag(text, at);
      if (text[at - 1] !== "/") checkLimit("elements in one another", ++depth, maxDepth);
    }
    at = text.indexOf("<", at);
  }
}
