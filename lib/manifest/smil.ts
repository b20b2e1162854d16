import { ManifestSyntaxError } from "../errors.ts";
import { quoted } from "./quoted.ts";
import {
  attributeOf,
  childrenNamed,
  formatXml,
  isNamed,
  parseXml,
  type XmlContent,
  type XmlElement,
} from "./xml.ts";

/** Far more than a SMIL document has, as it lists tracks, not fragments. */
const MAX_ELEMENTS = 100_000;

const NAMESPACE = "http://www.w3.org/2001/SMIL20/Language";

/** A `meta` element in the head of a SMIL document. */
export interface SmilMeta {
  readonly name: string;
  readonly content: string;
}

/** What the manifests need of a SMIL 2.0 document. */
export interface Smil {
  readonly metas: readonly SmilMeta[];
  /** What stands in the body. */
  readonly body: readonly XmlElement[];
}

function checkRoot(root: XmlElement, subject: string): void {
  if (isNamed(root, "smil")) return;
  const reason = isNamed(root, "SmoothStreamingMedia")
    ? "it is a client manifest (.ismc)"
    : 'its root element must be "smil"';
  throw new ManifestSyntaxError(
    `Cannot read the document as a ${subject} as ${reason}: current value is ${quoted(root.name)}`,
  );
}

function readMeta(element: XmlElement): SmilMeta[] {
  const name = attributeOf(element, "name");
  const content = attributeOf(element, "content") ?? "";
  return name === undefined ? [] : [{ name, content }];
}

/**
 * Parses a SMIL 2.0 document, with or without namespace prefixes.
 *
 * @param subject What the document should be, for the message: `server manifest (.ism)`.
 * @throws {ManifestSyntaxError} If it is not well-formed XML, or not SMIL.
 */
export function parseSmil(text: string, subject: string): Smil {
  const root = parseXml(text, { maxElements: MAX_ELEMENTS });
  checkRoot(root, subject);
  return {
    metas: childrenNamed(root, "head")
      .flatMap((head) => childrenNamed(head, "meta"))
      .flatMap(readMeta),
    body: childrenNamed(root, "body").flatMap((body) => body.children),
  };
}

/** The content of the first `meta` with a name, in any letter case; `undefined` if it is missing or blank. */
export function metaContent(metas: readonly SmilMeta[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return metas.find((meta) => meta.name.toLowerCase() === wanted)?.content || undefined;
}

/**
 * Formats a SMIL 2.0 document.
 *
 * @throws {RangeError} If a value has a character that XML 1.0 cannot hold.
 */
export function formatSmil(metas: readonly SmilMeta[], body: readonly XmlContent[]): string {
  const head = metas.map(({ name, content }): XmlContent => ({
    name: "meta",
    attributes: [["name", name], ["content", content]],
  }));
  return formatXml({
    name: "smil",
    attributes: [["xmlns", NAMESPACE]],
    children: [{ name: "head", children: head }, { name: "body", children: body }],
  });
}
