import { ManifestSyntaxError } from "../errors.ts";
import { failOver } from "./attribute_value.ts";
import { quoted } from "./quoted.ts";
import { formatSmil, parseSmil } from "./smil.ts";
import { attributeOf, findElements, type XmlContent, type XmlElement } from "./xml.ts";

/** Which stream is meant: the identifiers of its ingest URL (MS-SSTR 2.2.7). */
export interface StreamReference {
  /** `<id>` of `Streams(<id>)`, as it stands in the URL. */
  readonly id: string;
  /** `<id>` of `Events(<id>)`, as it stands in the URL. */
  readonly eventId?: string;
}

const SUBJECT = "stream manifest";

const SOURCE = /^(?:Events\(([^()/\s]+)\)\/)?Streams\(([^()/\s]+)\)$/i;

function sourceOf({ id, eventId }: StreamReference): string {
  const source = eventId === undefined ? `Streams(${id})` : `Events(${eventId})/Streams(${id})`;
  if (SOURCE.test(source)) return source;
  throw new RangeError(
    `Cannot write the stream as URL-safe identifiers: current value is ${quoted(source)}`,
  );
}

/**
 * Formats the document for the Stream Manifest box: the streams that must all have come before the server starts the
 * broadcast (MS-SSTR 2.2.7.2).
 *
 * @throws {RangeError} If an identifier is empty or has characters that a URL cannot hold.
 */
export function formatStreamManifest(streamIds: readonly StreamReference[]): string {
  const children = streamIds.map((stream): XmlContent => ({
    name: "ref",
    attributes: [["src", sourceOf(stream)]],
  }));
  return formatSmil([], [{ name: "par", children }]);
}

function readReference(element: XmlElement, index: number): StreamReference {
  const source = attributeOf(element, "src");
  const [, eventId, id] = SOURCE.exec(source ?? "") ?? [];
  if (id === undefined) {
    return failOver(`src of ref ${index + 1}`, "[Events(<id>)/]Streams(<id>)", source);
  }
  return eventId === undefined ? { id } : { id, eventId };
}

/**
 * Parses the document of a Stream Manifest box (MS-SSTR 2.2.7.2).
 *
 * @returns The streams in order.
 * @throws {ManifestSyntaxError} If it is not well-formed XML, not SMIL, or does not list streams.
 */
export function parseStreamManifest(text: string): StreamReference[] {
  const references = findElements(parseSmil(text, SUBJECT).body, ["ref"]);
  if (references.length === 0) {
    throw new ManifestSyntaxError(
      `Cannot read the document as a ${SUBJECT} as it must list a stream: current value is 0 streams`,
    );
  }
  return references.map(readReference);
}
