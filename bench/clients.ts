import type { BareFileArgument } from "./programs/bare_file.ts";
import type { PushArgument } from "./programs/push.ts";
import type { Command } from "./measure.ts";
import type { Input } from "./make_input.ts";
import type { Runtime } from "./runtimes.ts";
import { outputOf } from "./runtimes.ts";

/** Something that sends a presentation to a sink. */
export interface Client {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string | undefined;
  command(input: Input, origin: string): Command;
  /** How many bytes it says it has sent, from what it printed; throws if it did not succeed. */
  sentBytes?(input: Input, output: string): number;
}

/** What to measure against: a client that does nothing but read a file and write it to a socket. */
export function curlClient(): Client {
  const version = /^curl (\S+)/.exec(outputOf("curl", "--version") ?? "")?.[1];
  return {
    name: `curl ${version ?? ""}`.trim(),
    missing: version === undefined ? "curl is not installed" : undefined,
    command: ({ mediaFile }, origin) => ({
      program: "curl",
      // Without the empty header curl would wait to be told to go on.
      args: [
        ...["-sS", "-f", "-X", "POST", "-H", "Transfer-Encoding: chunked", "-H", "Expect:"],
        ...["-T", mediaFile, "-o", "/dev/null", `${origin}/live.isml/Streams(1-stream0)`],
      ],
    }),
    sentBytes: ({ bytes }) => bytes,
  };
}

/** What else sends a file as Smooth Streaming without encoding it again. It writes boxes of its own, so bytes differ. */
export function ffmpegClient(): Client {
  const version = /^ffmpeg version (\S+)/.exec(outputOf("ffmpeg", "-version") ?? "")?.[1];
  return {
    name: `ffmpeg ${version ?? ""}`.trim(),
    missing: version === undefined ? "ffmpeg is not installed" : undefined,
    command: ({ mediaFile }, origin) => ({
      program: "ffmpeg",
      args: [
        ...["-nostdin", "-v", "error", "-i", mediaFile, "-map", "0", "-c", "copy"],
        ...["-f", "ismv", `${origin}/live.isml/Streams(1-stream0)`],
      ],
    }),
  };
}

/** A few lines that read the file and send it by the HTTP client of the runtime: what is possible there. */
export function bareClient(runtime: Runtime): Client {
  return {
    name: `a bare client on ${runtime.name}`,
    missing: runtime.missing,
    command: ({ mediaFile }, origin) => {
      const argument: BareFileArgument = {
        mediaFile,
        url: `${origin}/live.isml/Streams(1-stream0)`,
      };
      return runtime.command("bare_file", argument);
    },
    sentBytes: pushedBytes,
  };
}

/**
 * The command line, as users start it.
 *
 * @param bytes That it sends, as it prints none: as many as {@linkcode pushClient} does.
 */
export function commandLineClient(runtime: Runtime, bytes: number): Client {
  return {
    name: runtime.name,
    missing: runtime.missing,
    command: ({ presentation }, origin) =>
      runtime.script(["--quiet", "--rate=max", "--id=1", `${origin}/live.isml`, presentation]),
    sentBytes: () => bytes,
  };
}

/** The library and one call of it, start of the runtime included. */
export function pushClient(runtime: Runtime): Client {
  return clientOf(runtime, {});
}

/** The same, over and over. */
export function loopClient(runtime: Runtime, loop: number): Client {
  return clientOf(runtime, { loop });
}

/** The same with a pace that nothing can keep: late all the time, it still reads as streams do that wait for their time. */
export function lateClient(runtime: Runtime): Client {
  return clientOf(runtime, { rate: 1000 });
}

function clientOf(runtime: Runtime, more: Pick<PushArgument, "loop" | "rate">): Client {
  return {
    name: runtime.name,
    missing: runtime.missing,
    command: ({ presentation }, origin) =>
      runtime.command("push", { presentation, url: `${origin}/live.isml`, ...more }),
    sentBytes: pushedBytes,
  };
}

function pushedBytes(_input: Input, output: string): number {
  const streams = JSON.parse(output) as { state: string; bytes: number }[];
  if (streams.some(({ state }) => state !== "complete")) {
    throw new Error(`Cannot count a push that is not complete: ${output}`);
  }
  return streams.reduce((sum, { bytes }) => sum + bytes, 0);
}
