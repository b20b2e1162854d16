/**
 * Schemes that keep the password to themselves. Only those who have one need them, and their hashes take a good part of
 * the time that a push needs to start.
 */
export { Digest } from "./digest.ts";
export { Ntlm } from "./ntlm.ts";
