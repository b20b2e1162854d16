import type { ClientInspection, DocumentFacts, StreamInspection } from "./inspection.ts";
import type { RowBudget } from "./row_budget.ts";
import type { StreamIndex } from "../manifest/client_manifest.ts";
import type { XmlElement } from "../manifest/xml.ts";
import { InputError, ManifestSyntaxError } from "../errors.ts";
import { parseClientManifest } from "../manifest/client_manifest.ts";
import { attributeOf, childrenNamed, decodeXml, parseXml } from "../manifest/xml.ts";
import { Span } from "./span.ts";

/** A manifest as it was stored, and as text. */
export interface Document {
  /** Path or URL. */
  readonly location: string;
  readonly facts: DocumentFacts;
  readonly text: string;
}

/** How the bytes of a manifest are stored; the same rules as {@linkcode decodeXml} has. */
export function documentFacts(bytes: Uint8Array): DocumentFacts {
  const [first = 0, second = 0, third = 0] = bytes;
  const size = bytes.length;
  if (first === 0xff && second === 0xfe) {
    return { size, encoding: "UTF-16LE", hasByteOrderMark: true };
  }
  if (first === 0xfe && second === 0xff) {
    return { size, encoding: "UTF-16BE", hasByteOrderMark: true };
  }
  const isMarked = first === 0xef && second === 0xbb && third === 0xbf;
  const isWide = size > 1 && (first === 0) !== (second === 0);
  const encoding = !isWide ? "UTF-8" : first === 0 ? "UTF-16BE" : "UTF-16LE";
  return { size, encoding, hasByteOrderMark: isMarked };
}

/**
 * Decodes a manifest.
 *
 * @throws {ManifestSyntaxError} If it is no text.
 */
export function toDocument(location: string, bytes: Uint8Array): Document {
  return { location, facts: documentFacts(bytes), text: decodeXml(bytes) };
}

/**
 * Runs a parser over a manifest.
 *
 * @throws {InputError} If the parser says no.
 */
export function parseNamed<T>(location: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ManifestSyntaxError)) throw error;
    throw new InputError(error.message, location, { cause: error });
  }
}

function declared(element: XmlElement | undefined, name: string): number | undefined {
  const text = element && attributeOf(element, name);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function streamFacts(
  stream: StreamIndex,
  element: XmlElement | undefined,
  rows: RowBudget,
): StreamInspection {
  const span = new Span();
  for (const { start, duration } of stream.fragments) span.add(start, duration);
  const listed = stream.fragments.slice(0, rows.take(stream.fragments.length));
  return {
    ...stream,
    declaredFragments: declared(element, "Chunks"),
    declaredLevels: declared(element, "QualityLevels"),
    entries: element ? childrenNamed(element, "c").length : 0,
    span: span.facts,
    fragments: listed.map(({ start, duration }) => ({ start, duration })),
  };
}

/**
 * Reads a client manifest, and what its attributes say of it beside what is there.
 *
 * @returns The facts, and all fragments of each stream in the same order.
 * @throws {ManifestSyntaxError} If it is none.
 */
export function clientFacts(
  { location, facts, text }: Document,
  rows: RowBudget,
): { inspection: ClientInspection; streams: readonly StreamIndex[] } {
  const manifest = parseClientManifest(text);
  const elements = childrenNamed(parseXml(text), "StreamIndex");
  const { streams } = manifest;
  const shown = streams.map((stream, index) => streamFacts(stream, elements[index], rows));
  return { inspection: { location, document: facts, ...manifest, streams: shown }, streams };
}
