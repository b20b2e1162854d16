import type { Credentials } from "./authorization.ts";
import type { Challenge } from "./challenge.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import {
  type NtlmChallenge,
  readChallengeMessage,
  writeAuthenticateMessage,
  writeNegotiateMessage,
} from "./ntlm_message.ts";

/** Where the handshake of the present connection stands: which message comes next, or what the last request carried. */
type Step =
  | { readonly name: "negotiate" }
  | { readonly name: "negotiating" }
  | { readonly name: "authenticate"; readonly challenge: NtlmChallenge }
  | { readonly name: "authenticating" }
  | { readonly name: "silent" };

const FILETIME_OF_UNIX = 116_444_736_000_000_000n;

/**
 * Windows Authentication by NTLM (MS-NTHT), under its own name or under that of Negotiate, where IIS takes it as it is.
 * A login takes three requests of one connection and counts for that connection: later requests on it carry nothing.
 */
export class Ntlm {
  readonly #credentials: Credentials;
  #scheme: "NTLM" | "Negotiate" = "NTLM";
  #step: Step = { name: "silent" };
  #isStarted = false;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /**
   * Goes on with the handshake, or starts it.
   *
   * @returns Whether the next message is worth sending: not if the last one was the last of the handshake.
   */
  meet(challenges: readonly Challenge[]): boolean {
    if (this.#step.name === "silent") {
      const find = (name: string) => challenges.find(({ scheme }) => scheme === name);
      const isPlain = find("ntlm") !== undefined;
      if (!isPlain && !find("negotiate")) return false;
      this.#scheme = isPlain ? "NTLM" : "Negotiate";
      this.#isStarted = true;
      this.#step = { name: "negotiate" };
      return true;
    }
    if (this.#step.name !== "negotiating") return false;
    const name = this.#scheme.toLowerCase();
    const token = challenges.find(({ scheme, token }) => scheme === name && token)?.token;
    const message = token === undefined ? undefined : fromBase64(token);
    const challenge = message && readChallengeMessage(message);
    if (!challenge) return false;
    this.#step = { name: "authenticate", challenge };
    return true;
  }

  /** The value of the `Authorization` header of one request; nothing where the connection is logged in, as far as is known. */
  header(): string | undefined {
    const step = this.#step;
    if (step.name === "negotiate") {
      this.#step = { name: "negotiating" };
      return `${this.#scheme} ${toBase64(writeNegotiateMessage())}`;
    }
    if (step.name === "authenticate") {
      this.#step = { name: "authenticating" };
      const message = writeAuthenticateMessage(this.#credentials, step.challenge, {
        clientChallenge: crypto.getRandomValues(new Uint8Array(8)),
        time: BigInt(Date.now()) * 10_000n + FILETIME_OF_UNIX,
      });
      return `${this.#scheme} ${toBase64(message)}`;
    }
    this.#step = { name: "silent" };
    return undefined;
  }

  /** The next request is the first of a new connection. */
  reset(): void {
    if (this.#isStarted) this.#step = { name: "negotiate" };
  }
}
