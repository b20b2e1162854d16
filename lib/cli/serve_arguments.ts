import type { PointLimits } from "../point/limits.ts";
import type { CommandLine, GivenOption } from "./given_arguments.ts";
import { toPath } from "./inputs.ts";
import {
  readNumber,
  readPort,
  readPositiveSeconds,
  readSeconds,
  readSize,
} from "./option_values.ts";
import { readCommonCredentials } from "./login_arguments.ts";
import { wrongPositionals } from "./positionals.ts";
import { type OutputArguments, readLast, readOutputArguments } from "./shared_arguments.ts";
import { type CertificateArguments, readCertificate } from "./tls_arguments.ts";
import { UsageError } from "./usage_error.ts";

/** Run publishing points. */
export interface ServeArguments extends OutputArguments {
  readonly command: "serve";
  /** 0 for any free one. */
  readonly port: number;
  readonly host: string;
  /** Make a point of every URL that is pushed to. */
  readonly autoCreate: boolean;
  /** Seconds that players can go back, 0 for all. */
  readonly dvr?: number;
  /** Who may push and manage; everyone if there is none. */
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Paths of the certificate and its key. */
  readonly tls?: CertificateArguments;
  /** Folder for archives of what comes in. */
  readonly archive?: string;
  /** Folder for the bodies as they come. */
  readonly record?: string;
  readonly limits: Partial<PointLimits>;
  /** Most connections at a time. */
  readonly maxConnections?: number;
}

const DEFAULT_PORT = 8080;
const DEFAULT_HOST = "127.0.0.1";

/** Reads the options of `serve`. @throws {UsageError} If one is wrong. */
export function readServe(given: CommandLine): ServeArguments {
  const { options, positionals, context } = given;
  const readFolder = ({ value }: GivenOption) => toPath(value!, context);
  if (positionals.length > 0) throw wrongPositionals(given, "serve takes none");
  const milliseconds = readLast(options, "dvr", readSeconds);
  return {
    command: "serve",
    port: readLast(options, "port", readPort) ?? DEFAULT_PORT,
    host: options.last("host")?.value ?? DEFAULT_HOST,
    autoCreate: options.has("auto-create"),
    dvr: milliseconds === undefined ? undefined : milliseconds / 1000,
    credentials: readCredentials(given),
    tls: readCertificate(given),
    archive: readLast(options, "archive", readFolder),
    record: readLast(options, "record", readFolder),
    limits: {
      points: readLast(options, "max-points", readNumber),
      streams: readLast(options, "max-streams", readNumber),
      tracks: readLast(options, "max-tracks", readNumber),
      fragmentBytes: readLast(options, "max-fragment-size", readSize),
      headerBytes: readLast(options, "max-header-size", readSize),
      manifestBytes: readLast(options, "max-manifest-size", readSize),
      memoryBytes: readLast(options, "max-memory", readSize),
      idleMs: readLast(options, "idle-timeout", (it) => Math.round(readPositiveSeconds(it))),
    },
    maxConnections: readLast(options, "max-connections", readNumber),
    ...readOutputArguments(options),
  };
}

function readCredentials(given: CommandLine): ServeArguments["credentials"] {
  const { user, password } = readCommonCredentials(given);
  if (user === undefined && password === undefined) return undefined;
  if (user !== undefined && password !== undefined) return { user, password };
  const [there, missing] = user === undefined ? ["password", "user"] : ["user", "password"];
  throw new UsageError(
    `Cannot use the ${there} as the ${missing} is missing: ` +
      `write --${missing}, or set PUSHENCODER_${missing!.toUpperCase()}`,
  );
}
