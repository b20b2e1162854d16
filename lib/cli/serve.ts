import type { PointExtension } from "../point/extension.ts";
import type { PointEvent } from "../point/point_event.ts";
import type { PointLog } from "./point_log.ts";
import type { ServeArguments } from "./serve_arguments.ts";
import type { Terminal } from "./terminal.ts";
import { mkdir } from "node:fs/promises";
import { aborted } from "../aborted.ts";
import { createAccessControl } from "../point/access_control.ts";
import { createArchive } from "../point/archive/archive.ts";
import { createRecorder } from "../point/archive/record.ts";
import { createConformance } from "../point/conformance/conformance_extension.ts";
import { createPage } from "../point/page/page.ts";
import { createPointServer } from "../point/point_server.ts";
import {
  type PointHandler,
  type ServedPoint,
  servePoint,
  type ServerTls,
} from "../point/serve_point.ts";
import { EXIT, StopReason } from "./exit_code.ts";
import { openPointLog } from "./point_log.ts";
import { quote } from "./quote.ts";
import { readCertificateFiles } from "./secret_files.ts";
import { UsageError } from "./usage_error.ts";

/** What is plugged into the server, in order. A disk that is full does not stop a broadcast. */
function extensionsOf({ archive, record }: ServeArguments, log: PointLog): PointExtension[] {
  const onError = (error: Error) => log.warn(error.message);
  return [
    ...(record === undefined ? [] : [createRecorder({ folder: record, onError })]),
    ...(archive === undefined ? [] : [createArchive({ folder: archive, onError })]),
    createConformance(),
    createPage({ hasConformance: true }),
  ];
}

/** Runs publishing points until the user stops them. Returns the exit code. */
export async function runServe(args: ServeArguments, terminal: Terminal): Promise<number> {
  const { autoCreate, credentials, dvr: dvrSeconds, limits } = args;
  const tls = args.tls && await readCertificateFiles(args.tls, terminal.signal);
  await makeFolder("--archive", args.archive);
  await makeFolder("--record", args.record);
  const log = openPointLog(args, terminal);
  const onError = (error: unknown) => log.onError(error);
  const point = createPointServer({
    autoCreate,
    dvrSeconds,
    limits,
    access: credentials && createAccessControl(credentials),
    extensions: extensionsOf(args, log),
    onEvent: (event) => log.onEvent(event),
    onError,
  });
  let served: ServedPoint;
  try {
    const onEvent = (event: PointEvent) => log.onEvent(event);
    served = await listen(args, { fetch: point.fetch, tls, onEvent, onError });
  } catch (error) {
    await point.close();
    throw error;
  }
  log.start(served.url, credentials !== undefined);
  try {
    await aborted(terminal.stop);
  } finally {
    await point.close();
    await served.close();
    log.close();
  }
  const { reason } = terminal.stop;
  return reason instanceof StopReason ? reason.exitCode : EXIT.ok;
}

/** A folder that cannot be had is told before anything is sent, not with the first fragment. */
async function makeFolder(option: string, folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    throw new UsageError(
      `Cannot use ${option} as the folder cannot be made: current value is ${quote(folder)}, ${
        code ?? message
      }`,
    );
  }
}

interface Listener {
  readonly fetch: PointHandler;
  readonly tls: ServerTls | undefined;
  readonly onEvent: (event: PointEvent) => void;
  readonly onError: (error: unknown) => void;
}

async function listen(
  { port, host: hostname, maxConnections }: ServeArguments,
  { fetch, ...listener }: Listener,
): Promise<ServedPoint> {
  try {
    return await servePoint(fetch, { port, hostname, maxConnections, ...listener });
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    throw new UsageError(
      `Cannot listen on port ${port} of ${hostname} as it must be free: ${
        code?.startsWith("E") ? code : message
      }`,
    );
  }
}
