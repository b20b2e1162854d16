import type { XmlContent, XmlElement } from "../manifest/xml.ts";
import type { PointHost } from "./exchange.ts";
import type { PointSettings, PointStateName } from "./point_settings.ts";
import type { PointState } from "./point_state.ts";
import { ManifestSyntaxError } from "../errors.ts";
import { decodeXml, findElements, formatXml, parseXml } from "../manifest/xml.ts";
import { isSafePath, parseIngestTarget } from "./ingest/ingest_target.ts";
import { MAX_LOOKAHEAD } from "./point_settings.ts";
import { BodyCutError, BodyLostError, RequestBody } from "./ingest/request_body.ts";
import { type PointStatistics, statisticsOf } from "./statistics.ts";

const ATOM = "http://www.w3.org/2005/Atom";
const MANAGEMENT = "http://schemas.microsoft.com/iis/media/2011/03/streaming/management";

/** Where points are listed and made (IIS Media Services Management REST Services). */
const COLLECTION = /^\/services\/smoothstreaming\/publishingpoints\.isml\/settings\/?$/i;
const RESOURCE = /^(.+\.isml)\/(state|settings|statistics)\/?$/i;

/** Error codes of the REST services that are known. */
const ERROR_CODES: Readonly<Record<number, string>> = {
  404: "0x8088002E",
  405: "0x80880020",
  415: "0x80880021",
};

/** Statuses for what goes beyond a limit: time, size, number. */
const LIMITS: ReadonlySet<number> = new Set([403, 408, 413]);

/** A call that cannot be done. */
class CallError extends Error {
  override readonly name = "CallError";
  readonly status: number;
  readonly allow: string | undefined;

  constructor(status: number, message: string, allow?: string) {
    super(message);
    this.status = status;
    this.allow = allow;
  }
}

/** What a call is answered with, in both forms. */
interface Result {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the entry or the entries of a feed hold. */
  readonly entries: readonly Entry[];
  readonly isFeed?: boolean;
}

interface Entry {
  readonly title: string;
  readonly xml: readonly XmlContent[];
  readonly json: unknown;
}

/**
 * Answers REST calls: `state`, `settings` and `statistics` of a point, and the list of points, as Atom or, where `Accept`
 * asks for it, as JSON.
 *
 * @param check Looks at the credentials: every call needs them.
 * @returns Nothing if the URL is none of theirs.
 */
export async function manage(
  host: PointHost,
  request: Request,
  url: URL,
  check: () => Promise<Response | undefined>,
): Promise<Response | undefined> {
  const path = decodedPath(url);
  const isCollection = COLLECTION.test(path);
  const [, point, noun] = RESOURCE.exec(path) ?? [];
  if (!isCollection && (point === undefined || !isSafePath(point))) return undefined;
  const denied = await check();
  if (denied) return denied;
  const isJson = /\bapplication\/json\b/i.test(request.headers.get("accept") ?? "");
  const body = new RequestBody(request, { clock: host.clock, idleMs: host.limits.idleMs });
  try {
    const call = { host, request, body };
    const result = isCollection
      ? await answerCollection(call)
      : await answerResource(call, point!, noun!.toLowerCase());
    return format(result, isJson, request.method === "HEAD");
  } catch (error) {
    const known = asCallError(error);
    if (!known) throw error;
    const { status, message } = known;
    if (LIMITS.has(status)) {
      const subject = isCollection ? "" : point!;
      host.tell({ point: subject, stream: "", event: "refused", status, message });
    }
    return formatError(known, isJson);
  } finally {
    body.drop();
  }
}

function decodedPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return "";
  }
}

function asCallError(error: unknown): CallError | undefined {
  if (error instanceof CallError) return error;
  if (error instanceof BodyCutError) return new CallError(error.status, error.message);
  if (error instanceof BodyLostError) return new CallError(400, "the body broke off");
  return error instanceof ManifestSyntaxError ? new CallError(400, error.message) : undefined;
}

interface Call {
  readonly host: PointHost;
  readonly request: Request;
  readonly body: RequestBody;
}

