import { showBitrate, showMediaTime, showSeconds } from "./words.js";

/** How much media a chart spans, in seconds. */
export const SPAN_SECONDS = 60;

/** A stream that stands still is not scrolled out of sight. */
const MOST_AHEAD_SECONDS = SPAN_SECONDS / 2;

/** Paces between these are taken for real time: what deviates from it is the sender's doing. */
const REAL_TIME = { slowest: 0.5, fastest: 1.5 };

/** So much later than the others a fragment counts as delayed, in parts of its duration. */
const DELAYED_PARTS = 0.5;

const AXIS_HEIGHT = 16;
/** Room for what the top of a plot stands for. */
const SCALE_HEIGHT = 17;

const FONT = "11px system-ui, sans-serif";

const COLORS = ["fragment", "duplicate", "late", "gap", "grid", "label", "declared"];

let palette;

/** The colours of the charts, from the style sheet. */
function colors() {
  if (!palette) {
    const style = getComputedStyle(document.documentElement);
    palette = Object.fromEntries(
      COLORS.map((name) => [name, style.getPropertyValue(`--chart-${name}`).trim()]),
    );
  }
  return palette;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => palette = undefined);

/** Fragments are `[arrivalMs, time, duration, bytes, outcome]`, times in seconds. */
const ARRIVAL = 0, TIME = 1, DURATION = 2, BYTES = 3, OUTCOME = 4;

/** What can be said of the fragments of a track that are shown. */
export function measure(track, nowMs) {
  const fresh = track.recent.filter((fragment) => fragment[OUTCOME] === "new");
  const last = fresh.at(-1);
  if (!last) return undefined;
  // A fragment of a sparse track comes when its time does; another one when it is over.
  const due = (fragment) => fragment[TIME] + (track.isSparse ? 0 : fragment[DURATION]);
  const msPerSecond = paceOf(fresh, due);
  const origin = Math.min(...fresh.map((it) => it[ARRIVAL] - due(it) * msPerSecond));
  /** The media that is due at a moment. */
  const mediaAt = (ms) => (ms - origin) / msPerSecond;
  const latenessMs = (fragment) => fragment[ARRIVAL] - origin - due(fragment) * msPerSecond;
  const end = Math.max(...fresh.map((it) => it[TIME] + it[DURATION]));
  const rightEdge = Math.max(end, Math.min(mediaAt(nowMs), end + MOST_AHEAD_SECONDS));
  const shown = fresh.filter((it) => it[TIME] + it[DURATION] > rightEdge - SPAN_SECONDS);
  const start = fresh[0][TIME];
  return { fresh: shown, start, last, end, rightEdge, mediaAt, latenessMs, due };
}

function paceOf(fresh, due) {
  const first = fresh[0], last = fresh.at(-1);
  const media = due(last) - due(first);
  const pace = media * 1000 / (last[ARRIVAL] - first[ARRIVAL]);
  const isRealTime = !(media > 0) || !(pace > 0) ||
    (pace > REAL_TIME.slowest && pace < REAL_TIME.fastest);
  return isRealTime ? 1000 : Math.max(1, 1000 / Math.min(pace, 1e6));
}

/** Bits per second of a fragment. */
export function bitrateOf(fragment) {
  return fragment[DURATION] > 0 ? fragment[BYTES] * 8 / fragment[DURATION] : 0;
}

/** Mean bits per second of fragments. */
export function meanBitrate(fragments) {
  const seconds = fragments.reduce((sum, it) => sum + it[DURATION], 0);
  return seconds > 0 ? fragments.reduce((sum, it) => sum + it[BYTES], 0) * 8 / seconds : 0;
}

/** Makes a canvas as sharp as the screen, and hands out its context in CSS pixels. */
function fit(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.max(1, devicePixelRatio || 1);
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  return { context, width, height };
}

function scale({ rightEdge }, width) {
  return (seconds) => width - (rightEdge - seconds) / SPAN_SECONDS * width;
}

/** Lines and times along the bottom. */
function drawAxis({ context, width, height }, measured, x, hasLabels = true) {
  const { grid, label } = colors();
  const step = width < 420 ? 20 : 10;
  context.fillStyle = grid;
  const first = Math.ceil((measured.rightEdge - SPAN_SECONDS) / step) * step;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  for (let time = first; time <= measured.rightEdge; time += step) {
    const at = Math.round(x(time));
    context.fillStyle = grid;
    context.fillRect(at, 0, 1, height - (hasLabels ? AXIS_HEIGHT : 0));
    if (!hasLabels || at < 24 || at > width - 24 || time < measured.start) continue;
    context.fillStyle = label;
    context.fillText(axisTime(time), at, height - 4);
  }
}

function axisTime(seconds) {
  return showMediaTime(seconds).replace(/^[\d-]+ /, "").replace(/\.\d$/, "");
}

