/* global dashjs */
import { element } from "./elements.js";

/** The player and its plugin for Smooth Streaming, in this order. */
const SCRIPTS = ["dash.all.min.js", "dash.mss.min.js"];

/** What dash.js says of a fragment without a look-ahead box, which is right for the last one of a broadcast. */
const NO_TFRF = 200;

/** Fragments that must be offered before it starts: with fewer there is nothing to play while the next one comes. */
export const MIN_FRAGMENTS = 3;

/**
 * How far behind the end of the last fragment it starts, in fragments. It keeps one fragment of sound in advance, whatever
 * the settings are; nearer to the end it would ask for fragments that are not there yet.
 */
const DELAY_FRAGMENTS = 3.5;

/** So close to the last frame the picture does not go on. */
const END_SECONDS = 0.5;

const POLL_MS = 1000;
const WATCH_MS = 500;

/** A picture that stands so long, while there is more to play, needs a new start. */
const STUCK_MS = 8000;

/** Where it fails again, it waits longer: up to so many times twice as long. */
const MAX_DOUBLINGS = 4;

const MAX_MESSAGE_LENGTH = 120;

let scripts;

function loadScripts() {
  scripts ??= SCRIPTS.reduce(
    (before, name) => before.then(() => loadScript(new URL(name, import.meta.url).href)),
    Promise.resolve(),
  );
  return scripts;
}

function loadScript(src) {
  return new Promise((resolve, reject) => {
    const script = element("script", { src });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error("The player is not installed")));
    document.head.append(script);
  });
}

/** What of a client manifest says whether it can be played: enough fragments, or that there are none to come. */
async function readManifest(url) {
  const response = await fetch(url, { cache: "no-store" });
  if (!response.ok) return undefined;
  const root = new DOMParser().parseFromString(await response.text(), "text/xml").documentElement;
  const streams = [...root.querySelectorAll("StreamIndex")].filter((stream) =>
    ["video", "audio"].includes(stream.getAttribute("Type")) &&
    !stream.hasAttribute("ParentStreamIndex")
  );
  const counts = streams.map((stream) => stream.querySelectorAll("c").length);
  return {
    isLive: root.getAttribute("IsLive")?.toLowerCase() === "true",
    fragments: Math.max(0, ...counts),
    windowSeconds: Number(root.getAttribute("DVRWindowLength") ?? 0) /
      Number(root.getAttribute("TimeScale") ?? 10_000_000),
  };
}

/** A little faster, which nobody hears. */
const CATCH_UP_RATE = 1.05;

/** A picture that is so much later than it began is caught up with; one that is later still was chosen. In seconds. */
const DRIFT = { from: 2, to: 0.5, most: 8 };

/**
 * How fast to play, so that small losses do not add up over hours.
 *
 * @param driftSeconds How much later the picture is than when it began.
 * @param rate How fast it is played; one that is not of here stays.
 */
export function rateFor(driftSeconds, rate) {
  if (rate === 1) {
    return driftSeconds > DRIFT.from && driftSeconds < DRIFT.most ? CATCH_UP_RATE : rate;
  }
  if (rate !== CATCH_UP_RATE) return rate;
  return driftSeconds > DRIFT.to && driftSeconds < DRIFT.most ? rate : 1;
}

/**
 * Plays a publishing point in a video element: live as long as it goes on, then to the last frame that was sent, and what
 * is kept of it when it is over.
 */
export class LivePlayer {
  #video;
  #url;
  #onChange;
  #player;
  #manifest;
  #timer;
  #isOver = false;
  #attempt = 0;
  #failures = 0;
  #lastTime = 0;
  #lastMovedMs = 0;
  /** How late the picture was when it began, in seconds. */
  #firstLatency;

  /** One of `idle`, `waiting`, `loading`, `playing`, `paused`, `buffering`, `ended`, `failed`. */
  state = "idle";
  /** Why it failed. */
  message = "";

