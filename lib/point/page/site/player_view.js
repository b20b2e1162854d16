import { byId, setShown, setText } from "./elements.js";
import { LivePlayer } from "./player.js";
import { showAge, showBitrate, showCount, showMediaTime, showSeconds } from "./words.js";

/** What covers the picture in each state of the player; nothing where there is a picture. */
const CURTAINS = {
  idle: "The player is stopped.",
  waiting: "There is nothing to play yet.",
  loading: "Loading …",
  ended: "The broadcast has ended.",
  failed: "It cannot be played here.",
};

/** Where it is remembered that somebody does not want the player. */
const STOPPED_KEY = "pushencoder-player-stopped";

/** The player with what is around it. */
export class PlayerView {
  #video = byId("video");
  #player = new LivePlayer(this.#video, "Manifest", () => this.#showState());
  #isWanted = sessionStorage.getItem(STOPPED_KEY) === null;
  #model;
  #levels = "";

  constructor(model) {
    this.#model = model;
    byId("toggle").addEventListener("click", () => this.#toggle());
    byId("go-live").addEventListener("click", () => this.#player.goLive());
    byId("replay").addEventListener("click", () => this.#player.start());
    byId("quality").addEventListener("change", ({ target }) => {
      this.#player.choose(target.value || undefined);
    });
    this.#showToggle();
    this.#showState();
  }

  /** The state of the point may be another one. */
  follow(isNew) {
    const { state } = this.#model;
    const isOver = state === "Stopped" || state === "ShuttingDown" || state === null;
    if (isOver) this.#player.finish();
    if (!this.#isWanted) return;
    const isOff = this.#player.state === "idle" || this.#player.state === "failed";
    if (isNew || (isOff && state !== null)) this.#player.start();
    this.#showState();
  }

  /** Shows what changes all the time. */
  update() {
    const { facts, levels, isLive, state } = this.#player;
    const isOn = !["idle", "waiting", "loading", "failed"].includes(state);
    const { current } = levels;
    const size = facts.width > 0 ? `${facts.width}×${facts.height}` : "sound alone";
    const rate = current ? `, ${showBitrate(current.bandwidth)}` : "";
    setText(byId("picture"), isOn ? `${size}${rate}` : "–");
    setText(byId("latency"), isOn && isLive ? this.#latency(facts.time) : "–");
    setText(byId("buffer"), isOn ? showSeconds(facts.bufferSeconds) : "–");
    setText(byId("window"), isOn && facts.window ? showWindow(facts.window) : "–");
    setText(byId("frames"), isOn ? showFrames(facts) : "–");
    byId("go-live").disabled = !isOn || !isLive;
    this.#showLevels(levels, isOn);
    if (state === "waiting") this.#showState();
  }

  #latency(time) {
    const encodedMs = this.#model.encodedMs(time);
    return encodedMs === undefined ? "–" : showSeconds((this.#model.nowMs - encodedMs) / 1000);
  }

  #showLevels({ all, isAuto, current }, isOn) {
    const select = byId("quality");
    select.disabled = !isOn || all.length < 2;
    const shown = JSON.stringify(all);
    if (shown !== this.#levels) {
      this.#levels = shown;
      const options = all.map(({ id, bandwidth, height }) =>
        new Option(`${height ? `${height}p, ` : ""}${showBitrate(bandwidth)}`, id)
      );
      select.replaceChildren(new Option("Automatic", ""), ...options);
    }
    if (document.activeElement !== select) select.value = isAuto ? "" : current?.id ?? "";
  }

  #toggle() {
    this.#isWanted = !this.#isWanted;
    if (this.#isWanted) sessionStorage.removeItem(STOPPED_KEY);
    else sessionStorage.setItem(STOPPED_KEY, "");
    this.#showToggle();
    if (this.#isWanted) this.#player.start();
    else this.#player.stop();
  }

  #showToggle() {
    const button = byId("toggle");
    setText(button, this.#isWanted ? "Stop the player" : "Start the player");
    button.removeAttribute("aria-pressed");
  }

  #showState() {
    const { state, message } = this.#player;
    const text = CURTAINS[state];
    document.documentElement.dataset.player = state;
    setShown(byId("curtain"), text !== undefined);
    setShown(byId("replay"), state === "ended");
    if (text === undefined) return;
    const more = state === "failed" ? ` ${message}` : state === "waiting" ? this.#waitingFor() : "";
    setText(byId("curtain-text"), `${text}${more}`);
  }

  #waitingFor() {
    const { state } = this.#model;
    if (state === null) return " There is no such publishing point.";
    if (state === "Started" || state === "Starting") {
      return " It starts with the fourth fragment, as each is offered when two more are there.";
    }
    return state === "Stopped" ? "" : " It starts by itself.";
  }
}

function showWindow({ start, end }) {
  return `${showMediaTime(Math.max(0, start))} to ${showMediaTime(end)} (${showAge(end - start)})`;
}

function showFrames({ frames, dropped }) {
  return `${showCount(frames)}, ${showCount(dropped)} dropped`;
}
