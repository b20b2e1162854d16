/**
 * Turns on-demand Smooth Streaming presentations into a live stream and pushes it to a publishing point.
 *
 * `push` is the whole; the stages are its parts, for pipelines of one's own.
 *
 * @module
 */

export * from "./lib/part.ts";
export * from "./lib/time.ts";
export * from "./lib/clock.ts";
export * from "./lib/precise_clock.ts";
export * from "./lib/errors.ts";
export * from "./lib/push.ts";
export * from "./lib/push_event.ts";
export * from "./lib/push_options.ts";

export type { Box } from "./lib/mp4/box.ts";
export * from "./lib/mp4/codec.ts";
export * from "./lib/mp4/encryption.ts";
export * from "./lib/mp4/fragment.ts";
export * from "./lib/mp4/ftyp.ts";
export * from "./lib/mp4/manifest_box.ts";
export * from "./lib/mp4/mfhd.ts";
export * from "./lib/mp4/mfra.ts";
export * from "./lib/mp4/moof.ts";
export * from "./lib/mp4/moov.ts";
export * from "./lib/mp4/part_parser.ts";
export * from "./lib/mp4/tfdt.ts";
export * from "./lib/mp4/tfhd.ts";
export * from "./lib/mp4/tfrf.ts";
export * from "./lib/mp4/tfxd.ts";
export * from "./lib/mp4/track_times.ts";
export * from "./lib/mp4/trun.ts";
export * from "./lib/mp4/uuid.ts";

export * from "./lib/source/buffer_pool.ts";
export * from "./lib/source/fragment_cache.ts";
export * from "./lib/source/fragment_table.ts";
export * from "./lib/source/http_access.ts";
export * from "./lib/source/open.ts";
export * from "./lib/source/random_access.ts";
export * from "./lib/source/byte_source.ts";
export * from "./lib/source/media_file.ts";
export * from "./lib/source/presentation.ts";
export * from "./lib/source/stream_plan.ts";
export * from "./lib/source/stream_source.ts";

export * from "./lib/stages/box_parse_stream.ts";
export * from "./lib/stages/duration_stream.ts";
export * from "./lib/stages/header_stream.ts";
export * from "./lib/stages/pace_stream.ts";
export * from "./lib/stages/rebase_stream.ts";
export * from "./lib/stages/skip_stream.ts";
export * from "./lib/stages/track_filter_stream.ts";

export * from "./lib/ingest/authorization.ts";
export * from "./lib/ingest/create_point.ts";
export * from "./lib/ingest/ingest_url.ts";
export * from "./lib/ingest/resend_window.ts";
export * from "./lib/ingest/retry_policy.ts";
export * from "./lib/ingest/transport.ts";
export * from "./lib/ingest/upload_stream.ts";
export * from "./lib/ingest/uploader.ts";

export * from "./lib/manifest/client_manifest.ts";
export type { FragmentTime } from "./lib/manifest/fragment_times.ts";
export * from "./lib/manifest/live_server_manifest.ts";
export * from "./lib/manifest/live_track.ts";
export * from "./lib/manifest/publishing_point_file.ts";
export * from "./lib/manifest/server_manifest.ts";
export type { SmilMeta } from "./lib/manifest/smil.ts";
export type { Param, SmilTrack, TrackKind } from "./lib/manifest/smil_track.ts";
export * from "./lib/manifest/stream_manifest.ts";

export * from "./lib/inspect/inspect.ts";
export * from "./lib/inspect/inspection.ts";
export type { Oddity, OddityKind } from "./lib/inspect/oddity_log.ts";

export * from "./lib/point/access_control.ts";
export * from "./lib/point/archive/archive.ts";
export * from "./lib/point/archive/record.ts";
export * from "./lib/point/conformance/conformance.ts";
export * from "./lib/point/conformance/conformance_extension.ts";
export * from "./lib/point/conformance/verify.ts";
export type { ConnectionInfo } from "./lib/point/connection.ts";
export * from "./lib/point/extension.ts";
export * from "./lib/point/limits.ts";
export * from "./lib/point/page/page.ts";
export * from "./lib/load/bench.ts";
export type * from "./lib/load/bench_options.ts";
export type * from "./lib/load/bench_report.ts";
export type { ChannelResult } from "./lib/load/channel.ts";
export type { ChannelFacts } from "./lib/load/channel_source.ts";
export type { Health } from "./lib/load/health.ts";
export type { Histogram } from "./lib/load/histogram.ts";
export type { Phase } from "./lib/load/load_options.ts";
export type { Machine } from "./lib/load/machine.ts";
export type { EncodedHistograms, LoadCounts } from "./lib/load/meter.ts";
export * from "./lib/load/metric.ts";
export { type Goal, parseSlo } from "./lib/load/slo.ts";
export type { Tally } from "./lib/load/tally.ts";

export * from "./lib/point/point_event.ts";
export * from "./lib/point/point_server.ts";
export type { PointStateName } from "./lib/point/point_settings.ts";
export * from "./lib/point/report.ts";
export * from "./lib/point/rules.ts";
export type { FragmentOutcome } from "./lib/point/ingest/track_timeline.ts";
export * from "./lib/point/serve_point.ts";
