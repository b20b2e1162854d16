/**
 * Serves publishing points until it is ended: `publishing_point.ts <json>` prints their URL. `GET /taken` tells what came
 * in so far and what the process takes.
 */
import type { PointExtension, PointServer } from "../../mod.ts";
import process from "node:process";
import { createPointServer, servePoint } from "../../mod.ts";
import { usage } from "./usage.ts";

/** What the program is told. */
export interface PublishingPointArgument {
  readonly dvrSeconds: number;
}

/** What has come in. */
export interface Taken {
  /** New ones, of all streams. */
  readonly fragments: number;
  /** Those that were not new, and holes. */
  readonly wrong: number;
  readonly cpuSeconds: number | undefined;
  readonly residentBytes: number | undefined;
}

const { dvrSeconds } = JSON.parse(process.argv[2]!) as PublishingPointArgument;

function taken(server: PointServer): Taken {
  const streams = server.report().flatMap((point) => point.streams);
  const tracks = streams.flatMap((stream) => stream.tracks);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const { cpuSeconds, residentBytes } = usage() ?? {};
  return {
    fragments: sum(tracks.map(({ fragments }) => fragments)),
    wrong: sum(tracks.map(({ duplicates, late, gaps }) => duplicates + late + gaps)),
    cpuSeconds,
    residentBytes,
  };
}

/** Answers in front of the server. */
class Counter implements PointExtension {
  #server: PointServer | undefined;

  start(server: PointServer): void {
    this.#server = server;
  }

  answer(_request: Request, { pathname }: URL): Response | undefined {
    return pathname === "/taken" ? Response.json(taken(this.#server!)) : undefined;
  }
}

const server = createPointServer({ autoCreate: true, dvrSeconds, extensions: [new Counter()] });
const { url } = await servePoint(server.fetch);
process.stdout.write(`${url}\n`);
