/** How much of a track is kept to be drawn: as much as the server keeps. */
const MAX_FRAGMENTS = 300;
const MAX_GAPS = 20;
const MAX_LOG = 200;

const MS_OF_MEAN = 10_000;

/** What is known of a point: a snapshot, and what has happened since. */
export class PointModel {
  /** Nothing as long as there is no snapshot. */
  point;
  /** Whether what is known is what is so now. */
  isConnected = false;
  /** When it was last heard of, in milliseconds since 1970, by the clock of the server. */
  heardMs = 0;
  /** Nothing if there is no such point. */
  state = null;
  sinceMs = 0;
  hasConformance = false;
  /** By ID. */
  streams = new Map();
  log = [];
  rules = [];
  verdicts = [];
  #aheadMs = 0;

  /** The time at the server, in milliseconds since 1970. */
  get nowMs() {
    return Date.now() + this.#aheadMs;
  }

  /** Takes in a snapshot. */
  reset(snapshot) {
    this.#hear(snapshot.now);
    this.point = snapshot.point;
    this.state = snapshot.state;
    this.sinceMs = snapshot.sinceMs ?? snapshot.now;
    this.hasConformance = snapshot.hasConformance;
    this.log = snapshot.log ?? [];
    this.rules = snapshot.rules ?? [];
    this.verdicts = snapshot.verdicts ?? [];
    this.streams = new Map((snapshot.streams ?? []).map(({ id, activity, tracks }) => [id, {
      id,
      activity,
      tracks: new Map(tracks.map((track) => [track.trackId, track])),
    }]));
  }

  /**
   * Takes in what has happened.
   *
   * @returns Whether a new broadcast has begun.
   */
  take({ now, increments }) {
    this.#hear(now);
    let isNew = false;
    for (const increment of increments) {
      if (increment.kind === "state" && increment.isNew) isNew = true;
      this.#takeOne(increment);
    }
    return isNew;
  }

  #hear(nowMs) {
    this.#aheadMs = nowMs - Date.now();
    this.heardMs = nowMs;
  }

  #takeOne(increment) {
    switch (increment.kind) {
      case "state":
        return this.#enter(increment);
      case "log":
        return keep(this.log, increment.entry, MAX_LOG);
      case "stream":
        this.#stream(increment.stream).activity = increment.activity;
        return;
      case "tracks":
        return this.#declare(this.#stream(increment.stream), increment.tracks);
    }
    const track = this.#stream(increment.stream).tracks.get(increment.track);
    if (!track) return;
    if (increment.kind === "gap") {
      track.counts.gaps++;
      keep(track.gaps, increment.gap, MAX_GAPS);
    } else if (increment.kind === "fragment") takeFragment(track, increment.fragment);
  }

  #enter({ state, sinceMs, isNew, streams }) {
    this.state = state;
    this.sinceMs = sinceMs;
    if (!isNew) return;
    for (const { tracks } of this.streams.values()) {
      for (const track of tracks.values()) track.recent.length = track.gaps.length = 0;
    }
    // Streams of earlier broadcasts are not shown for ever.
    if (streams) {
      for (const id of this.streams.keys()) if (!streams.includes(id)) this.streams.delete(id);
    }
  }

  #stream(id) {
    let stream = this.streams.get(id);
    if (!stream) {
      stream = { id, activity: "waiting", tracks: new Map() };
      this.streams.set(id, stream);
    }
    return stream;
  }

  #declare({ tracks }, declared) {
    for (const shown of declared) {
      const old = tracks.get(shown.trackId);
      const counts = old?.counts ?? { fragments: 0, bytes: 0, duplicates: 0, late: 0, gaps: 0 };
      const { recent = [], gaps = [] } = old ?? {};
      tracks.set(shown.trackId, { ...shown, counts, recent, gaps });
    }
  }

  /** How many fragments have come of the track with the most: another one may be lost, or late. */
  get arrived() {
    const counts = [...this.streams.values()].flatMap(({ tracks }) => [...tracks.values()])
      .filter(({ kind, isSparse }) => !isSparse && (kind === "video" || kind === "audio"))
      .map(({ recent }) => recent.filter(([, , , , outcome]) => outcome === "new").length);
    return Math.max(0, ...counts);
  }

  /** Sums over all tracks. */
  get totals() {
    const totals = {
      streams: this.streams.size,
      fragments: 0,
      bytes: 0,
      gaps: 0,
      bitsPerSecond: 0,
    };
    const since = this.nowMs - MS_OF_MEAN;
    for (const { tracks } of this.streams.values()) {
      for (const { counts, recent } of tracks.values()) {
        totals.fragments += counts.fragments;
        totals.bytes += counts.bytes;
        totals.gaps += counts.gaps;
        for (let n = recent.length - 1; n >= 0 && recent[n][0] > since; n--) {
          totals.bitsPerSecond += recent[n][3] * 8 / (MS_OF_MEAN / 1000);
        }
      }
    }
    return totals;
  }

  /**
   * When the encoder had a picture, as far as can be told from when its fragment came.
   *
   * @param time Of the picture, in seconds of media.
   * @returns Milliseconds since 1970, or nothing.
   */
  encodedMs(time) {
    let found;
    for (const { tracks } of this.streams.values()) {
      for (const { kind, recent, isSparse } of tracks.values()) {
        if (kind !== "video" || isSparse) continue;
        for (const [arrivalMs, start, duration, , outcome] of recent) {
          if (outcome !== "new" || time < start || time >= start + duration) continue;
          const ms = arrivalMs - (start + duration - time) * 1000;
          if (found === undefined || ms < found) found = ms;
        }
      }
    }
    return found;
  }
}

function takeFragment({ counts, recent }, fragment) {
  const [, , , bytes, outcome] = fragment;
  if (outcome === "new") {
    counts.fragments++;
    counts.bytes += bytes;
  } else if (outcome === "duplicate") counts.duplicates++;
  else counts.late++;
  keep(recent, fragment, MAX_FRAGMENTS);
}

function keep(list, item, most) {
  list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}