/**
 * Draws the fragments of a track: above where they lie in the media and how large they are, below when they came, and a
 * line from the one to the other, which leans as far as a fragment is late.
 */
export function drawTimeline(canvas, track, measured) {
  const area = fit(canvas);
  const { context, width, height } = area;
  const { fragment: normal, duplicate, late, gap, grid } = colors();
  const x = scale(measured, width);
  const bottom = height - AXIS_HEIGHT;
  const blocks = Math.round(bottom * 0.6);
  drawAxis(area, measured, x);
  context.fillStyle = grid;
  context.fillRect(0, blocks, width, 1);
  for (const [time, size] of track.gaps) drawGap(context, x(time), x(time + size), blocks, gap);
  const most = Math.max(1, ...track.recent.map((it) => it[BYTES]));
  const tints = { new: normal, duplicate, late };
  for (const it of track.recent) {
    const left = x(it[TIME]);
    const right = Math.max(x(it[TIME] + it[DURATION]) - 1, left + 2);
    const arrival = x(measured.mediaAt(it[ARRIVAL]));
    if (right < 0 && arrival < 0) continue;
    const tall = Math.max(4, it[BYTES] / most * (blocks - 6));
    context.fillStyle = tints[it[OUTCOME]];
    if (it[OUTCOME] === "new") context.fillRect(left, blocks - tall, right - left, tall);
    else context.fillRect(left, blocks - 5, right - left, 5);
    const isDelayed = measured.latenessMs(it) > it[DURATION] * 1000 * DELAYED_PARTS;
    context.strokeStyle = it[OUTCOME] === "new" && isDelayed && !track.isSparse
      ? duplicate
      : context.fillStyle;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(track.isSparse ? left : right, blocks + 2);
    context.lineTo(arrival, bottom - 7);
    context.stroke();
    context.fillStyle = context.strokeStyle;
    context.fillRect(arrival - 1, bottom - 8, 2, 8);
  }
}

function drawGap(context, left, right, height, color) {
  const wide = Math.max(2, right - left);
  if (left + wide < 0) return;
  context.save();
  context.beginPath();
  context.rect(left, 0, wide, height);
  context.clip();
  context.fillStyle = color;
  context.globalAlpha = 0.18;
  context.fillRect(left, 0, wide, height);
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = left - height; at < left + wide; at += 6) {
    context.moveTo(at, height);
    context.lineTo(at + height, 0);
  }
  context.stroke();
  context.restore();
}

/** Draws the bitrate of each fragment, and the one that the sender has declared. */
export function drawBitrate(canvas, track, measured) {
  const area = fit(canvas);
  const { context, width, height } = area;
  const { fragment: normal, declared } = colors();
  const x = scale(measured, width);
  drawAxis(area, measured, x, false);
  const rates = measured.fresh.map(bitrateOf);
  const most = Math.max(track.bitrate, ...rates, 1);
  const y = (rate) => height - 1 - rate / most * (height - SCALE_HEIGHT);
  context.fillStyle = normal;
  measured.fresh.forEach((it, n) => {
    const left = x(it[TIME]);
    const right = Math.max(x(it[TIME] + it[DURATION]) - 1, left + 2);
    context.globalAlpha = 0.3;
    context.fillRect(left, y(rates[n]), right - left, height);
    context.globalAlpha = 1;
    context.fillRect(left, y(rates[n]), right - left, 2);
  });
  if (track.bitrate > 0) {
    dashedLine(context, y(track.bitrate), width, declared);
  }
  drawScale(area, showBitrate(most));
}

/** Draws how much later than the most punctual one each fragment came. */
export function drawJitter(canvas, _track, measured) {
  const area = fit(canvas);
  const { context, width, height } = area;
  const { fragment: normal, duplicate } = colors();
  const x = scale(measured, width);
  drawAxis(area, measured, x, false);
  const late = measured.fresh.map(measured.latenessMs);
  const most = Math.max(50, ...late);
  const y = (ms) => height - 2 - ms / most * (height - SCALE_HEIGHT - 2);
  measured.fresh.forEach((it, n) => {
    const at = x(measured.due(it));
    const isDelayed = late[n] > it[DURATION] * 1000 * DELAYED_PARTS;
    context.fillStyle = isDelayed ? duplicate : normal;
    context.globalAlpha = 0.45;
    context.fillRect(at - 0.5, y(late[n]), 1, height - y(late[n]));
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(at, y(late[n]), 2, 0, 7);
    context.fill();
  });
  drawScale(area, showSeconds(most / 1000));
}

function dashedLine(context, y, width, color) {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.setLineDash([4, 4]);
  context.beginPath();
  context.moveTo(0, Math.round(y) + 0.5);
  context.lineTo(width, Math.round(y) + 0.5);
  context.stroke();
  context.setLineDash([]);
}

/** What the top of a plot stands for. */
function drawScale({ context }, text) {
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = colors().label;
  context.fillText(text, 4, 3);
}
