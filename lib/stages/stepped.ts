import type { Fragment, PartIterator, PartStep, StreamPart } from "../part.ts";

/**
 * How many fragments without a pace are made ready at a time. After a large payload was sent, the code and the data that this
 * takes have left the cache of the core: one by one, a fragment costs several times as much as those that follow it at once.
 */
export const UNPACED_COUNT = 16;

/** The parts that all steps have let pass, up to a number of fragments made ready before the first of them leaves. */
export class Stepped {
  readonly #source: PartIterator;
  readonly #steps: readonly PartStep[];
  readonly #count: number;
  #ready: StreamPart[] = [];
  #failure: { readonly reason: unknown } | undefined;

  constructor(source: PartIterator, steps: readonly PartStep[], count: number) {
    this.#source = source;
    this.#steps = steps;
    this.#count = count;
  }

  /** As {@linkcode PartIterator.ready}. */
  ready(): Promise<void> | undefined {
    return this.#ready.length > 0 ? undefined : this.#source.ready?.();
  }

  /**
   * The next part; `undefined` behind the last one.
   *
   * @throws Whatever the source or a step throws, behind what was ready before.
   */
  async next(): Promise<StreamPart | undefined> {
    if (this.#ready.length === 0 && !this.#failure) {
      try {
        while (await this.#add());
      } catch (reason) {
        this.#failure = { reason };
      }
    }
    const part = this.#ready.shift();
    if (!part && this.#failure) throw this.#failure.reason;
    return part;
  }

  /**
   * The next part, where it is a fragment that is ready.
   *
   * @param pass What it becomes; where that is nothing, the part stays for {@linkcode next}.
   */
  fragmentNow(pass: (fragment: Fragment) => Fragment | undefined): Fragment | undefined {
    const part = this.#ready[0];
    const passed = part?.type === "fragment" ? pass(part) : undefined;
    if (passed) this.#ready.shift();
    return passed;
  }

  /** Makes one ready and says whether to go on: a header or an end is not held up. */
  async #add(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    let part: StreamPart | undefined = value;
    for (let n = 0; part && n < this.#steps.length; n++) part = this.#steps[n]!(part);
    if (!part) return true;
    return this.#ready.push(part) < this.#count && part.type === "fragment";
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
