import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ntlmAnswers,
  type NtlmChallenge,
  readChallengeMessage,
  writeAuthenticateMessage,
  writeNegotiateMessage,
} from "../../lib/ingest/ntlm_message.ts";
import { concat, fromHex, toHex } from "../../lib/mp4/box.ts";

// MS-NLMP 4.2.1 and 4.2.4
const CREDENTIALS = { user: "Domain\\User", password: "Password" };
const OPTIONS = { clientChallenge: fromHex("aa".repeat(8)), time: 0n };
const INFO = fromHex(
  "02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000",
);
const MESSAGE = fromHex(
  "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000240024004400000006" +
    "0070170000000f530065007200760065007200" +
    toHex(INFO),
);

const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const number = (bytes: Uint8Array, at: number, size: number) =>
  bytes.subarray(at, at + size).reduceRight((value, byte) => value * 256 + byte, 0);
const fieldOf = (bytes: Uint8Array, at: number) => {
  const start = number(bytes, at + 4, 4);
  return bytes.subarray(start, start + number(bytes, at, 2));
};
const wide = (bytes: Uint8Array) => new TextDecoder("utf-16le").decode(bytes);

const challenge = (options: Partial<NtlmChallenge> = {}): NtlmChallenge => ({
  ...readChallengeMessage(MESSAGE)!,
  ...options,
});

const writeTest = suite("writeNegotiateMessage");

writeTest("asks for Unicode and NTLM, and names nobody", () => {
  const bytes = writeNegotiateMessage();
  assert.is(ascii(bytes.subarray(0, 8)), "NTLMSSP\0");
  assert.is(number(bytes, 8, 4), 1);
  assert.is(number(bytes, 12, 4), 0x88205);
  assert.is(fieldOf(bytes, 16).length + fieldOf(bytes, 24).length, 0);
  assert.is(bytes.length, 32);
});

writeTest.run();

const readTest = suite("readChallengeMessage");

readTest("reads the example of the specification", () => {
  const read = readChallengeMessage(MESSAGE)!;
  assert.is(toHex(read.serverChallenge), "0123456789abcdef");
  assert.is(toHex(read.targetInfo), toHex(INFO));
  assert.is(read.timestamp, undefined);
  assert.is(read.flags >>> 0, 0xe28a8233);
});

readTest("finds the server's time", () => {
  const info = concat(
    fromHex("01000200410007000800"),
    fromHex("0102030405060708"),
    fromHex("00000000"),
  );
  const message = concat(MESSAGE.subarray(0, 68), info);
  message.set([info.length, 0, info.length, 0], 40);
  assert.is(toHex(readChallengeMessage(message)!.timestamp!), "0102030405060708");
});

readTest("does without target information where there is none", () => {
  const old = MESSAGE.slice(0, 32);
  old[22] = 0x0a;
  assert.is(readChallengeMessage(old)!.targetInfo.length, 0);
});

const broken: [name: string, Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["half a message", MESSAGE.subarray(0, 31)],
  ["a message of another type", MESSAGE.map((byte, n) => n === 8 ? 3 : byte)],
  ["another signature", MESSAGE.map((byte, n) => n === 0 ? 0 : byte)],
  ["target information past the end", MESSAGE.map((byte, n) => n === 41 ? 0xff : byte)],
  ["a server without Unicode", MESSAGE.map((byte, n) => n === 20 ? 0x32 : byte)],
];
for (const [name, bytes] of broken) {
  readTest(`takes nothing of ${name}`, () => {
    assert.is(readChallengeMessage(bytes), undefined);
  });
}

readTest("lives with target information that is cut off", () => {
  for (let size = 0; size <= INFO.length; size++) {
    const message = concat(MESSAGE.subarray(0, 68), INFO.subarray(0, size));
    message.set([size, 0, size, 0], 40);
    assert.is(readChallengeMessage(message)!.targetInfo.length, size);
  }
});

readTest.run();

const answerTest = suite("ntlmAnswers");

answerTest("answers the example of the specification", () => {
  const { lm, nt } = ntlmAnswers(CREDENTIALS, challenge(), OPTIONS);
  assert.is(toHex(lm), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
  assert.is(
    toHex(nt),
    `68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000${
      toHex(INFO)
    }00000000`,
  );
});

answerTest("takes the time of the server, and leaves the older answer out then", () => {
  const { lm, nt } = ntlmAnswers(
    CREDENTIALS,
    challenge({ timestamp: fromHex("0102030405060708") }),
    {
      ...OPTIONS,
      time: 99n,
    },
  );
  assert.is(toHex(lm), "00".repeat(24));
  assert.is(toHex(nt.subarray(24, 32)), "0102030405060708");
});

answerTest("takes the time of the clock where the server tells none", () => {
  const { nt } = ntlmAnswers(CREDENTIALS, challenge(), { ...OPTIONS, time: 0x0102n });
  assert.is(toHex(nt.subarray(24, 32)), "0201000000000000");
});

const proof = (user: string) =>
  toHex(ntlmAnswers({ user, password: "Password" }, challenge(), OPTIONS).nt.subarray(0, 16));

answerTest("does not mind the case of the user's name, but that of the domain", () => {
  assert.is(proof("Domain\\uSER"), proof("Domain\\User"));
  assert.is.not(proof("DOMAIN\\User"), proof("Domain\\User"));
  assert.is(proof("Domain\\jörß"), proof("Domain\\JÖRß"));
});

answerTest.run();

const messageTest = suite("writeAuthenticateMessage");

const names: [login: string, domain: string, user: string][] = [
  ["Domain\\User", "Domain", "User"],
  ["User", "", "User"],
  ["user@example.org", "", "user@example.org"],
  ["D\\a\\b", "D", "a\\b"],
  ["Ünï\\Jös€", "Ünï", "Jös€"],
];
for (const [user, domain, name] of names) {
  messageTest(`names ${user} as ${name} of "${domain}"`, () => {
    const bytes = writeAuthenticateMessage({ user, password: "Password" }, challenge(), OPTIONS);
    assert.is(wide(fieldOf(bytes, 28)), domain);
    assert.is(wide(fieldOf(bytes, 36)), name);
  });
}

messageTest("carries both answers and no more than was asked for", () => {
  const bytes = writeAuthenticateMessage(CREDENTIALS, challenge(), OPTIONS);
  const { lm, nt } = ntlmAnswers(CREDENTIALS, challenge(), OPTIONS);
  assert.is(ascii(bytes.subarray(0, 8)), "NTLMSSP\0");
  assert.is(number(bytes, 8, 4), 3);
  assert.equal(fieldOf(bytes, 12), lm);
  assert.equal(fieldOf(bytes, 20), nt);
  assert.is(fieldOf(bytes, 44).length + fieldOf(bytes, 52).length, 0);
  assert.is(number(bytes, 60, 4), 0x888201);
  assert.is(bytes.length, 64 + lm.length + nt.length + 2 * "DomainUser".length);
});

messageTest.run();
