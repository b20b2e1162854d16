/** One thing to measure. */
export interface MicroTask {
  readonly name: string;
  /**
   * How many of what the figure is for one run does.
   *
   * @default {1}
   */
  readonly count?: number;
  run(): void | Promise<void>;
}
