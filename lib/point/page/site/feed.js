/** How long to wait before asking again, in milliseconds: doubled each time, up to the second. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;

/** Servers send a sign of life every 15 s: without one for so long the connection is given up. */
const SILENCE_MS = 40_000;

/**
 * Follows server-sent events for ever: a connection that is lost or refused is made anew. Browsers do it by themselves for
 * some losses, and never again after others.
 *
 * @param url Of the events.
 * @param handlers By name of the event; each is given the value.
 * @param onConnection Is told whether there is a connection.
 */
export function follow(url, handlers, onConnection) {
  let source;
  let waitMs = FIRST_WAIT_MS;
  let timer;

  function connect() {
    source = new EventSource(url);
    source.addEventListener("open", listen);
    source.addEventListener("alive", listen);
    source.addEventListener("error", again);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        waitMs = FIRST_WAIT_MS;
        onConnection(true);
        listen();
        handle(JSON.parse(event.data));
      });
    }
  }

  /** A proxy may keep a connection open whose other end is gone. */
  function listen() {
    clearTimeout(timer);
    timer = setTimeout(again, SILENCE_MS);
  }

  function again() {
    onConnection(false);
    source.close();
    clearTimeout(timer);
    timer = setTimeout(connect, waitMs);
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  }

  // A page that is left and come back to has been asleep in between.
  addEventListener("pagehide", () => {
    clearTimeout(timer);
    source.close();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  connect();
}
