import type { Client } from "undici";

/** What is asked of a client here. */
export type PooledClient = Pick<Client, "destroy"> & {
  readonly stats: Pick<Client["stats"], "size">;
};

/**
 * Clients of one connection each, of one origin. Whoever makes a request has one for itself, an idle one if there is one:
 * the pool of undici would look at each of a thousand busy ones first.
 */
export class ClientPool<T extends PooledClient> {
  readonly #make: () => T;
  readonly #isSingle: boolean;
  readonly #all: T[] = [];
  /** The one that came back last at the end. */
  readonly #idle: T[] = [];

  /** @param isSingle Whether there is one connection, and requests wait for each other. */
  constructor(make: () => T, isSingle = false) {
    this.#make = make;
    this.#isSingle = isSingle;
  }

  /** A client for one request, to be given back. */
  take(): T {
    if (this.#isSingle && this.#all.length > 0) return this.#all[0]!;
    // One whose request was broken off may need a while to let go of its connection.
    const place = this.#idle.findLastIndex(({ stats }) => stats.size === 0);
    if (place >= 0) return this.#idle.splice(place, 1)[0]!;
    const client = this.#make();
    this.#all.push(client);
    return client;
  }

  /** Takes a client back whose request is over. */
  give(client: T): void {
    if (!this.#isSingle) this.#idle.push(client);
  }

  /** Closes all connections. */
  async destroy(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
  }
}