async function answerCollection(call: Call): Promise<Result> {
  const { host, request: { method, headers } } = call;
  if (method === "GET" || method === "HEAD") {
    return { isFeed: true, entries: host.points.map((point) => settingsEntry(host, point)) };
  }
  if (method !== "POST") throw notAllowed(method, "GET, HEAD, POST");
  const slug = headers.get("slug") ?? "";
  const url = URL.canParse(slug, "http://server") ? new URL(slug, "http://server") : undefined;
  const target = url && parseIngestTarget(url);
  if (!target || target.streamId !== undefined || target.eventId !== undefined) {
    throw new CallError(400, "the header Slug must have the path of a publishing point");
  }
  checkFree(host, target.point);
  const settings = await readSettings(call, host.defaults);
  // Another one may have come to be while the body came.
  checkFree(host, target.point);
  const state = host.add(target.point, settings);
  const location = `${encodeURI(target.point)}/settings`;
  return { status: 201, headers: { location }, entries: [settingsEntry(host, state)] };
}

/** @throws {CallError} If there cannot be a point with this path. */
function checkFree(host: PointHost, point: string): void {
  if (host.find(point)) throw new CallError(400, `there is ${point} already`);
  if (host.isFull) {
    throw new CallError(403, `there may be at most ${host.limits.points} publishing points`);
  }
}

async function answerResource(call: Call, point: string, noun: string): Promise<Result> {
  const { host, request: { method } } = call;
  const state = host.find(point);
  if (!state) throw new CallError(404, `there is no publishing point ${point}`);
  const isRead = method === "GET" || method === "HEAD";
  if (noun === "statistics") {
    if (!isRead) throw notAllowed(method, "GET, HEAD");
    const { broadcast } = state;
    if (!broadcast) throw new CallError(400, "an idle publishing point has no statistics");
    const { hooks: { extensions }, clock } = host;
    const nowMs = clock.now();
    return {
      entries: [
        statisticsEntry(state, statisticsOf({ point: state.point, broadcast, extensions, nowMs })),
      ],
    };
  }
  if (noun === "state") {
    if (!isRead && method !== "PUT") throw notAllowed(method, "GET, HEAD, PUT");
    if (method === "PUT") setState(state, await readState(call));
    return { entries: [stateEntry(state)] };
  }
  if (method === "DELETE") {
    const entries = [settingsEntry(host, state)];
    host.delete(state);
    return { entries };
  }
  if (!isRead && method !== "PUT") throw notAllowed(method, "GET, HEAD, PUT, DELETE");
  if (method === "PUT") {
    checkIdle(state);
    const settings = await readSettings(call, state.settings);
    checkIdle(state);
    state.settings = settings;
  }
  return { entries: [settingsEntry(host, state)] };
}

/** It may have started while the body came. */
function checkIdle({ state }: PointState): void {
  if (state !== "Idle") throw new CallError(400, "settings change only while it is idle");
}

function notAllowed(method: string, allow: string): CallError {
  return new CallError(405, `${method} is not allowed here`, allow);
}

/** The body of a call, in whichever of the two forms. */
async function readBody({ host, request, body }: Call): Promise<XmlElement | object> {
  const type = request.headers.get("content-type") ?? "";
  const isJson = /^application\/json\b/i.test(type);
  if (!isJson && !/^(?:application\/atom\+xml|application\/xml|text\/xml)\b/i.test(type)) {
    throw new CallError(415, "the content type must be application/atom+xml or application/json");
  }
  const { manifestBytes } = host.limits;
  const bytes = await body.readWhole(manifestBytes);
  if (!bytes) throw new CallError(413, `the body must have at most ${manifestBytes} bytes`);
  if (!isJson) return parseXml(decodeXml(bytes));
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, as for any other value that is no object.
  }
  throw new CallError(400, "the body must be a JSON object");
}

function isElement(body: XmlElement | object): body is XmlElement {
  return "attributes" in body && body.attributes instanceof Map;
}

/** Reads one value of a body by its name in either form; nothing if it is not there. */
function valueOf(body: XmlElement | object, name: string): string | undefined {
  if (isElement(body)) {
    // An entry has a title of its own.
    const [content = body] = findElements([body], ["SmoothStreaming"]);
    return findElements([content], [name])[0]?.text.trim() || undefined;
  }
  const key = name[0]!.toLowerCase() + name.slice(1);
  const value = (body as Readonly<Record<string, unknown>>)[key];
  return value === undefined || value === null ? undefined : String(value);
}

async function readState(call: Call): Promise<PointStateName> {
  const body = await readBody(call);
  const value = isElement(body) ? valueOf(body, "Value") : valueOf(body, "State");
  const found = (["Idle", "Started", "Stopped"] as const)
    .find((name) => name.toLowerCase() === value?.toLowerCase());
  if (found) return found;
  throw new CallError(400, "the state must be Idle, Started or Stopped");
}