  /**
   * @param url Of the client manifest.
   * @param onChange Is called when the state is another one.
   */
  constructor(video, url, onChange) {
    this.#video = video;
    this.#url = url;
    this.#onChange = onChange;
    for (const name of ["waiting", "playing", "pause", "ended"]) {
      video.addEventListener(name, () => this.#look());
    }
  }

  /** Whether what it plays goes on. */
  get isLive() {
    return this.#manifest?.isLive === true && !this.#isOver;
  }

  /** Starts with what is on, or as soon as something is. */
  async start() {
    this.#close();
    const attempt = ++this.#attempt;
    this.#isOver = false;
    if (this.state !== "waiting") this.#set("loading");
    try {
      await loadScripts();
      const manifest = await readManifest(this.#url).catch(() => undefined);
      if (attempt !== this.#attempt) return;
      const isReady = manifest && (manifest.fragments >= MIN_FRAGMENTS || !manifest.isLive);
      if (isReady && manifest.fragments > 0) return this.#open(manifest);
      this.#set("waiting");
      this.#timer = setTimeout(() => this.start(), POLL_MS);
    } catch (error) {
      this.#fail(error.message);
    }
  }

  /** The broadcast is over: what there is of it is still played. */
  finish() {
    this.#isOver = true;
  }

  /** Stops, and shows nothing any more. */
  stop() {
    this.#attempt++;
    this.#close();
    this.#set("idle");
  }

  /** Goes to where a live picture should be. */
  goLive() {
    // Not by seeking: while it pauses or plays older parts, the player does not learn of newer ones.
    this.start();
  }

  /**
   * Catches up with the encoder.
   *
   * @param latency How late the picture is, in seconds.
   */
  keepUp(latency) {
    if (this.state !== "playing" || !this.isLive) return;
    this.#firstLatency ??= latency;
    const video = this.#video;
    video.playbackRate = rateFor(latency - this.#firstLatency, video.playbackRate);
  }

  /** Encodings of the picture, the lowest bitrate first, and which one is played. */
  get levels() {
    if (!this.#player?.isReady()) return { all: [], current: undefined, isAuto: true };
    const all = this.#player.getRepresentationsByType("video")
      .map(({ id, bandwidth, width, height }) => ({ id, bandwidth, width, height }))
      .sort((a, b) => a.bandwidth - b.bandwidth);
    const current = this.#player.getCurrentRepresentationForType("video");
    const { video: isAuto } = this.#player.getSettings().streaming.abr.autoSwitchBitrate;
    return { all, current, isAuto };
  }

  /** Plays one encoding, or the best one that the network allows. */
  choose(id) {
    const video = id === undefined;
    this.#player?.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video } } } });
    if (!video) this.#player?.setRepresentationForTypeById("video", id, true);
  }

  /** Facts about what is shown: times in seconds of media. */
  get facts() {
    const { currentTime, buffered, videoWidth, videoHeight } = this.#video;
    const { totalVideoFrames, droppedVideoFrames } = this.#video.getVideoPlaybackQuality();
    const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : currentTime;
    const window = this.#player?.isReady() && this.isLive ? this.#player.getDvrWindow() : undefined;
    return {
      time: currentTime,
      bufferSeconds: Math.max(0, end - currentTime),
      width: videoWidth,
      height: videoHeight,
      frames: totalVideoFrames,
      dropped: droppedVideoFrames,
      window: window && { start: window.start, end: window.end },
    };
  }

  #open(manifest) {
    this.#manifest = manifest;
    const player = dashjs.MediaPlayer().create();
    this.#player = player;
    const { ERROR, MANIFEST_LOADED } = dashjs.MediaPlayer.events;
    player.initialize();
    player.updateSettings({
      debug: { logLevel: 0 },
      streaming: {
        // It would ask the time of a server far away; Smooth Streaming has no use for it.
        utcSynchronization: { enabled: false, useManifestDateHeaderTimeSource: false },
        text: { defaultEnabled: false },
      },
    });
    player.on(MANIFEST_LOADED, ({ data }) => data && this.#prepare(data));
    player.on(ERROR, ({ error }) => this.#takeError(error));
    player.attachView(this.#video);
    player.setAutoPlay(true);
    player.attachSource(new URL(this.#url, location.href).href);
    this.#set("loading");
    this.#lastMovedMs = performance.now();
    this.#timer = setInterval(() => this.#watch(), WATCH_MS);
  }

  /** Puts right what the plugin makes of a live manifest. */
  #prepare(data) {
    for (const period of data.Period) {
      // It looks for the next fragment of a track in the one in front, which those of sparse tracks do not tell.
      period.AdaptationSet = period.AdaptationSet.filter(({ contentType }) =>
        contentType !== "text"
      );
    }
    if (data.type !== "dynamic") return;
    // It takes what has been sent so far for all that it may ever go back.
    data.timeShiftBufferDepth = this.#manifest.windowSeconds || Infinity;
    const [{ SegmentTemplate }] = data.Period[0].AdaptationSet;
    const { timescale, SegmentTimeline: { S } } = SegmentTemplate;
    const seconds = Math.max(...S.map(({ d }) => d)) / timescale;
    const delay = Math.min(S.length, DELAY_FRAGMENTS);
    const ahead = seconds; // More of it would not be there yet.
    this.#player.updateSettings({
      streaming: {
        delay: { liveDelay: delay * seconds },
        buffer: {
          bufferTimeDefault: ahead,
          bufferTimeAtTopQuality: ahead,
          bufferTimeAtTopQualityLongForm: ahead,
        },
      },
    });
  }

  #takeError({ code, message }) {
    // At the end of a broadcast, or of its server, what has been loaded is still played.
    if (code === NO_TFRF || this.#isOver) return;
    this.#fail(message);
    this.#timer = setTimeout(() => this.start(), STUCK_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, MAX_DOUBLINGS);
  }

  #fail(message) {
    this.#close();
    this.message = message.slice(0, MAX_MESSAGE_LENGTH);
    this.#set("failed");
  }

  #close() {
    clearInterval(this.#timer);
    clearTimeout(this.#timer);
    this.#player?.destroy();
    this.#player = undefined;
    this.#manifest = undefined;
    this.#firstLatency = undefined;
    if (this.#video.playbackRate === CATCH_UP_RATE) this.#video.playbackRate = 1;
  }

  #watch() {
    const { currentTime, paused, ended } = this.#video;
    if (currentTime > this.#lastTime && this.#lastTime > 0) this.#failures = 0;
    if (currentTime !== this.#lastTime || paused || ended) {
      this.#lastTime = currentTime;
      this.#lastMovedMs = performance.now();
    }
    const stuckMs = performance.now() - this.#lastMovedMs;
    if (
      this.#isOver && !ended && stuckMs > 2 * WATCH_MS && this.facts.bufferSeconds < END_SECONDS
    ) {
      // Nothing tells the browser that no more will come.
      this.#end();
    } else if (stuckMs > STUCK_MS) this.start();
    else this.#look();
  }

  /** The last frame stays. */
  #end() {
    clearInterval(this.#timer);
    this.#video.pause();
    this.#set("ended");
  }

  #look() {
    if (!this.#player || this.state === "ended" || this.state === "failed") return;
    const { ended, paused, readyState, currentTime } = this.#video;
    if (ended) this.#end();
    else if (paused) this.#set(currentTime > 0 ? "paused" : "loading");
    else this.#set(readyState >= 3 ? "playing" : currentTime > 0 ? "buffering" : "loading");
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.#onChange();
  }
}
