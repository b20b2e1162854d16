/** The input is not the MP4 it claims to be. */
export class Mp4SyntaxError extends SyntaxError {
  override readonly name = "Mp4SyntaxError";
  /** Where the offending box starts, in bytes from the start of the file. */
  readonly offset: number;

  /**
   * @param message What is wrong, with the path of the box (`moof/traf/tfdt`).
   * @param offset Where the box starts, in bytes from the start of the file.
   */
  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(`${message}: the box starts at byte ${offset}`, options);
    this.offset = offset;
  }
}

/** A manifest is not the XML document it claims to be. */
export class ManifestSyntaxError extends SyntaxError {
  override readonly name = "ManifestSyntaxError";
}

/** An input is missing, cannot be read, or is not what it claims to be; `cause` has the reason where there is one. */
export class InputError extends Error {
  override readonly name = "InputError";
  /** The file or URL, without credentials. */
  readonly input: string;

  /**
   * @param message What is wrong; the input is put in front of it.
   * @param input The file or URL, without credentials.
   */
  constructor(message: string, input: string, options?: ErrorOptions) {
    super(`${input}: ${message}`, options);
    this.input = input;
  }
}

/** How a push ended that did not succeed. */
export type IngestErrorKind =
  /** The publishing point said no: a 4xx answer. */
  | "refused"
  /** The connection broke, timed out, or the answer was a 5xx, too early or missing. */
  | "lost";

/** What {@linkcode IngestError} tells beside its message. */
export interface IngestErrorOptions extends ErrorOptions {
  kind: IngestErrorKind;
  /** The ingest URL, without credentials. */
  url: string;
  /** The HTTP status, if there was an answer. */
  status?: number;
}

/** The publishing point refused a stream, or the way to it was lost. */
export class IngestError extends Error {
  override readonly name = "IngestError";
  readonly kind: IngestErrorKind;
  /** The ingest URL, without credentials. */
  readonly url: string;
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;

  constructor(message: string, options: IngestErrorOptions) {
    super(message, options);
    this.kind = options.kind;
    this.url = options.url;
    this.status = options.status;
  }
}
