import type { BenchOptions } from "./bench_options.ts";
import type { BenchReport } from "./bench_report.ts";

/**
 * Loads a publishing point with many channels and measures what happens to latency: open model, always from when a fragment
 * was due, so that a point that stands still cannot hide it.
 *
 * @returns What was measured; that channels fail is a result, not an error.
 * @throws {InputError} If the presentation cannot be pushed.
 *
 * @example
 * ```ts
 * const report = await bench({
 *   url: "http://localhost:8080/live.isml",
 *   presentation: "movie.ism",
 *   channels: 100,
 * });
 * console.log(report.metrics.last?.p99);
 * ```
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  // Histograms and threads cost time to load, which a push does not pay.
  const { runBench } = await import("./run_bench.ts");
  return await runBench(options);
}
