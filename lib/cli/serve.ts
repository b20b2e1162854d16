import type { PointExtension } from "../point/extension.ts";
import type { ServeArguments } from "./serve_arguments.ts";
import type { Terminal } from "./terminal.ts";
import { createAccessControl } from "../point/access_control.ts";
import { createPointServer } from "../point/point_server.ts";
import { type ServedPoint, servePoint, type ServerTls } from "../point/serve_point.ts";
import { readWhole } from "../source/text_input.ts";
import { EXIT, StopReason } from "./exit_code.ts";
import { openPointLog } from "./point_log.ts";
import { UsageError } from "./usage_error.ts";

/** What is plugged into the server, in order. */
function extensionsOf(_args: ServeArguments): PointExtension[] {
  return [];
}

/** Runs publishing points until the user stops them. Returns the exit code. */
export async function runServe(args: ServeArguments, terminal: Terminal): Promise<number> {
  const { autoCreate, credentials, dvr: dvrSeconds, limits } = args;
  const tls = await readTls(args, terminal);
  const log = openPointLog(args, terminal);
  const onError = (error: unknown) => log.onError(error);
  const point = createPointServer({
    autoCreate,
    dvrSeconds,
    limits,
    access: credentials && createAccessControl(credentials),
    extensions: extensionsOf(args),
    onEvent: (event) => log.onEvent(event),
    onError,
  });
  let served: ServedPoint;
  try {
    served = await listen(args, { fetch: point.fetch, tls, onError });
  } catch (error) {
    await point.close();
    throw error;
  }
  log.start(served.url, credentials !== undefined);
  try {
    await stopped(terminal.stop);
  } finally {
    await point.close();
    await served.close();
    log.close();
  }
  const { reason } = terminal.stop;
  return reason instanceof StopReason ? reason.exitCode : EXIT.ok;
}

async function readTls(
  { tls }: ServeArguments,
  { signal }: Terminal,
): Promise<ServerTls | undefined> {
  if (!tls) return undefined;
  const read = async (path: string) => new TextDecoder().decode(await readWhole(path, { signal }));
  return { cert: await read(tls.cert), key: await read(tls.key) };
}

interface Listener {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly tls: ServerTls | undefined;
  readonly onError: (error: unknown) => void;
}

async function listen(
  { port, host: hostname }: ServeArguments,
  { fetch, tls, onError }: Listener,
): Promise<ServedPoint> {
  try {
    return await servePoint(fetch, { port, hostname, tls, onError });
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    throw new UsageError(
      `Cannot listen on port ${port} of ${hostname} as it must be free and the certificate right: ${
        code ?? message
      }`,
    );
  }
}

function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
