import type {
  ClientInspection,
  DocumentFacts,
  FragmentInspection,
  HeaderInspection,
  Inspection,
  LiveManifestInspection,
  MediaInspection,
  RequestInspection,
  ServerInspection,
  SpanFacts,
  StreamInspection,
  TrackInspection,
} from "../inspect/inspection.ts";
import type { QualityLevel } from "../manifest/client_manifest.ts";
import type { LiveTrack } from "../manifest/live_track.ts";
import type { StreamReference } from "../manifest/stream_manifest.ts";
import type { TableColumn } from "./text_table.ts";
import { countWords } from "../count_words.ts";
import { fileName } from "../source/location.ts";
import { fromTicks, toSeconds } from "../time.ts";
import { printable } from "../mp4/box.ts";
import { formatTable, plainText, wrapText } from "./text_table.ts";
import { showBytes } from "./units.ts";

/** How many fragments of a track a report shows in front of the last one. */
export const SHOWN_FRAGMENTS = 3;

const SHOWN_REQUESTS = 4;
const SHOWN_METAS = 20;

type Lines = readonly string[];

/** Writes the lines of a report, none longer than `width` characters. */
class Report {
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  text(text: string, lead = ""): Lines {
    return wrapText(text, { width: this.#width, lead });
  }

  table(
    columns: readonly TableColumn[],
    rows: readonly (readonly (string | undefined)[])[],
  ): Lines {
    if (rows.length === 0) return [];
    return formatTable(columns, rows, { width: this.#width, indent: 2, dropEmpty: true });
  }
}

const left = (title: string): TableColumn => ({ title });
const right = (title: string): TableColumn => ({ title, align: "right" });
const shrinking = (title: string): TableColumn => ({ title, canShrink: true });

/** Milliseconds are enough to see what is aligned; ticks where the timescale is not known. */
function time(ticks: bigint, timescale: number | undefined): string {
  return timescale === undefined ? `${ticks}` : toSeconds(fromTicks(ticks, timescale)).toFixed(3);
}

function seconds(ticks: bigint, timescale: number | undefined): string {
  return `${time(ticks, timescale)} ${timescale === undefined ? "ticks" : "s"}`;
}

function documentText({ encoding, hasByteOrderMark, size }: DocumentFacts): string {
  return `${encoding}${hasByteOrderMark ? " with byte order mark" : ""}, ${showBytes(size)}`;
}

interface FormatFacts {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly samplingRate?: number | undefined;
  readonly channels?: number | undefined;
}

function formatText({ width, height, samplingRate, channels }: FormatFacts): string {
  if (width && height) return `${width}x${height}`;
  if (!samplingRate && !channels) return "";
  return `${samplingRate || "?"} Hz, ${channels || "?"} ch`;
}

/** The lines of a report on an inspection, with what is odd but without its errors. */
export function formatInspection(inspection: Inspection, width: number): string[] {
  const report = new Report(width);
  const { server, client, live, streams, point, files } = inspection;
  const sections: Lines[] = [
    report.text(headline(inspection)),
    ...(server ? [serverSection(report, server)] : []),
    ...(client ? clientSections(report, client) : []),
    ...(live ? [liveSection(report, live, documentText(live.document))] : []),
    ...(streams ? [streamSection(report, streams)] : []),
    ...(point ? [metaSection(report, pointMetas(inspection))] : []),
    ...files.flatMap((file) => fileSections(report, file)),
    odditySection(report, inspection),
  ];
  return sections.filter((lines) => lines.length > 0)
    .flatMap((lines, n) => n === 0 ? lines : ["", ...lines]);
}

const KINDS: Readonly<Record<Inspection["kind"], string>> = {
  "presentation": "an on-demand presentation",
  "client-manifest": "a client manifest",
  "live-manifest": "a Live Server Manifest",
  "stream-manifest": "a Stream Manifest",
  "publishing-point": "a publishing point file",
  "media": "a media file",
};

function headline({ input, kind, server, files, point }: Inspection): string {
  const [file] = files;
  let what = KINDS[kind];
  if (server) what += ` of ${countWords(server.tracks.length, "track")}`;
  if (server) {
    what += ` in ${countWords(new Set(server.tracks.map(({ src }) => src)).size, "file")}`;
  }
  if (point) what += `, ${documentText(point.document)}`;
  if (kind === "media" && file) what = mediaKind(file);
  return `${input}: ${what}`;
}

function mediaKind({ headers, requestCount, requests, tracks }: MediaInspection): string {
  const isLive = headers.some(({ liveManifest }) => liveManifest);
  const fragments = tracks.reduce((sum, { summary }) => sum + (summary?.count ?? 0), 0);
  const isBody = isLive || requestCount > 1 || requests.some(({ endOfStream }) => endOfStream);
  const what = requestCount > 1
    ? `the joined bodies of ${requestCount} requests`
    : isBody
    ? "the body of a live stream"
    : headers.length === 0
    ? "boxes without a header"
    : fragments === 0
    ? "a media file without fragments"
    : "a media file";
  const count = fragments > 0 ? `, ${countWords(fragments, "fragment")}` : "";
  return `${what}, ${countWords(tracks.length, "track")}${count}`;
}

function serverSection(report: Report, server: ServerInspection): Lines {
  const { document, metas, tracks } = server;
  return [
    ...report.text(`Server manifest: ${documentText(document)}`),
    ...metaLines(report, metas),
    ...report.table(
      [
        ...[left("track"), left("name"), right("bit/s"), left("language"), shrinking("file")],
        ...[right("id"), right("timescale"), left("parent"), shrinking("params")],
      ],
      tracks.map((track) => [
        track.kind,
        track.trackName,
        `${track.systemBitrate}`,
        track.systemLanguage,
        track.src,
        `${track.trackId}`,
        track.timescale === undefined ? "" : `${track.timescale}`,
        track.parentTrackName,
        track.params.map(({ name, value }) => `${name}=${value}`).join(" "),
      ]),
    ),
  ];
}

interface Meta {
  readonly name: string;
  readonly content: string;
}

function metaLines(report: Report, metas: readonly Meta[]): Lines {
  return metas.slice(0, SHOWN_METAS).flatMap(({ name, content }) =>
    report.text(content, `  ${plainText(name).slice(0, 40)}: `)
  );
}

function metaSection(report: Report, metas: readonly Meta[]): Lines {
  const rows = metas.map(({ name, content }) => [name, content]);
  return report.table([left("setting"), shrinking("value")], rows);
}

function pointMetas({ point }: Inspection): Meta[] {
  const { document: _, metas, ...own } = point!;
  const entries = Object.entries(own).map(([name, value]) => ({ name, content: String(value) }));
  return [...entries, ...metas];
}

function clientSections(report: Report, client: ClientInspection): Lines[] {
  const { majorVersion, minorVersion, timescale, duration, isLive, streams } = client;
  const facts = [
    documentText(client.document),
    `version ${majorVersion}.${minorVersion}`,
    `${timescale} ticks per second`,
    duration > 0n ? `lasts ${seconds(duration, timescale)}` : "of unknown length",
    ...(isLive ? ["live"] : []),
    ...(client.protection ? [`protected (${systems(client)})`] : []),
  ];
  return [
    [
      ...report.text(`Client manifest ${fileName(client.location)}: ${facts.join(", ")}`),
      ...streamTable(report, client),
    ],
    levelTable(report, streams),
  ];
}

function systems({ protection }: ClientInspection): string {
  return protection!.map(({ systemId }) => systemId).join(", ");
}

function streamTable(report: Report, { streams, timescale }: ClientInspection): Lines {
  return report.table(
    [
      ...[left("stream"), left("type"), left("language"), left("parent"), right("timescale")],
      ...[right("levels"), right("fragments"), ...SPAN_COLUMNS],
    ],
    streams.map((stream) => [
      stream.name,
      `${stream.type}${stream.subtype ? ` ${stream.subtype}` : ""}`,
      stream.language,
      stream.parentStreamIndex,
      stream.timescale === timescale ? "" : `${stream.timescale}`,
      `${stream.levels.length}`,
      `${stream.span?.count ?? 0}`,
      ...spanCells(stream.span, stream.timescale),
    ]),
  );
}

const SPAN_COLUMNS: readonly TableColumn[] = [
  ...[right("start"), right("end"), right("lasts min/avg/max")],
];

function spanCells(span: SpanFacts | undefined, timescale: number | undefined): string[] {
  if (!span) return ["", "", ""];
  const { start, end, minDuration, averageDuration, maxDuration } = span;
  const durations = [minDuration, averageDuration, maxDuration].map((it) => time(it, timescale));
  return [time(start, timescale), time(end, timescale), spread(durations)];
}

/** Least, average and most, or one value where they are the same. */
function spread(values: readonly string[]): string {
  return values.every((value) => value === values[0]) ? values[0]! : values.join("/");
}

/** Sizes side by side, with the unit once where it is the same. */
function sizeSpread(sizes: readonly number[]): string {
  const shown = sizes.map((size) => showBytes(size).split(" "));
  const unit = shown[0]![1]!;
  return shown.every((each) => each[1] === unit)
    ? `${spread(shown.map(([value]) => value!))} ${unit}`
    : shown.map((each) => each.join(" ")).join("/");
}

function levelTable(report: Report, streams: readonly StreamInspection[]): Lines {
  const size = ({ maxWidth, maxHeight, ...rest }: QualityLevel) =>
    formatText({ width: maxWidth, height: maxHeight, ...rest });
  return report.table(
    [left("level of"), right("bit/s"), left("FourCC"), left("format"), shrinking("private data")],
    streams.flatMap(({ name, levels }) =>
      levels.map((level) => [
        name,
        `${level.bitrate}`,
        level.fourCC,
        size(level),
        level.codecPrivateData,
      ])
    ),
  );
}

function liveSection(
  report: Report,
  { creator, tracks }: { readonly creator?: string; readonly tracks: readonly LiveTrack[] },
  facts: string,
): Lines {
  const by = creator === undefined ? "" : `, made by ${creator}`;
  const size = ({ maxWidth, maxHeight, samplingRate, channels }: LiveTrack) =>
    formatText({ width: maxWidth, height: maxHeight, samplingRate, channels });
  return [
    ...report.text(`Live Server Manifest: ${facts}${by}`),
    ...report.table(
      [
        ...[left("track"), left("name"), right("bit/s"), right("id"), left("language")],
        ...[right("timescale"), left("parent"), left("FourCC"), left("format")],
        shrinking("private data"),
      ],
      tracks.map((track) => [
        track.kind,
        track.trackName,
        `${track.systemBitrate}`,
        `${track.trackId}`,
        track.systemLanguage,
        `${track.timescale}`,
        track.parentTrackName,
        track.fourCC,
        size(track),
        track.codecPrivateData,
      ]),
    ),
  ];
}

function streamSection(report: Report, streams: readonly StreamReference[]): Lines {
  const names = streams.map(({ id, eventId }) => eventId === undefined ? id : `${eventId}: ${id}`);
  return report.text(`Stream Manifest: waits for ${names.join(", ")}`);
}

function fileSections(report: Report, file: MediaInspection): Lines[] {
  const { headers, tracks } = file;
  const brands = headers.flatMap(({ ftyp }) => ftyp ? brandText(ftyp) : []);
  const name = [fileName(file.location), showBytes(file.size), ...new Set(brands)].join(", ");
  return [
    [
      ...report.text(`${name}`),
      ...report.text(boxText(file), "  boxes: "),
      ...indexLines(report, file),
      ...endLines(report, file),
    ],
    ...headers.flatMap((header) => headerSections(report, header)),
    requestTable(report, file),
    trackTable(report, tracks),
    summaryTable(report, tracks),
    fragmentTable(report, tracks),
    tracks.flatMap((track) => dateLines(report, track)),
  ];
}

function brandText({ majorBrand, minorVersion, compatibleBrands }: {
  readonly majorBrand: string;
  readonly minorVersion: number;
  readonly compatibleBrands: readonly string[];
}): string {
  return `brand ${printable(majorBrand)} ${minorVersion} (${
    compatibleBrands.map(printable).join(", ")
  })`;
}

function boxText({ boxes }: MediaInspection): string {
  return boxes.map(({ type, userType, name, count, bytes }) => {
    const shown = name ?? (userType ? `uuid ${userType}` : printable(type));
    return `${count > 1 ? `${count} ` : ""}${shown} ${showBytes(bytes)}`;
  }).join(", ");
}

function indexLines(report: Report, { index }: MediaInspection): Lines {
  if (!index) return [];
  const entries = index.tracks.map(({ trackId, entries }) =>
    `${countWords(entries, "entry", "entries")} for track ${trackId}`
  );
  return report.text(entries.join(", "), "  index: ");
}

function headerSections(report: Report, header: HeaderInspection): Lines[] {
  const { liveManifest, streamManifest } = header;
  return [
    ...(liveManifest ? [liveSection(report, liveManifest, liveFacts(liveManifest))] : []),
    ...(streamManifest ? [streamSection(report, streamManifest.streams)] : []),
  ];
}

function liveFacts({ document, version, offset }: LiveManifestInspection): string {
  return `${documentText(document)}, box version ${version} at byte ${offset}`;
}

function endLines(report: Report, { requests, requestCount }: MediaInspection): Lines {
  const end = requests[0]?.endOfStream;
  if (requestCount > 1 || !end) return [];
  const box = end.by === "mfra" ? "empty mfra box" : 'styp box with the brand "lmsg"';
  return report.text(`${box} at byte ${end.offset}`, "  end of stream: ");
}

/** One row for each request, where there are several. */
function requestTable(report: Report, { requests, requestCount }: MediaInspection): Lines {
  if (requestCount === 1) return [];
  const row = (request: RequestInspection): string[] => [
    `${request.index}`,
    `${request.offset}`,
    request.header === undefined ? "none" : `${request.header}`,
    `${request.fragments}`,
    request.endOfStream ? `at byte ${request.endOfStream.offset}` : "none",
  ];
  const rows = requests.slice(0, SHOWN_REQUESTS).map(row);
  const last = requests.at(-1)!;
  if (last.index > SHOWN_REQUESTS) rows.push(["…"]);
  if (last.index >= SHOWN_REQUESTS) rows.push(row(last));
  return report.table(
    [
      ...[right("request"), right("at byte"), right("header"), right("fragments")],
      left("end of stream"),
    ],
    rows,
  );
}

function trackTable(report: Report, tracks: readonly TrackInspection[]): Lines {
  const known = tracks.filter(({ handler, timescale }) => handler ?? timescale);
  return report.table(
    [
      ...[right("track"), left("handler"), left("FourCC"), left("entry"), left("format")],
      ...[left("language"), right("timescale"), left("defaults"), left("encrypted")],
      shrinking("private data"),
    ],
    known.map(({ trackId, handler, language, codec, timescale, defaults }) => [
      `${trackId}`,
      handler === undefined ? "" : printable(handler),
      codec?.fourCC,
      codec && printable(codec.sampleEntry),
      codec && formatText(codec),
      language,
      timescale === undefined ? "" : `${timescale}`,
      defaultsText(defaults),
      codec?.isProtected ? "yes" : "",
      codec?.codecPrivateData,
    ]),
  );
}

function defaultsText(defaults: TrackInspection["defaults"]): string {
  const { duration = 0, size = 0 } = defaults ?? {};
  return [duration > 0 ? `${duration} ticks` : "", size > 0 ? `${size} B` : ""]
    .filter((text) => text !== "").join(", ");
}

function summaryTable(report: Report, tracks: readonly TrackInspection[]): Lines {
  const found = tracks.filter(({ summary }) => summary);
  return report.table(
    [
      ...[right("track"), right("fragments"), ...SPAN_COLUMNS],
      ...[right("payload min/avg/max"), right("kbit/s")],
    ],
    found.map(({ trackId, timescale, summary }) => [
      `${trackId}`,
      `${summary!.count}`,
      ...spanCells(summary, timescale),
      sizeSpread([summary!.minBytes, summary!.averageBytes, summary!.maxBytes]),
      summary!.bitrate === undefined ? "" : kilobits(summary!.bitrate),
    ]),
  );
}

function kilobits(bitrate: number): string {
  return (bitrate / 1000).toFixed(bitrate < 10_000 ? 1 : 0);
}

function fragmentTable(report: Report, tracks: readonly TrackInspection[]): Lines {
  return report.table(
    [
      ...[right("track"), right("index"), right("start"), left("from"), right("duration")],
      ...[right("samples"), right("sequence"), right("moof at"), right("moof"), right("mdat")],
      right("tfrf"),
    ],
    tracks.flatMap(fragmentRows),
  );
}

function fragmentRows({ trackId, timescale, fragments, last, summary }: TrackInspection) {
  const shown = fragments.slice(0, SHOWN_FRAGMENTS);
  const end = last ?? fragments.at(-1);
  const row = (fragment: FragmentInspection): (string | undefined)[] => [
    `${trackId}`,
    `${fragment.index}`,
    time(fragment.start, timescale),
    // A fragment that has a tfxd has its start from there.
    fragment.tfxd ? `tfxd v${fragment.tfxd.version}` : fragment.startFrom,
    time(fragment.duration, timescale),
    `${fragment.samples}`,
    `${fragment.sequence}`,
    `${fragment.moofOffset}`,
    `${fragment.moofSize}`,
    `${fragment.mdatSize ?? ""}`,
    fragment.tfrf && `${fragment.tfrf.length}`,
  ];
  const rows = shown.map(row);
  if (!end || end.index < shown.length) return rows;
  if (summary!.count > shown.length + 1) rows.push([`${trackId}`, "…"]);
  return [...rows, row(end)];
}

const FIRST_LIKELY_SECOND = 946_684_800; // 2000
const LAST_LIKELY_SECOND = 4_102_444_800; // 2100

/** Live streams count from 1970: a date tells more than ten digits. */
function dateLines(report: Report, { trackId, timescale, summary }: TrackInspection): Lines {
  if (!summary || timescale === undefined) return [];
  const start = toSeconds(fromTicks(summary.start, timescale));
  if (start < FIRST_LIKELY_SECOND || start > LAST_LIKELY_SECOND) return [];
  const date = new Date(Math.round(start * 1000)).toISOString();
  return report.text(`Counted from 1970, track ${trackId} starts at ${date}`, "  ");
}

function odditySection(report: Report, { oddities, errors }: Inspection): Lines {
  if (oddities.length === 0) return errors.length === 0 ? ["Nothing odd was found."] : [];
  return [
    "Oddities:",
    ...oddities.flatMap(({ file, offset, text, count }) => {
      const place = offset === undefined ? fileName(file) : `${fileName(file)}, byte ${offset}`;
      const more = count > 1 ? ` (and ${count - 1} more like this)` : "";
      return report.text(`${place}: ${text}${more}`, "  - ");
    }),
  ];
}
