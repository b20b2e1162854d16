import { byId, element, setShown, setText } from "./elements.js";
import { showCount, showNumberOf } from "./words.js";

const ASK_MS = 3000;

/** As many streams are named that do the same wrong. */
const MAX_NAMES = 4;

/** The verdicts on what came in: what is wrong with it, and every rule with its clause. */
export class RulesView {
  #shown = "";
  /** Verdicts of the server by rule, which also knows what there was no occasion for. */
  #judged = new Map();

  constructor() {
    const details = byId("all-rules");
    const ask = () => details.open && !document.hidden && this.#ask();
    details.addEventListener("toggle", ask);
    setInterval(ask, ASK_MS);
  }

  async #ask() {
    if (byId("conformance").hidden) return;
    try {
      const response = await fetch("conformance", { cache: "no-store" });
      if (response.ok) this.#judged = byRule(await response.json());
    } catch {
      // The server is away, and the page says so.
    }
  }

  /** Shows the verdicts as they are now. Returns how many rules are broken. */
  update({ rules, verdicts, hasConformance }) {
    setShown(byId("conformance"), hasConformance);
    const judged = verdicts.filter(({ fragments, breaches }) =>
      fragments > 0 || breaches.length > 0
    );
    const broken = findingsOf(judged, rules);
    setText(byId("verdict"), judgement(judged, broken));
    byId("verdict").className = broken.length > 0 ? "bad" : judged.length > 0 ? "good" : "note";
    const shown = JSON.stringify([broken, rules.length, judged.length > 0, [...this.#judged]]);
    const count = new Set(broken.map(({ rule }) => rule)).size;
    if (shown === this.#shown) return count;
    this.#shown = shown;
    byId("findings").replaceChildren(...grouped(broken).map(findingItem));
    byId("rules").replaceChildren(...rules.map((rule) => ruleRow(rule, broken, this.#judged)));
    return count;
  }
}

/** The worst verdict of all streams on each rule; where there was an occasion for one of them, there was one. */
function byRule({ streams }) {
  const judged = new Map();
  for (const { rule, verdict } of streams.flatMap((stream) => stream.rules)) {
    const before = judged.get(rule) ?? "not seen";
    if (verdict === "broken" || before === "not seen") judged.set(rule, verdict);
  }
  return judged;
}

/** What is wrong, one for each rule and stream. */
function findingsOf(judged, rules) {
  const known = new Map(rules.map((rule) => [rule.id, rule]));
  return judged.flatMap(({ stream, breaches, faults }) => [
    ...breaches.map(({ rule, count, detail }) => {
      const { sentence = rule, clause = "" } = known.get(rule) ?? {};
      return { stream, rule, count, sentence, clause, detail };
    }),
    // A gap breaks the rule of contiguity.
    ...faults.map(({ message, clause }) => ({
      stream,
      rule: "contiguous",
      count: 1,
      sentence: message,
      clause,
      detail: "",
    })),
  ]);
}

function judgement(judged, broken) {
  if (judged.length === 0) return "There is nothing to judge yet.";
  const of = showNumberOf(judged.length, "stream");
  if (broken.length === 0) return `✓ Nothing is wrong with ${of} so far.`;
  const rules = new Set(broken.map(({ rule }) => rule)).size;
  const streams = new Set(broken.map(({ stream }) => stream)).size;
  return judged.length === 1
    ? `✗ ${showNumberOf(rules, "rule")} broken.`
    : `✗ ${showNumberOf(rules, "rule")} broken by ${showCount(streams)} of ${of}.`;
}

/** The same of many streams is said once. */
function grouped(broken) {
  const groups = new Map();
  for (const finding of broken) {
    const key = JSON.stringify([finding.rule, finding.sentence]);
    const group = groups.get(key);
    if (!group) groups.set(key, { ...finding, streams: [finding.stream] });
    else {
      group.streams.push(finding.stream);
      group.count += finding.count;
    }
  }
  return [...groups.values()];
}

function findingItem({ streams, count, sentence, clause, detail }) {
  const more = streams.length - MAX_NAMES;
  const names = streams.slice(0, MAX_NAMES).join(", ") +
    (more > 0 ? ` and ${showCount(more)} more` : "");
  const first = count > 1 ? `${showCount(count)} times, first: ` : "Found: ";
  return element(
    "li",
    {},
    element("span", { class: "sentence" }, sentence),
    element("code", { class: "clause" }, clause),
    element("strong", {}, names),
    detail ? element("span", { class: "what" }, first + detail) : undefined,
  );
}

function ruleRow({ id, sentence, clause }, broken, judged) {
  const own = broken.filter(({ rule }) => rule === id);
  const count = own.reduce((sum, it) => sum + it.count, 0);
  const [text, tone] = own.length > 0
    ? [`✗ broken ${showCount(count)}×`, "bad"]
    : VERDICTS[judged.get(id)] ?? ["–", ""];
  return element(
    "tr",
    {},
    element("td", { class: `verdict ${tone}` }, text),
    element("td", {}, sentence),
    element("td", {}, element("code", { class: "clause" }, clause)),
  );
}

const VERDICTS = {
  ok: ["✓ kept", "good"],
  broken: ["✗ broken", "bad"],
  "not seen": ["no occasion", "unseen-yet"],
};
