import * as assert from "uvu/assert";
import type { Fragment } from "../../lib/part.ts";
import { IngestError } from "../../lib/errors.ts";
import { openTransport } from "../../lib/ingest/transport.ts";
import { Uploader } from "../../lib/ingest/uploader.ts";
import type { UploaderOptions, UploadEvent } from "../../lib/ingest/uploader_options.ts";
import { accept, BadServer, type Script } from "./bad_server.ts";
import { FakeClock } from "./fake_clock.ts";
import { failure } from "./parts.ts";
import { END, namesIn, textFragment } from "./text_parts.ts";
import { until } from "./until.ts";

/** Path of the stream that is uploaded. */
export const STREAM_PATH = "/live.isml/Streams(1-stream0)";

/** What a test of an uploader has at hand. */
export interface UploadContext {
  readonly server: BadServer;
  readonly events: UploadEvent[];
  readonly clock: FakeClock;
  /** One that tries again at once and for ever, unless told otherwise. */
  uploader(options?: Partial<UploaderOptions>): Uploader;
  /** Writes fragments, each when the one before it has arrived. */
  arrive(uploader: Uploader, ...fragments: Fragment[]): Promise<void>;
  /** What was told, by name. */
  told<Name extends UploadEvent["event"]>(name: Name): Extract<UploadEvent, { event: Name }>[];
}

/** Runs `use` with a server that goes by a script for what carries something, and lets probes pass. */
export async function withBadServer(
  script: Script | undefined,
  use: (context: UploadContext) => Promise<void>,
): Promise<void> {
  const server = await BadServer.start(
    (request) => request.isProbe || !script ? accept(request) : script(request),
  );
  const transport = await openTransport();
  const clock = new FakeClock();
  const events: UploadEvent[] = [];
  const uploaders: Uploader[] = [];
  try {
    await use({
      server,
      events,
      clock,
      uploader: (options) => {
        const uploader = new Uploader({
          url: server.url + STREAM_PATH,
          transport,
          clock,
          retryDelayMs: 0,
          random: () => 1,
          onEvent: (event) => events.push(event),
          ...options,
        });
        uploaders.push(uploader);
        return uploader;
      },
      arrive: async (uploader, ...fragments) => {
        for (const fragment of fragments) {
          await uploader.write(fragment);
          const name = `{${fragment.trackId}:${fragment.index}}`;
          await until(
            () => server.posts.some((post) => post.text().includes(name)),
            `the arrival of ${name}`,
          );
        }
      },
      told: (name) => events.filter(({ event }) => event === name) as never,
    });
  } finally {
    for (const uploader of uploaders) uploader.abort(new Error("the test is over"));
    await transport.close();
    await server.close();
  }
}

/** Fragments of one track, both ends included. */
export function range(first: number, last: number): Fragment[] {
  return Array.from({ length: last - first + 1 }, (_, n) => textFragment(first + n));
}

/** The fragments in each body, in order. */
export function bodiesOf({ posts }: BadServer): string[] {
  return posts.map((post) => namesIn(post.text()));
}

/** All fragments that arrived, each once, in their order. */
export function unionOf(server: BadServer): string {
  const names = bodiesOf(server).filter((body) => body !== "");
  const seen = new Set(names.flatMap((body) => body.split(" ").map(Number)));
  return [...seen].sort((a, b) => a - b).join(" ");
}

/** Ends a stream in order. */
export async function finish(uploader: Uploader): Promise<void> {
  await uploader.write(END);
  await uploader.close();
}

/** Waits for what is to fail as an {@linkcode IngestError}. */
export async function ingestFailure(work: Promise<unknown>): Promise<IngestError> {
  const error = await failure(work);
  assert.instance(error, IngestError);
  return error as IngestError;
}
