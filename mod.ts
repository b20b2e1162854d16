/**
 * Turns on-demand Smooth Streaming presentations into a live stream and pushes it to a publishing point.
 *
 * `push` is the whole; the stages are its parts, for pipelines of one's own.
 *
 * @module
 */

export type {
  Fragment,
  HeaderTrack,
  PartStep,
  Payload,
  PayloadReading,
  StreamEnd,
  StreamHeader,
  StreamPart,
} from "./lib/part.ts";
export {
  add,
  compare,
  DEFAULT_TIMESCALE,
  fromSeconds,
  fromTicks,
  multiply,
  type Rational,
  secondsSince,
  subtract,
  type Timeline,
  timelineOffset,
  toSeconds,
  toTicks,
  ZERO,
} from "./lib/time.ts";
export { type Clock, systemClock } from "./lib/clock.ts";
export { openPreciseClock, type PreciseClock } from "./lib/precise_clock.ts";
export {
  IngestError,
  type IngestErrorKind,
  type IngestErrorOptions,
  InputError,
  ManifestSyntaxError,
  Mp4SyntaxError,
} from "./lib/errors.ts";
export { push, type PushReport, type StreamOutcome } from "./lib/push.ts";
export type {
  PushEvent,
  PushEventBase,
  StreamCounts,
  StreamEvent,
  StreamState,
  WholeEvent,
} from "./lib/push_event.ts";
export type {
  ProbeTarget,
  PublishingPoint,
  PushOptions,
  RecoveryOptions,
} from "./lib/push_options.ts";
export { planPush, type PushPlan, type StreamSummary } from "./lib/push_plan.ts";

export type { MoofForm, MoofForms, ParsedMoofs } from "./lib/mp4/moof_form.ts";
export type { Box } from "./lib/mp4/box.ts";
export { type CodecFacts, readCodec } from "./lib/mp4/codec.ts";
export {
  readSaio,
  readSaiz,
  readSampleEncryption,
  type Saio,
  type Saiz,
  type SampleEncryption,
  type SampleEncryptionEntry,
  type Subsample,
  writeSaio,
  writeSaiz,
} from "./lib/mp4/encryption.ts";
export { type FragmentFacts, readFragment, streamableMoof } from "./lib/mp4/fragment.ts";
export { type Ftyp, LIVE_FTYP, readFtyp, writeFtyp } from "./lib/mp4/ftyp.ts";
export {
  readManifestBox,
  writeLiveServerManifestBox,
  writeStreamManifestBox,
} from "./lib/mp4/manifest_box.ts";
export { type Mfhd, readMfhd, writeMfhd } from "./lib/mp4/mfhd.ts";
export {
  isEndOfStream,
  type Mfra,
  type MfraIndex,
  MFRO_SIZE,
  readMfra,
  readMfro,
  readTfra,
  type Tfra,
  type TfraIndex,
  writeEndOfStream,
  writeMfra,
  writeTfra,
} from "./lib/mp4/mfra.ts";
export {
  type FragmentPlace,
  isStreamable,
  type Moof,
  type MoofEdit,
  type Placed,
  readMoof,
  rewriteMoof,
  type RunsPlace,
  type SampleDefaults,
  type SampleTotals,
  sampleTotals,
} from "./lib/mp4/moof.ts";
export { cutMoov, type Moov, readMoov, type Track } from "./lib/mp4/moov.ts";
export { PartParser, type PartParserOptions } from "./lib/mp4/part_parser.ts";
export { readTfdt, type Tfdt, writeTfdt } from "./lib/mp4/tfdt.ts";
export { readTfhd, type Tfhd, TFHD_FLAGS, writeTfhd } from "./lib/mp4/tfhd.ts";
export {
  type TfraColumns,
  type TfraEntries,
  type TfraEntry,
  TfraTable,
} from "./lib/mp4/tfra_table.ts";
export { readTfrf, type Tfrf, writeTfrf } from "./lib/mp4/tfrf.ts";
export { readTfxd, type Tfxd, writeTfxd } from "./lib/mp4/tfxd.ts";
export {
  type FragmentTimes,
  type TimeSource,
  TrackTimes,
  type TrackTimesOptions,
} from "./lib/mp4/track_times.ts";
export {
  readTrun,
  readTrunHeader,
  type Sample,
  sumSamples,
  type Trun,
  TRUN_FLAGS,
  type TrunHeader,
  writeTrun,
} from "./lib/mp4/trun.ts";
export {
  LIVE_SERVER_MANIFEST,
  PIFF_PROTECTION_HEADER,
  PIFF_SAMPLE_ENCRYPTION,
  PIFF_TRACK_ENCRYPTION,
  STREAM_MANIFEST,
  STREAM_MANIFESTS,
  TFRF,
  TFXD,
} from "./lib/mp4/uuid.ts";

