import type { Alarm } from "./alarm_clock.ts";
import type { Clock } from "./clock.ts";
import { Worker } from "node:worker_threads";
import { AlarmClock } from "./alarm_clock.ts";

/** A clock with a thread of its own. */
export interface PreciseClock extends Clock {
  /** Ends the thread; nobody may be waiting any more. */
  close(): Promise<void>;
}

/** What the thread is told: a number that changes with each word, and the word. */
const COUNT = 0;
const WORD = 1;

/** Words beside a delay in microseconds. */
const WAIT = -1;
const END = -2;

/** The longest delay that a word can say; whoever is not due then waits once more. */
const MAX_DELAY_US = 2 ** 30;

/**
 * What the thread does, as text: it is so small that a file of its own would have to be found by every runtime and bundler
 * for nothing. A wait of a thread ends within a tenth of a millisecond, that of an event loop within one or two.
 */
const THREAD = `
const { parentPort, workerData: words } = require("node:worker_threads");
let delayMs = Infinity;
while (true) {
  const count = Atomics.load(words, ${COUNT});
  const word = Atomics.load(words, ${WORD});
  if (word === ${END}) break;
  delayMs = word < 0 ? Infinity : word / 1000;
  if (Atomics.wait(words, ${COUNT}, count, delayMs) !== "timed-out") continue;
  Atomics.compareExchange(words, ${WORD}, word, ${WAIT});
  parentPort.postMessage(0);
}
`;

/**
 * Opens a clock that wakes closer to when something is due than {@linkcode systemClock}: a thread waits for the
 * time and tells the event loop. While somebody waits, it keeps the process running, as a timer does.
 */
export async function openPreciseClock(): Promise<PreciseClock> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(words, WORD, WAIT);
  const worker = new Worker(THREAD, { eval: true, workerData: words });
  await new Promise<void>((resolve, reject) => {
    worker.once("online", resolve);
    worker.once("error", reject);
  });
  const say = (word: number) => {
    Atomics.store(words, WORD, word);
    Atomics.add(words, COUNT, 1);
    Atomics.notify(words, COUNT);
  };
  const threadAlarm = (ring: () => void): Alarm => {
    worker.on("message", ring);
    worker.unref();
    return {
      set(delayMs) {
        worker.ref();
        say(Math.min(Math.ceil(delayMs * 1000), MAX_DELAY_US));
      },
      clear() {
        worker.unref();
        say(WAIT);
      },
    };
  };
  const clock = new AlarmClock(threadAlarm);
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  return {
    now: () => clock.now(),
    waitUntil: (timeMs, signal) => clock.waitUntil(timeMs, signal),
    close: async () => {
      worker.ref();
      say(END);
      await ended;
    },
  };
}