function setState(point: PointState, wanted: PointStateName): void {
  const { state } = point;
  if (wanted === "Idle") point.shutDown();
  else if (wanted === "Started") {
    if (state === "Idle" || state === "Stopped") point.start();
  } else if (state === "Idle") throw new CallError(400, "an idle publishing point cannot stop");
  else point.stop();
}

async function readSettings(call: Call, old: PointSettings): Promise<PointSettings> {
  const body = await readBody(call);
  const flag = (name: string, before: boolean) => {
    const value = valueOf(body, name)?.toLowerCase();
    if (value === undefined) return before;
    if (!["true", "false", "1", "0"].includes(value)) throw wrongValue(name, "true or false");
    return value === "true" || value === "1";
  };
  const source = valueOf(body, "SourceType");
  if (source !== undefined && source.toLowerCase() !== "push") {
    throw wrongValue("SourceType", "Push");
  }
  const version = valueOf(body, "ClientManifestVersion") ?? old.clientManifestVersion;
  if (version !== "2.0" && version !== "2.2") {
    throw wrongValue("ClientManifestVersion", "2.0 or 2.2");
  }
  const chunks = Number(valueOf(body, "LookAheadChunks") ?? old.lookaheadChunks);
  if (!Number.isInteger(chunks) || chunks < 0 || chunks > MAX_LOOKAHEAD) {
    throw wrongValue("LookAheadChunks", `a whole number from 0 to ${MAX_LOOKAHEAD}`);
  }
  const length = valueOf(body, "WindowLength");
  const estimate = valueOf(body, "EstimatedDuration");
  return {
    title: valueOf(body, "Title") ?? old.title,
    startOnFirstRequest: flag("AutoStart", old.startOnFirstRequest),
    restartOnEncoderReconnect: flag("AutoRestartOnEncoderReconnect", old.restartOnEncoderReconnect),
    lookaheadChunks: chunks,
    windowSeconds: length === undefined ? old.windowSeconds : secondsOf("WindowLength", length),
    clientManifestVersion: version,
    estimatedSeconds: estimate === undefined
      ? old.estimatedSeconds
      : secondsOf("EstimatedDuration", estimate),
  };
}

function wrongValue(name: string, accepted: string): CallError {
  return new CallError(400, `${name} must be ${accepted}`);
}