export {
  BufferLane,
  BufferPool,
  type BufferPoolOptions,
  type Piece,
} from "./lib/source/buffer_pool.ts";
export { FragmentCache } from "./lib/source/fragment_cache.ts";
export { type FragmentRow, FragmentTable } from "./lib/source/fragment_table.ts";
export { openUrl, type OpenUrlOptions } from "./lib/source/http_access.ts";
export { openInput } from "./lib/source/open.ts";
export type { RandomAccess } from "./lib/source/random_access.ts";
export { byteSource } from "./lib/source/byte_source.ts";
export type { FileBoxes } from "./lib/source/file_head.ts";
export { MediaFile, type MediaFileOptions } from "./lib/source/media_file.ts";
export {
  Presentation,
  type PresentationOptions,
  type PresentationTrack,
  type ReadableTrack,
} from "./lib/source/presentation.ts";
export { type Grouping, planStreams, type StreamPlan } from "./lib/source/stream_plan.ts";
export {
  streamSource,
  type StreamSourceOptions,
  type WhenToRead,
} from "./lib/source/stream_source.ts";

export { BoxParseStream, type BoxParseStreamOptions } from "./lib/stages/box_parse_stream.ts";
export { DurationStream, type DurationStreamOptions } from "./lib/stages/duration_stream.ts";
export { HeaderStream, type HeaderStreamOptions } from "./lib/stages/header_stream.ts";
export {
  type LatePolicy,
  PaceStream,
  type PaceStreamOptions,
  type SendAt,
} from "./lib/stages/pace_stream.ts";
export { RebaseStream, type RebaseStreamOptions } from "./lib/stages/rebase_stream.ts";
export { SkipStream, type SkipStreamOptions } from "./lib/stages/skip_stream.ts";
export {
  TrackFilterStream,
  type TrackFilterStreamOptions,
} from "./lib/stages/track_filter_stream.ts";

export {
  Authorization,
  type AuthorizationOptions,
  type AuthScheme,
  type Credentials,
} from "./lib/ingest/authorization.ts";
export { createPoint, type CreatePointOptions } from "./lib/ingest/create_point.ts";
export { ingestUrl } from "./lib/ingest/ingest_url.ts";
export type { ResendOptions } from "./lib/ingest/resend_window.ts";
export type { RetryOptions } from "./lib/ingest/retry_policy.ts";
export {
  openTransport,
  type RequestBody,
  type TlsOptions,
  type Transport,
  type TransportAnswer,
  type TransportOptions,
  type TransportRequest,
} from "./lib/ingest/transport.ts";
export { UploadStream, type UploadStreamOptions } from "./lib/ingest/upload_stream.ts";
export { Uploader } from "./lib/ingest/uploader.ts";
export type {
  AfterOutage,
  UploaderOptions,
  UploadEvent,
  UploadMode,
} from "./lib/ingest/uploader_options.ts";

export {
  type ClientManifest,
  findLevel,
  findStream,
  MAX_FRAGMENTS,
  parseClientManifest,
  type Protection,
  type QualityLevel,
  type StreamIndex,
  type StreamType,
} from "./lib/manifest/client_manifest.ts";
export type { FragmentTime } from "./lib/manifest/fragment_times.ts";
export {
  formatLiveServerManifest,
  type LiveServerManifest,
  type LiveServerManifestOptions,
  parseLiveServerManifest,
} from "./lib/manifest/live_server_manifest.ts";
export {
  type LiveTrack,
  liveTrack,
  type LiveTrackSources,
  type MediaFacts,
} from "./lib/manifest/live_track.ts";
export {
  formatPublishingPointFile,
  parsePublishingPointFile,
  type PublishingPointFile,
  type PublishingPointFileOptions,
} from "./lib/manifest/publishing_point_file.ts";
export {
  parseServerManifest,
  type ServerManifest,
  type ServerTrack,
} from "./lib/manifest/server_manifest.ts";
export type { SmilMeta } from "./lib/manifest/smil.ts";
export type { Param, SmilTrack, TrackKind } from "./lib/manifest/smil_track.ts";
export {
  formatStreamManifest,
  parseStreamManifest,
  type StreamReference,
} from "./lib/manifest/stream_manifest.ts";

