/** What is measured, each as a distribution of times in milliseconds. */
export type Metric =
  /** From when a fragment was due until its last byte was taken by the socket. */
  | "last"
  /** From when a fragment was due until its first bytes were taken. */
  | "first"
  /** From when a fragment was due until it could be fetched from the point. */
  | "watch"
  /** From when a fragment of a sparse stream was let go until its short request was answered. */
  | "sparse"
  /** An empty POST and its answer. */
  | "probe"
  /** From when a request was made until the first byte of its body was asked for: the connection. */
  | "connect"
  /** From the end of a body until its answer. */
  | "answer"
  /** How long a point took nothing while there was something to take; above {@linkcode STALL_MS} alone. */
  | "stall"
  /** How late this program itself was in letting go a fragment when nothing was in its way. */
  | "own"
  /** How late this program was in waking up. */
  | "loop";

/** All of them, in the order in which reports show them, with their names. */
export const METRICS: Readonly<Record<Metric, string>> = {
  last: "last byte taken",
  first: "first byte taken",
  watch: "can be fetched",
  sparse: "sparse answered",
  probe: "probe",
  connect: "connection",
  answer: "final answer",
  stall: "back-pressure stall",
  own: "own lateness",
  loop: "event loop delay",
};

/** All names, in order. */
export const METRIC_NAMES = Object.keys(METRICS) as Metric[];

/** The least time that counts as a stall, in milliseconds. */
export const STALL_MS = 50;
