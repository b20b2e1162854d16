import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isUntrusted } from "../../lib/ingest/answers.ts";
import { checkTls } from "../../lib/ingest/tls.ts";
import { openTransport } from "../../lib/ingest/transport.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

const test = suite("checkTls");

for (const text of ["", "no certificate", PEM]) {
  const shown = JSON.stringify(text.slice(0, 20));
  test(`takes ${shown} neither for a certificate nor for a key`, () => {
    for (
      const [tls, what] of [
        [{ cert: text }, "the certificate"],
        [{ ca: text }, "the certificates to trust"],
        [{ key: text }, "the key"],
      ] as const
    ) {
      assert.throws(
        () => checkTls(tls),
        (error: Error) =>
          error instanceof RangeError &&
          error.message.startsWith(`Cannot use ${what} as it must be readable as PEM: `),
      );
    }
  });
}

test("is asked before there is a transport", async () => {
  const error = await openTransport({ tls: { ca: "none" } }).catch((reason: unknown) => reason);
  assert.instance(error, RangeError);
});

test.run();

const trustTest = suite("isUntrusted");

const withCode = (code: string) => Object.assign(new Error("x"), { code });
const causes: readonly [error: unknown, expected: boolean][] = [
  [withCode("DEPTH_ZERO_SELF_SIGNED_CERT"), true],
  [withCode("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), true],
  [withCode("CERT_HAS_EXPIRED"), true],
  [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), true],
  [new TypeError("fetch failed", { cause: withCode("SELF_SIGNED_CERT_IN_CHAIN") }), true],
  [new Error("client error (Connect): invalid peer certificate: UnknownIssuer"), true],
  [withCode("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), false],
  [withCode("ECONNREFUSED"), false],
  [withCode("UND_ERR_SOCKET"), false],
  [new Error("error sending request for http://h/MY_CERT.isml"), false],
  ["text", false],
];
for (const [error, expected] of causes) {
  const { code = "" } = error as { code?: string };
  trustTest(`is ${expected} for ${code} ${error}`, () => assert.is(isUntrusted(error), expected));
}

trustTest.run();
