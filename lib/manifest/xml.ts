import {
  parseXml as parseDocument,
  XmlElement as ParsedElement,
  XmlError,
  XmlText,
} from "@rgrove/parse-xml";
import { ManifestSyntaxError } from "../errors.ts";
import { quoted } from "./quoted.ts";
import { checkXmlLimits, type XmlLimits } from "./xml_limits.ts";

/** The largest manifest that is read, in bytes: who loads one from a file or a socket can stop there. */
export const MAX_MANIFEST_BYTES: number = 16 * 1024 * 1024;

/** One element of an XML document. Namespaces are left out, as the manifests do not need them. */
export interface XmlElement {
  /** Local name, in the letter case of the document. */
  readonly name: string;
  /** By local name in lower case; namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Text that stands directly in the element. */
  readonly text: string;
  /** One of {@linkcode XmlElement.attributes}, which need not be listed for it. */
  attribute(lowerCaseName: string): string | undefined;
}

/** An element to be written by {@linkcode formatXml}. */
export interface XmlContent {
  readonly name: string;
  /** In order; those whose value is `undefined` are left out. */
  readonly attributes?: readonly (readonly [name: string, value: string | undefined])[];
  /** Text in the element, in place of children. */
  readonly text?: string | undefined;
  readonly children?: readonly XmlContent[];
}

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

function checkSize(size: number, unit: string): void {
  if (size > MAX_MANIFEST_BYTES) {
    throw new ManifestSyntaxError(
      `Cannot parse the manifest as it must have at most ${MAX_MANIFEST_BYTES} bytes: current value is ${size} ${unit}`,
    );
  }
}

/** The encoding by byte order mark, or by where the zero of the first character lies (XML 1.0 appendix F). */
function encodingOf(bytes: Uint8Array): Encoding {
  const [first = 0, second = 0] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (first !== 0 && second === 0 && bytes.length > 1) return "utf-16le";
  if (first === 0 && second !== 0) return "utf-16be";
  return "utf-8";
}

/** A text editor or a C string may have left one more byte after UTF-16 text. */
function withoutStrayByte(bytes: Uint8Array): Uint8Array {
  const isStray = bytes.length % 2 === 1 && bytes[bytes.length - 1]! <= 0x20;
  return isStray ? bytes.subarray(0, -1) : bytes;
}

/**
 * Decodes the bytes of a manifest: UTF-8, UTF-16LE or UTF-16BE, each with or without byte order mark, whatever the XML
 * declaration says.
 *
 * @throws {ManifestSyntaxError} If the bytes are not valid in that encoding, or too many.
 */
export function decodeXml(bytes: Uint8Array): string {
  checkSize(bytes.length, "bytes");
  const encoding = encodingOf(bytes);
  const whole = encoding === "utf-8" ? bytes : withoutStrayByte(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(whole);
  } catch (cause) {
    const start = String.fromCharCode(...bytes.subarray(0, 32));
    throw new ManifestSyntaxError(
      `Cannot decode the manifest as ${encoding.toUpperCase()} text: current value is ${
        quoted(start)
      }`,
      { cause },
    );
  }
}

function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\n" || char === "\r" || char === "\t";
}

/** Takes off what writers leave round a document, and does line ends (XML 1.0 2.11) in linear time. */
function normalize(text: string): string {
  let start = 0;
  while (isBlank(text[start]) || text[start] === "\uFEFF") start++;
  let end = text.length;
  while (end > start && (isBlank(text[end - 1]) || text[end - 1] === "\0")) end--;
  return text.slice(start, end).replace(/\r\n?/g, "\n");
}

