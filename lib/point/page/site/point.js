import { byId, element, setShown, setText } from "./elements.js";
import { follow } from "./feed.js";
import { PointModel } from "./model.js";
import { PlayerView } from "./player_view.js";
import { RulesView } from "./rules.js";
import { StreamsView } from "./streams.js";
import {
  nameOf,
  showAge,
  showBitrate,
  showBytes,
  showCount,
  showTimeOfDay,
  stateOf,
} from "./words.js";

const DRAW_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 200;
const TEXT_MS = 500;

const model = new PointModel();
const streamsView = new StreamsView();
const rulesView = new RulesView();
const playerView = new PlayerView(model);

let isStale = false;
let shownLog;

function showPoint() {
  const { point } = model;
  if (point === undefined) return;
  const { text, tone, meaning } = stateOf(model.state);
  const age = showAge((model.nowMs - model.sinceMs) / 1000);
  const told = model.state === null ? meaning : `${meaning} ${text} for ${age}.`;
  const heard = showTimeOfDay(model.heardMs);
  const name = nameOf(point);
  document.title = `${name}: ${text.toLowerCase()}`;
  setText(byId("name"), name);
  setText(byId("path"), point);
  setText(byId("state"), text);
  byId("state").className = `badge ${tone}`;
  setText(byId("meaning"), model.isConnected ? told : `The server is away. This is of ${heard}.`);
  const page = location.pathname;
  // The server may be mounted below a path.
  byId("home").href = page.slice(0, Math.max(0, page.length - encodedLength(point) - 1)) + "/";
  setText(
    byId("example"),
    `pushencoder ${new URL(".", location.href).href.slice(0, -1)} movie.ism`,
  );
}

function encodedLength(point) {
  return point.split("/").map(encodeURIComponent).join("/").length;
}

function showTotals(broken) {
  const { streams, fragments, bytes, gaps, bitsPerSecond } = model.totals;
  const texts = {
    streams: showCount(streams),
    fragments: showCount(fragments),
    bytes: showBytes(bytes),
    bitrate: bitsPerSecond > 0 ? showBitrate(bitsPerSecond) : "–",
    gaps: showCount(gaps),
    rules: showCount(broken),
  };
  for (const [name, text] of Object.entries(texts)) setText(byId(`total-${name}`), text);
  byId("total-gaps").className = gaps > 0 ? "bad" : "";
  byId("total-rules").className = broken > 0 ? "bad" : "";
}

function showLog() {
  const { log } = model;
  const last = log.at(-1);
  if (last === shownLog) return;
  shownLog = last;
  setShown(byId("no-log"), log.length === 0);
  setShown(byId("log-box"), log.length > 0);
  byId("log").replaceChildren(...log.toReversed().map(logLine));
}

function logLine({ at, level, stream, text }) {
  return element(
    "li",
    { class: level },
    element("time", { datetime: new Date(at).toISOString() }, showTimeOfDay(at)),
    stream ? element("span", { class: "of" }, stream) : undefined,
    element("span", {}, text),
  );
}

function show() {
  if (model.point === undefined) return;
  showPoint();
  streamsView.update(model.streams, model.nowMs);
  showTotals(rulesView.update(model));
  showLog();
  playerView.update();
}

follow("events", {
  snapshot(snapshot) {
    model.reset(snapshot);
    playerView.follow(false);
    show();
  },
  increments(told) {
    const isNew = model.take(told);
    if (told.increments.some(({ kind }) => kind === "state")) playerView.follow(isNew);
    isStale = true;
  },
  verdicts(verdicts) {
    model.verdicts = verdicts;
    isStale = true;
  },
}, (isConnected) => {
  model.isConnected = isConnected;
  document.body.classList.toggle("away", !isConnected);
  const node = byId("connection");
  setText(node, isConnected ? "Connected" : "Connecting again …");
  node.classList.toggle("lost", !isConnected);
});

setInterval(show, TEXT_MS);
setInterval(() => {
  if (document.hidden) return;
  if (isStale) {
    isStale = false;
    show();
  }
  streamsView.draw(model.streams, model.nowMs);
}, DRAW_MS);
