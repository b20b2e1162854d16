/**
 * An engine for Artillery that makes each virtual user a channel: `engines: { pushencoder: {} }` in a script.
 *
 * @module
 */

export { default } from "./lib/load/artillery.ts";
export type * from "./lib/load/artillery.ts";
