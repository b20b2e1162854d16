import type { BodyContext, BodyTap, PointExtension } from "../extension.ts";
import type { PointEvent } from "../point_event.ts";
import { join } from "node:path";
import { GrowingFile, safeName, safeNames } from "./archive_folder.ts";

/** Options for {@linkcode createRecorder}. */
export interface RecorderOptions {
  /** Made if it does not exist. */
  folder: string;
  /**
   * Is told what cannot be written, once for each request: it goes on without it. By default the request fails.
   */
  onError?: ((error: Error) => void) | undefined;
}

/** Name of the file with a line for each request. */
export const RECORD_LIST = "requests.jsonl";

const EXTENSION = ".bin";

/** One request of a recording, as it stands in the list: a line of JSON. */
export interface RecordedRequest {
  readonly method: string;
  /** Empty if it is not known, as for a request without a body. */
  readonly url: string;
  /** Path of the publishing point. */
  readonly point: string;
  /** `<id>` of `Streams(<id>)`; empty for a request to the bare point. */
  readonly stream: string;
  /** `<id>` of `Events(<id>)`. */
  readonly event?: string | undefined;
  /** The body, from the folder on with `/` between the names; none if there was none, as in a probe. */
  readonly file?: string | undefined;
  readonly bytes: number;
  /** When its body began, as ISO 8601 has it. */
  readonly started: string;
  /** When it ended. */
  readonly ended: string;
  /** Whether it ended as HTTP has it: otherwise it broke off, was refused or cut. */
  readonly isWhole: boolean;
  /** Why it broke off, if it did. */
  readonly lost?: string | undefined;
}

/**
 * Makes an extension that keeps the bodies of requests exactly as they came, each in a file of its own,
 * `<folder>/<path of the point>/<stream>-<n>.bin`, and a list of all requests beside them, {@linkcode RECORD_LIST}. A body
 * is in the list once it is over; probes are in it too.
 *
 * @example
 * ```ts
 * const extensions = [createRecorder({ folder: "recording" })];
 * const server = createPointServer({ autoCreate: true, extensions });
 * ```
 */
export function createRecorder(options: RecorderOptions): PointExtension {
  return new Recorder(options);
}

class Recorder implements PointExtension {
  readonly #options: RecorderOptions;
  #list: Promise<GrowingFile> | undefined;
  #queue: Promise<void> = Promise.resolve();
  readonly #open = new Set<RecordingTap>();
  /** The number of the next body of each stream. */
  readonly #numbers = new Map<string, number>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  onBody(context: BodyContext): BodyTap {
    const tap = new RecordingTap(context, {
      create: () => this.#create(context),
      note: (request) => {
        this.#open.delete(tap);
        return this.#note(request);
      },
      onError: this.#options.onError,
    });
    this.#open.add(tap);
    return tap;
  }

  async #create({ point, stream }: BodyContext): Promise<GrowingFile> {
    const folder = join(this.#options.folder, ...safeNames(point));
    const name = safeName(stream);
    const key = `${folder} ${name}`;
    const number = this.#numbers.get(key) ?? 1;
    this.#numbers.set(key, number + 1);
    const file = await GrowingFile.createNumbered(folder, name, EXTENSION, number);
    // Those of an earlier recording may have been in the way.
    const found = Number(file.name.slice(name.length + 1, -EXTENSION.length));
    this.#numbers.set(key, Math.max(this.#numbers.get(key)!, found + 1));
    return file;
  }

  onEvent(event: PointEvent): void {
    const { point, stream } = event;
    if (event.event === "lost") this.#open.forEach((tap) => tap.lose(point, stream, event.message));
    if (event.event !== "probed") return;
    const now = new Date().toISOString();
    const times = { started: now, ended: now, isWhole: true };
    // An event has nobody to fail; what it cannot write is lost.
    this.#note({ method: "POST", url: "", point, stream, bytes: 0, ...times })
      .catch((error) => this.#options.onError?.(error));
  }

  #note(request: RecordedRequest): Promise<void> {
    const line = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
    const noted = this.#queue.then(async () => {
      this.#list ??= GrowingFile.openLines(this.#options.folder, RECORD_LIST);
      await (await this.#list).append(line);
    });
    this.#queue = noted.catch(() => {});
    return noted;
  }

  async close(): Promise<void> {
    await this.#queue;
    await (await this.#list)?.close();
  }
}

/** What a body is written with. */
interface TapOptions {
  readonly create: () => Promise<GrowingFile>;
  readonly note: (request: RecordedRequest) => Promise<void>;
  readonly onError: RecorderOptions["onError"];
}

/** Writes one body. */
class RecordingTap implements BodyTap {
  readonly #context: BodyContext;
  readonly #options: TapOptions;
  readonly #started = new Date().toISOString();
  #file: GrowingFile | undefined;
  #hasFailed = false;
  #lost: string | undefined;

  constructor(context: BodyContext, options: TapOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** A body of a stream broke off; which one is known when it ends. */
  lose(point: string, stream: string, message: string): void {
    const isOther = this.#context.stream !== stream ||
      this.#context.point.toLowerCase() !== point.toLowerCase();
    if (!isOther) this.#lost = message;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#attempt(async () => {
      this.#file ??= await this.#options.create();
      await this.#file.append(bytes);
    });
  }

  async end(isWhole: boolean): Promise<void> {
    const file = this.#file;
    await this.#attempt(async () => {
      await file?.close();
      const { request: { method, url }, point, stream, event } = this.#context;
      await this.#options.note({
        method,
        url,
        point,
        stream,
        event,
        file: file && [...safeNames(point), file.name].join("/"),
        bytes: file?.size ?? 0,
        started: this.#started,
        ended: new Date().toISOString(),
        isWhole,
        lost: isWhole ? undefined : this.#lost,
      });
    });
  }

  /** What failed once is given up: a body with a hole in it is not what came. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#hasFailed) return;
    try {
      await work();
    } catch (cause) {
      this.#hasFailed = true;
      await this.#file?.close().catch(() => {});
      const reason = cause instanceof Error ? cause.message : String(cause);
      const { point } = this.#context;
      const error = new Error(`Cannot record what comes to ${point}: ${reason}`, { cause });
      if (!this.#options.onError) throw error;
      this.#options.onError(error);
    }
  }
}