export { inspect, type InspectOptions, type InspectProgress } from "./lib/inspect/inspect.ts";
export type {
  BoxPlace,
  BoxSummary,
  ClientInspection,
  DocumentFacts,
  FragmentInspection,
  HeaderInspection,
  IndexInspection,
  Inspection,
  InspectionKind,
  LiveManifestInspection,
  MediaInspection,
  RequestInspection,
  ServerInspection,
  SpanFacts,
  StreamInspection,
  StreamManifestInspection,
  TrackInspection,
  TrackSummary,
} from "./lib/inspect/inspection.ts";
export type { Oddity, OddityKind } from "./lib/inspect/oddity_log.ts";

export {
  type AccessControl,
  type AccessControlOptions,
  createAccessControl,
} from "./lib/point/access_control.ts";
export { type ArchiveOptions, createArchive } from "./lib/point/archive/archive.ts";
export {
  createRecorder,
  RECORD_LIST,
  type RecordedRequest,
  type RecorderOptions,
} from "./lib/point/archive/record.ts";
export {
  type JudgeOptions,
  judgeStream,
  type RuleVerdict,
  type StreamConformance,
  type Verdict,
} from "./lib/point/conformance/conformance.ts";
export {
  type ConformanceExtension,
  type ConformanceOptions,
  createConformance,
  type PointConformance,
} from "./lib/point/conformance/conformance_extension.ts";
export {
  type Verification,
  type VerifiedStream,
  verify,
  type VerifyOptions,
} from "./lib/point/conformance/verify.ts";
export type { ConnectionInfo } from "./lib/point/connection.ts";
export type {
  BodyContext,
  BodyTap,
  FragmentPosition,
  PartContext,
  PointExtension,
  StreamContext,
} from "./lib/point/extension.ts";
export type { PointLimits } from "./lib/point/limits.ts";
export { createPage, type PageOptions } from "./lib/point/page/page.ts";
export { bench } from "./lib/load/bench.ts";
export type { BenchOptions, BenchProgress, Shard } from "./lib/load/bench_options.ts";
export type {
  BenchConditions,
  BenchReport,
  BenchSearch,
  BenchStep,
  Distribution,
  SeriesPoint,
} from "./lib/load/bench_report.ts";
export type { ChannelResult } from "./lib/load/channel.ts";
export type { ChannelFacts } from "./lib/load/channel_source.ts";
export type { Health } from "./lib/load/health.ts";
export type { Histogram } from "./lib/load/histogram.ts";
export type { Phase } from "./lib/load/load_options.ts";
export type { Machine } from "./lib/load/machine.ts";
export type { EncodedHistograms, LoadCounts } from "./lib/load/meter.ts";
export { type Metric, METRIC_NAMES, METRICS, STALL_MS } from "./lib/load/metric.ts";
export { type CountGoal, type Goal, parseSlo, type TimeGoal } from "./lib/load/slo.ts";
export type { Tally } from "./lib/load/tally.ts";

export type { PointEvent, PointEventKinds, PointEventOf } from "./lib/point/point_event.ts";
export {
  createPointServer,
  type PointServer,
  type PointServerOptions,
} from "./lib/point/point_server.ts";
export type { PointStateName } from "./lib/point/point_settings.ts";
export {
  type Fault,
  faultsOf,
  type Gap,
  type PointReport,
  type StreamReport,
  type TimelineCounts,
  type TrackReport,
} from "./lib/point/report.ts";
export {
  type Breach,
  Breaches,
  type Finding,
  type Rule,
  type RuleId,
  RULES,
} from "./lib/point/rules.ts";
export type { FragmentOutcome } from "./lib/point/ingest/track_timeline.ts";
export {
  type PointHandler,
  type ServedPoint,
  servePoint,
  type ServePointOptions,
  type ServerTls,
} from "./lib/point/serve_point.ts";
export type { Header } from "./lib/ingest/default_headers.ts";
export type { AnswerMoment } from "./lib/point/exchange.ts";
export type { HistoryLimits } from "./lib/point/page/page_history.ts";
export type { StreamSightings } from "./lib/point/conformance/conformance_sightings.ts";
