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
  | { readonly name: "silent" }
  | { readonly name: "refused" };

const FILETIME_OF_UNIX = 116_444_736_000_000_000n;

/**
 * Windows Authentication by NTLM (MS-NTHT), under its own name or under that of Negotiate, where IIS takes it as it is.
 * A login takes three requests of one connection and counts for that connection: later requests on it carry nothing.
 */
export class Ntlm {
  readonly #credentials: Credentials;
  #scheme: "NTLM" | "Negotiate" = "NTLM";
  #step: Step = { name: "silent" };

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /**
   * Goes on with the handshake, or starts it.
   *
   * @returns Whether the next message is worth sending: not if the last one was the last of the handshake.
   */
  meet(challenges: readonly Challenge[]): boolean {
    const { name } = this.#step;
    if (name === "negotiate" || name === "authenticate") return true; // not sent yet
    if (name === "silent") {
      const offered = challenges.map(({ scheme }) => scheme);
      const isPlain = offered.includes("ntlm");
      if (!isPlain && !offered.includes("negotiate")) return false;
      this.#scheme = isPlain ? "NTLM" : "Negotiate";
      this.#step = { name: "negotiate" };
      return true;
    }
    const challenge = name === "negotiating" ? this.#challenge(challenges) : undefined;
    this.#step = challenge ? { name: "authenticate", challenge } : { name: "refused" };
    return challenge !== undefined;
  }

  #challenge(challenges: readonly Challenge[]): NtlmChallenge | undefined {
    const scheme = this.#scheme.toLowerCase();
    const token = challenges.find((one) => one.scheme === scheme && one.token)?.token;
    const message = token === undefined ? undefined : fromBase64(token);
    return message && readChallengeMessage(message);
  }

  /** The value of the `Authorization` header of one request; nothing where the connection should be logged in. */
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
    if (step.name !== "refused") this.#step = { name: "silent" };
    return undefined;
  }

  /** The next request is the first of a new connection. */
  reset(): void {
    if (this.#step.name !== "refused") this.#step = { name: "negotiate" };
  }
}
