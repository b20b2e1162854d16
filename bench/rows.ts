import type { Row } from "./row.ts";
import { growingFile } from "./growth/file_size.ts";
import { growingFragments } from "./growth/fragment_size.ts";
import { growingLoops } from "./growth/loops.ts";
import { growingStreams } from "./growth/streams.ts";
import { byteExactness } from "./rows/byte_exactness.ts";
import { drift } from "./rows/drift.ts";
import { pacing } from "./rows/pacing.ts";
import { peakMemory } from "./rows/peak_memory.ts";
import { pointIngest } from "./rows/point_ingest.ts";
import { sameInstant } from "./rows/same_instant.ts";
import { scheduler } from "./rows/scheduler.ts";
import { sharedSource } from "./rows/shared_source.ts";
import { smallFragments } from "./rows/small_fragments.ts";
import { startUp } from "./rows/start_up.ts";
import { steadyState } from "./rows/steady_state.ts";
import { thousandStreams } from "./rows/thousand_streams.ts";
import { unpacedPush } from "./rows/unpaced_push.ts";

/** All of them, in the order of the table. */
export const ROWS: readonly Row[] = [
  unpacedPush,
  peakMemory,
  steadyState,
  smallFragments,
  scheduler,
  pacing,
  thousandStreams,
  sharedSource,
  sameInstant,
  drift,
  startUp,
  byteExactness,
  pointIngest,
  growingStreams,
  growingFile,
  growingFragments,
  growingLoops,
];
