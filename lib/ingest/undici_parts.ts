import type { buildConnector, Client, Dispatcher } from "undici";
import { createRequire } from "node:module";

/** What is used of undici. */
export interface UndiciParts {
  readonly Client: typeof Client;
  readonly buildConnector: typeof buildConnector;
  /** Makes a request through a dispatcher, which is `this`. */
  readonly request: (
    this: Dispatcher,
    options: Dispatcher.RequestOptions,
  ) => Promise<Dispatcher.ResponseData>;
}

/**
 * Loads undici without what nobody uses here, as its `fetch`, caches and mocks, which take longer to load than all the
 * rest; the whole of it where its files lie elsewhere than they do in version 7.
 */
export function loadUndici(): UndiciParts {
  const require = createRequire(import.meta.url);
  try {
    return {
      Client: require("undici/lib/dispatcher/client.js"),
      buildConnector: require("undici/lib/core/connect.js"),
      request: require("undici/lib/api/api-request.js"),
    };
  } catch {
    const { buildConnector, Client } = require("undici") as typeof import("undici");
    return { buildConnector, Client, request: Client.prototype.request };
  }
}