/** A number of seconds, also as an `xs:duration`. */
function secondsOf(name: string, text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!found || text.length < 3) throw wrongValue(name, "seconds, or a duration");
  const [days, hours, minutes, seconds] = found.slice(1).map((digits) => Number(digits ?? 0));
  return ((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!;
}

const leaf = (name: string, value: unknown): XmlContent => ({ name, text: String(value) });

const EVENT_ON_PATH = [["useEventIdOnPath", "true"]] as const;

/** An element for what is known; none otherwise. */
const known = (name: string, value: unknown): XmlContent[] =>
  value === undefined ? [] : [leaf(name, value)];

function stateEntry({ point, state }: PointState): Entry {
  const xml: XmlContent[] = [{ name: "State", children: [leaf("Value", state)] }];
  return { title: point, xml, json: { point, state } };
}

/** What there is no choice about is told as it is: one archive for each broadcast, fragments for clients alone. */
function settingsEntry({ hooks }: PointHost, { point, settings }: PointState): Entry {
  const { title, startOnFirstRequest, restartOnEncoderReconnect, estimatedSeconds } = settings;
  const { lookaheadChunks, windowSeconds, clientManifestVersion } = settings;
  const archivePath = hooks.extensions.map((it) => it.archivePath).find((path) => path);
  const isArchived = archivePath !== undefined;
  const xml: XmlContent[] = [{
    name: "Settings",
    children: [
      leaf("Title", title),
      leaf("SourceType", "Push"),
      leaf("EstimatedDuration", `PT${estimatedSeconds}S`),
      leaf("AutoStart", startOnFirstRequest),
      leaf("AutoRestartOnEncoderReconnect", restartOnEncoderReconnect),
      leaf("LookAheadChunks", lookaheadChunks),
      {
        name: "Archive",
        attributes: [["enabled", String(isArchived)]],
        children: isArchived
          ? [leaf("SegmentLength", 0), { ...leaf("Path", archivePath), attributes: EVENT_ON_PATH }]
          : [],
      },
      {
        name: "ClientConnections",
        attributes: [["enabled", "true"]],
        children: [
          leaf("WindowLength", `PT${windowSeconds}S`),
          leaf("ClientManifestVersion", clientManifestVersion),
        ],
      },
      { name: "ServerConnections", attributes: [["enabled", "false"]], children: [] },
    ],
  }];
  const json = {
    point,
    title,
    sourceType: "Push",
    estimatedDuration: estimatedSeconds,
    autoStart: startOnFirstRequest,
    autoRestartOnEncoderReconnect: restartOnEncoderReconnect,
    lookAheadChunks: lookaheadChunks,
    windowLength: windowSeconds,
    clientManifestVersion,
    archive: isArchived
      ? { enabled: true, segmentLength: 0, path: archivePath, useEventIdOnPath: true }
      : { enabled: false },
    serverConnections: { enabled: false },
  };
  return { title: point, xml, json };
}

function statisticsEntry({ point, state }: PointState, statistics: PointStatistics): Entry {
  const streams = statistics.streams.map((stream): XmlContent => ({
    name: "InputStream",
    attributes: [["name", stream.id]],
    children: [
      leaf("State", stream.state),
      ...known("ArchiveFileName", stream.archiveFileName),
      ...known("Source", stream.source),
      ...stream.tracks.map((track): XmlContent => ({
        name: "Track",
        attributes: [["id", String(track.id)], ["name", track.name]],
        children: [
          leaf("EncodedBitRate", track.encodedBitRate),
          leaf("IncomingBitRate", track.incomingBitRate),
          leaf("IncomingFragmentTimeStamp", track.incomingFragmentTimeStamp),
          leaf("IncomingFragmentDuration", track.incomingFragmentDuration),
          leaf("IncomingFragmentWaitTime", track.incomingFragmentWaitTime),
        ],
      })),
    ],
  }));
  const xml = [{ name: "Statistics", children: [leaf("State", state), ...streams] }];
  return { title: point, xml, json: { point, state, ...statistics } };
}

function entryContent({ title, xml }: Entry, hasNamespace: boolean): XmlContent {
  return {
    name: "entry",
    attributes: hasNamespace ? [["xmlns", ATOM]] : [],
    children: [
      leaf("id", title),
      leaf("title", title),
      leaf("updated", new Date().toISOString()),
      {
        name: "content",
        attributes: [["type", "application/xml"]],
        children: [{ name: "SmoothStreaming", attributes: [["xmlns", MANAGEMENT]], children: xml }],
      },
    ],
  };
}

function format(
  { status = 200, headers = {}, entries, isFeed = false }: Result,
  isJson: boolean,
  isHead: boolean,
): Response {
  const text = isJson
    ? JSON.stringify(isFeed ? entries.map(({ json }) => json) : entries[0]?.json)
    : formatXml(isFeed ? feed(entries) : entryContent(entries[0]!, true));
  const type = isJson ? "application/json" : "application/atom+xml; charset=utf-8";
  const all = { ...headers, "content-type": type, "cache-control": "no-store" };
  return new Response(isHead ? null : `${text}\n`, { status, headers: all });
}

function feed(entries: readonly Entry[]): XmlContent {
  return {
    name: "feed",
    attributes: [["xmlns", ATOM]],
    children: [
      leaf("id", "publishingpoints"),
      leaf("title", "Publishing points"),
      leaf("updated", new Date().toISOString()),
      ...entries.map((entry) => entryContent(entry, false)),
    ],
  };
}

function formatError({ status, message, allow }: CallError, isJson: boolean): Response {
  const code = ERROR_CODES[status];
  const headers = {
    "content-type": isJson ? "application/json" : "application/xml; charset=utf-8",
    "cache-control": "no-store",
    ...(allow === undefined ? {} : { allow }),
  };
  if (isJson) {
    const body = JSON.stringify({ error: { code, message } });
    return new Response(`${body}\n`, { status, headers });
  }
  const children = [
    ...(code === undefined ? [] : [leaf("ErrorCode", code)]),
    leaf("ErrorMessage", message),
  ];
  const error: XmlContent = {
    name: "SmoothStreaming",
    attributes: [["xmlns", MANAGEMENT]],
    children: [{ name: "Error", children }],
  };
  return new Response(`${formatXml(error)}\n`, { status, headers });
}
