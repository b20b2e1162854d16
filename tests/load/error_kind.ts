import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorKind } from "../../lib/load/error_kind.ts";

const test = suite("errorKind");

const coded = (code: string) => Object.assign(new Error("it failed"), { code });
const cases: readonly (readonly [error: Error, kind: string])[] = [
  [coded("ECONNREFUSED"), "ECONNREFUSED"],
  [coded("UND_ERR_SOCKET"), "connection lost"],
  [coded("UND_ERR_CONNECT_TIMEOUT"), "connect timeout"],
  [coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "certificate not trusted"],
  [coded("DEPTH_ZERO_SELF_SIGNED_CERT"), "certificate not trusted"],
  [new TypeError("fetch failed", { cause: coded("ENOTFOUND") }), "ENOTFOUND"],
  [new TypeError("client error (Connect): tcp connect error: Connection refused"), "ECONNREFUSED"],
  [
    new TypeError("client error: invalid peer certificate: UnknownIssuer"),
    "certificate not trusted",
  ],
  [new TypeError("error sending request"), "connection lost"],
];
for (const [error, kind] of cases) {
  test(`calls ${JSON.stringify(error.message)} ${kind}`, () => assert.is(errorKind(error), kind));
}

test.run();
