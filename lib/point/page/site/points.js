import { byId, element, setShown, setText } from "./elements.js";
import { follow } from "./feed.js";
import { nameOf, showAge, showNumberOf, stateOf } from "./words.js";

const list = byId("points");
const rows = new Map();

/** How far the clock of the server is ahead of this one, in milliseconds. */
let aheadMs = 0;
let points = [];

function makeRow(point) {
  const badge = element("span", { class: "badge" });
  const what = element("span", { class: "what" });
  const href = `.${point.split("/").map(encodeURIComponent).join("/")}/`;
  const link = element("a", { href, class: "card point" });
  const path = element("span", { class: "path" }, point);
  link.append(
    element("span", { class: "point-name" }, element("strong", {}, nameOf(point)), path),
    what,
    badge,
  );
  return { row: element("li", {}, link), badge, what };
}

function show() {
  const present = new Set(points.map(({ point }) => point));
  for (const [point, { row }] of rows) {
    if (present.has(point)) continue;
    row.remove();
    rows.delete(point);
  }
  for (const { point, state, sinceMs, streams, receiving } of points) {
    let row = rows.get(point);
    if (!row) {
      row = makeRow(point);
      rows.set(point, row);
      list.append(row.row);
    }
    const { text, tone } = stateOf(state);
    setText(row.badge, text);
    row.badge.className = `badge ${tone}`;
    const age = showAge((Date.now() + aheadMs - sinceMs) / 1000);
    const counts = receiving > 0
      ? `${showNumberOf(receiving, "stream")} of ${streams} coming in`
      : showNumberOf(streams, "stream");
    setText(row.what, `${counts} · for ${age}`);
  }
  setShown(byId("no-points"), points.length === 0);
}

byId("example").textContent = `pushencoder ${new URL("live.isml", location.href).href} movie.ism`;

follow("events", {
  points(told) {
    aheadMs = told.now - Date.now();
    points = told.points;
    show();
  },
}, (isConnected) => {
  const node = byId("connection");
  setText(node, isConnected ? "Connected" : "Connecting again …");
  node.classList.toggle("lost", !isConnected);
});
setInterval(() => rows.size > 0 && show(), 1000);
