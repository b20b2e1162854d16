/** The least that counts as the report of a load test. */
export const LEAST_REPORT = {
  type: "pushencoder-bench",
  format: 1,
  conditions: [{ startedAt: "2026-01-02T03:04:05Z", machine: {}, options: {}, channel: {} }],
  counts: {},
  errors: {},
  histograms: {},
  series: [],
  worst: [],
  health: [],
};
