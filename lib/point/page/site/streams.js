import { bitrateOf, drawBitrate, drawJitter, drawTimeline, meanBitrate, measure } from "./chart.js";
import { byId, element, fact, setShown, setText } from "./elements.js";
import {
  ACTIVITIES,
  describeTrack,
  showBitrate,
  showBytes,
  showCount,
  showMediaTime,
  showSeconds,
} from "./words.js";

/** So many streams are shown without all of their plots, unless somebody wants them. */
const MANY_STREAMS = 8;

/** The cards of the streams: one for each, a row in it for each track. */
export class StreamsView {
  #list = byId("streams");
  #empty = byId("no-streams");
  #cards = new Map();
  /** Charts out of sight are not drawn. */
  #visible = new Set();
  #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target);
      else this.#visible.delete(target);
    }
  }, { rootMargin: "200px" });

  #isCompact = true;

  constructor() {
    byId("density").addEventListener("click", () => this.#isCompact = !this.#isCompact);
  }

  /** Shows the streams as they are now. */
  update(streams, nowMs) {
    setShown(this.#empty, streams.size === 0);
    this.#showDensity(streams.size > MANY_STREAMS);
    for (const [id, card] of this.#cards) {
      if (streams.has(id)) continue;
      for (const { row } of card.tracks.values()) this.#drop(row);
      card.card.remove();
      this.#cards.delete(id);
    }
    for (const stream of streams.values()) this.#updateCard(stream, nowMs);
  }

  /** Draws the charts that are in sight. */
  draw(streams, nowMs) {
    for (const { id, activity, tracks } of streams.values()) {
      const card = this.#cards.get(id);
      for (const track of tracks.values()) {
        const row = card?.tracks.get(track.trackId);
        if (row && this.#visible.has(row.row)) {
          drawRow(row, track, activity === "ended" ? 0 : nowMs);
        }
      }
    }
  }

  #showDensity(areMany) {
    const button = byId("density");
    setShown(button, areMany);
    setText(button, this.#isCompact ? "Show all plots" : "Show fewer plots");
    this.#list.classList.toggle("compact", areMany && this.#isCompact);
  }

  #updateCard(stream, nowMs) {
    let card = this.#cards.get(stream.id);
    if (!card) {
      card = makeCard(stream.id);
      this.#cards.set(stream.id, card);
      this.#list.append(card.card);
    }
    const { text, tone } = ACTIVITIES[stream.activity] ?? ACTIVITIES.waiting;
    setText(card.badge, text);
    card.badge.className = `badge ${tone}`;
    setShown(card.empty, stream.tracks.size === 0);
    for (const track of stream.tracks.values()) {
      let row = card.tracks.get(track.trackId);
      if (!row) {
        row = makeRow();
        card.tracks.set(track.trackId, row);
        card.card.append(row.row);
        this.#observer.observe(row.row);
      }
      updateRow(row, track, nowMs);
    }
  }

  #drop(row) {
    this.#observer.unobserve(row);
    this.#visible.delete(row);
  }
}

function makeCard(id) {
  const badge = element("span", { class: "badge" });
  const empty = element("p", { class: "note" }, "No header has come yet.");
  const title = element("header", {}, element("h3", {}, id), badge);
  const card = element(
    "article",
    { class: "card stream", "aria-label": `Stream ${id}` },
    title,
    empty,
  );
  return { card, badge, empty, tracks: new Map() };
}

function makePlot(name, className) {
  const value = element("span", { class: "value" });
  const canvas = element("canvas", { role: "img" });
  const caption = element("figcaption", {}, element("span", {}, name), value);
  return { figure: element("figure", { class: className }, caption, canvas), canvas, value };
}

function makeRow() {
  const name = element("h4");
  const what = element("span", { class: "what" });
  const facts = {
    media: fact("Media time"),
    fragments: fact("Fragments"),
    bytes: fact("Received"),
    gaps: fact("Gaps"),
    duplicates: fact("Duplicates"),
    late: fact("Late"),
  };
  const list = element("dl", { class: "facts" }, ...Object.values(facts).map(({ row }) => row));
  const timeline = makePlot("Media time above, arrival below", "timeline");
  const bitrate = makePlot("Bitrate", "plot");
  const jitter = makePlot("Arrival jitter", "plot");
  const plots = element("div", { class: "plots" }, bitrate.figure, jitter.figure);
  const row = element(
    "div",
    { class: "track" },
    element("div", { class: "track-name" }, name, what, list),
    element("div", { class: "charts" }, timeline.figure, plots),
  );
  return { row, name, what, facts, timeline, bitrate, jitter, plots };
}

function updateRow(row, track, nowMs) {
  const { counts } = track;
  setText(row.name, track.name || `Track ${track.trackId}`);
  setText(row.what, describeTrack(track));
  const measured = measure(track, nowMs);
  setText(row.facts.media.value, measured ? showMediaTime(measured.end) : "–");
  setText(row.facts.fragments.value, showCount(counts.fragments));
  setText(row.facts.bytes.value, showBytes(counts.bytes));
  for (const [name, tone] of [["gaps", "bad"], ["duplicates", "warn"], ["late", "bad"]]) {
    const { value } = row.facts[name];
    setText(value, showCount(counts[name]));
    value.className = counts[name] > 0 ? tone : "";
  }
  setShown(row.plots, !track.isSparse);
  if (!measured) return;
  const last = measured.fresh.at(-1);
  const late = measured.fresh.map(measured.latenessMs);
  const mean = meanBitrate(measured.fresh);
  const jitter = late.length > 0 ? late.reduce((sum, it) => sum + it, 0) / late.length : 0;
  const most = Math.max(0, ...late);
  setText(
    row.bitrate.value,
    last ? `${showBitrate(bitrateOf(last))}, mean ${showBitrate(mean)}` : "–",
  );
  setText(row.jitter.value, `mean ${showSeconds(jitter / 1000)}, most ${showSeconds(most / 1000)}`);
  setText(row.timeline.value, "");
}

function drawRow(row, track, nowMs) {
  const measured = measure(track, nowMs);
  if (!measured) return;
  const { counts } = track;
  describe(
    row.timeline.canvas,
    `Timeline of ${track.name}: ${counts.gaps} gaps, ${counts.duplicates} duplicates, ` +
      `${counts.late} late fragments`,
  );
  drawTimeline(row.timeline.canvas, track, measured);
  if (row.plots.offsetParent === null) return; // not shown
  describe(row.bitrate.canvas, `Bitrate of ${track.name}: ${row.bitrate.value.textContent}`);
  drawBitrate(row.bitrate.canvas, track, measured);
  describe(row.jitter.canvas, `Arrival jitter of ${track.name}: ${row.jitter.value.textContent}`);
  drawJitter(row.jitter.canvas, track, measured);
}

function describe(canvas, text) {
  if (canvas.getAttribute("aria-label") !== text) canvas.setAttribute("aria-label", text);
}