function parseWellFormed(text: string): ParsedElement {
  try {
    return parseDocument(text).root!;
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    const reason = cause.message.split("\n", 1)[0]!.replace("isn't", "is not");
    throw new ManifestSyntaxError(
      `Cannot parse the manifest as well-formed XML, ${reason}: current value is ${
        quoted(cause.excerpt)
      }`,
      { cause },
    );
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function readAttributes(parsed: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const names = Object.keys(parsed);
  const attributes = new Map<string, string>();
  for (const name of names) {
    const key = localName(name).toLowerCase();
    const isDeclaration = name === "xmlns" || name.startsWith("xmlns:");
    // An attribute of a foreign namespace must not stand in for the one without a prefix.
    const isHidden = name.includes(":") && attributes.has(key);
    if (!isDeclaration && !isHidden) attributes.set(key, parsed[name]!);
  }
  return attributes;
}

const NO_CHILDREN: readonly XmlElement[] = [];

/** An element as the parser has it: a manifest may have a million of them, and most are looked at once. */
class Element implements XmlElement {
  readonly #parsed: ParsedElement;
  #children: readonly XmlElement[] | undefined;

  constructor(parsed: ParsedElement) {
    this.#parsed = parsed;
  }

  get name(): string {
    return localName(this.#parsed.name);
  }

  get attributes(): ReadonlyMap<string, string> {
    return readAttributes(this.#parsed.attributes);
  }

  attribute(lowerCaseName: string): string | undefined {
    const { attributes } = this.#parsed;
    const isPlain = Object.keys(attributes).every((name) => /^[a-z]+$/.test(name));
    return isPlain ? attributes[lowerCaseName] : this.attributes.get(lowerCaseName);
  }

  get children(): readonly XmlElement[] {
    if (this.#parsed.children.length === 0) return NO_CHILDREN;
    return this.#children ??= this.#parsed.children
      .filter((child) => child instanceof ParsedElement)
      .map((child) => new Element(child));
  }

  get text(): string {
    return this.#parsed.children
      .reduce((text, child) => child instanceof XmlText ? text + child.text : text, "");
  }
}

/**
 * Parses an XML document and returns its root element. White space and zeros after the document, white space before it
 * and any `encoding` in its declaration do not matter. No entity but the five of XML is known, and a document type with
 * declarations of its own is refused.
 *
 * @throws {ManifestSyntaxError} If the text is not well-formed XML, or larger or deeper than the limits allow.
 */
export function parseXml(text: string, limits?: XmlLimits): XmlElement {
  checkSize(text.length, "characters");
  const document = normalize(text);
  if (!document.startsWith("<")) {
    const what = document === "" ? "it is empty" : "it is not XML";
    throw new ManifestSyntaxError(
      `Cannot parse the manifest as ${what}: current value is ${quoted(document)}`,
    );
  }
  checkXmlLimits(document, limits);
  return new Element(parseWellFormed(document));
}

/** Tells whether the local name of `element` is `name`, in any letter case. */
export function isNamed(element: XmlElement, name: string): boolean {
  return element.name.toLowerCase() === name.toLowerCase();
}

/** The children of `element` with the local name `name`, in any letter case. */
export function childrenNamed(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => isNamed(child, name));
}

/** The elements with one of `names`, in any letter case, at any depth, but not within one another. */
export function findElements(
  elements: readonly XmlElement[],
  names: readonly string[],
): XmlElement[] {
  return elements.flatMap((element) =>
    names.some((name) => isNamed(element, name)) ? [element] : findElements(element.children, names)
  );
}

/**
 * The value of an attribute by local name, in any letter case.
 *
 * @returns The value without white space round it, or `undefined` if it is missing or blank.
 */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attribute(name.toLowerCase())?.trim() || undefined;
}

const REFERENCES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** What XML 1.0 cannot hold in any spelling (2.2): most control characters, lone surrogates, two non-characters. */
const IMPOSSIBLE = /(?![\t\n\r\x7f-\x9f])\p{Cc}|[\p{Cs}\uFFFE\uFFFF]/u;

/**
 * Escapes text for an attribute value in either kind of quotes; tabs and line ends survive.
 *
 * @throws {RangeError} If the text has a character that XML 1.0 cannot hold. It is not left out in silence, as two
 * names could become the same.
 */
export function escapeXml(value: string): string {
  if (IMPOSSIBLE.test(value)) {
    throw new RangeError(
      `Cannot write the value as XML 1.0 text: current value is ${quoted(value)}`,
    );
  }
  return value.replace(/[&<>"'\t\n\r]/g, (char) => REFERENCES[char]!);
}

function formatElement(content: XmlContent, indent: string): string[] {
  const { name, attributes = [], text, children = [] } = content;
  const start = attributes
    .filter(([, value]) => value !== undefined)
    .reduce((tag, [key, value]) => `${tag} ${key}="${escapeXml(value!)}"`, `${indent}<${name}`);
  if (text !== undefined) return [`${start}>${escapeXml(text)}</${name}>`];
  if (children.length === 0) return [`${start} />`];
  const inner = children.flatMap((child) => formatElement(child, `${indent}  `));
  return [`${start}>`, ...inner, `${indent}</${name}>`];
}

/**
 * Formats an XML document, one element a line, that declares UTF-8: it is to be encoded so, without byte order mark.
 *
 * @throws {RangeError} If a value has a character that XML 1.0 cannot hold.
 */
export function formatXml(root: XmlContent): string {
  return ['<?xml version="1.0" encoding="utf-8"?>', ...formatElement(root, "")].join("\n");
}
