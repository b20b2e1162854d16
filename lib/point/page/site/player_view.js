import { byId, setShown, setText } from "./elements.js";
import { LivePlayer, MIN_FRAGMENTS } from "./player.js";
import { showBitrate, showCount, showMediaTime, showSeconds } from "./words.js";

/** As many must have come before there are enough to play: servers hold back two, as a rule, to look ahead to. */
const MIN_ARRIVED = MIN_FRAGMENTS + 2;

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

  /**
   * The state of the point may be another one.
   *
   * @param isNew Whether a new broadcast has begun.
   */
  follow(isNew) {
    const { state } = this.#model;
    if (isNew) this.#player.stop(); // It starts when there is enough of it.
    else if (["Stopped", "ShuttingDown", null].includes(state)) this.#player.finish();
    this.#showState();
  }

  /** Whether a player could start. Asking the server too early would be answered, but with an error. */
  get #canStart() {
    const { state, arrived } = this.#model;
    if (state === "Stopped") return arrived > 0;
    return ["Started", "Stopping"].includes(state) && arrived >= MIN_ARRIVED;
  }

  /** Shows what changes all the time. */
  update() {
    if (this.#isWanted && this.#player.state === "idle" && this.#canStart) this.#player.start();
    const { facts, levels, isLive, state } = this.#player;
    const isOn = !["idle", "waiting", "loading", "failed"].includes(state);
    const { current } = levels;
    const size = facts.width > 0 ? `${facts.width}×${facts.height}` : "sound alone";
    const rate = current?.bandwidth > 0 ? `, ${showBitrate(current.bandwidth)}` : "";
    setText(byId("picture"), isOn ? `${size}${rate}` : "–");
    const latency = isOn && isLive ? this.#latency(facts.time) : undefined;
    setText(byId("latency"), latency === undefined ? "–" : showSeconds(latency));
    if (latency !== undefined) this.#player.keepUp(latency);
    setText(byId("buffer"), isOn ? showSeconds(facts.bufferSeconds) : "–");
    setText(byId("window"), isOn && facts.window ? showWindow(facts.window) : "–");
    setText(byId("frames"), isOn ? showFrames(facts) : "–");
    byId("go-live").disabled = !isOn || !isLive;
    this.#showLevels(levels, isOn);
    if (state === "idle" || state === "ended") this.#showState();
  }

  /** How late the picture is, in seconds, as far as can be told. */
  #latency(time) {
    const encodedMs = this.#model.encodedMs(time);
    return encodedMs === undefined ? undefined : (this.#model.nowMs - encodedMs) / 1000;
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
    if (!this.#isWanted) this.#player.stop();
    else this.#showState();
  }

  #showToggle() {
    const button = byId("toggle");
    setText(button, this.#isWanted ? "Stop the player" : "Start the player");
  }

  #showState() {
    const { state, message } = this.#player;
    const shown = state === "idle" && this.#isWanted ? "waiting" : state;
    const text = CURTAINS[shown];
    document.documentElement.dataset.player = shown;
    setShown(byId("curtain"), text !== undefined);
    setShown(byId("replay"), shown === "ended" && this.#model.isConnected);
    if (text === undefined) return;
    const more = shown === "failed" ? message : shown === "waiting" ? this.#waitingFor() : "";
    setText(byId("curtain-text"), `${text} ${more}`);
  }

  #waitingFor() {
    const { state, arrived } = this.#model;
    if (state === null) return "There is no such publishing point.";
    if (state === "Started" && arrived < MIN_ARRIVED) {
      return `It starts by itself with ${MIN_ARRIVED} fragments: ${arrived} ${
        arrived === 1 ? "has" : "have"
      } come.`;
    }
    return state === "Stopped" ? "" : "It starts by itself.";
  }
}

function showWindow({ start, end }) {
  return `${showMediaTime(Math.max(0, start))} – ${showMediaTime(end)}`;
}

function showFrames({ frames, dropped }) {
  return `${showCount(frames)}, ${showCount(dropped)} dropped`;
}
