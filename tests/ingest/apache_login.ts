import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Authorization, type AuthScheme } from "../../lib/ingest/authorization.ts";
import { createPoint } from "../../lib/ingest/create_point.ts";
import { openTransport, type Transport, type TransportAnswer } from "../../lib/ingest/transport.ts";
import { type Apache, hasApache, startApache } from "../helpers/apache.ts";
import { type RecordedRequest, type Recorder, startRecorder } from "../helpers/recorder.ts";
import { testIf } from "../helpers/test_if.ts";

const MODULES = [
  "authn_core",
  "authn_file",
  "authz_user",
  "auth_basic",
  "auth_digest",
  "proxy",
  "proxy_http",
];
const REALM = "push points"; // with quotes in it, no answer matches at Apache
const PASSWORD = "päss:w0rd";
const USERS = ["joe", "DOMAIN\\joe", 'Jäsøn "x" Doe'];

const digestLine = (user: string) => {
  const hash = createHash("md5").update(`${user}:${REALM}:${PASSWORD}`).digest("hex");
  return `${user}:${REALM}:${hash}\n`;
};
const basicLine = (user: string) => {
  const hash = createHash("sha1").update(PASSWORD).digest("base64");
  return `${user}:{SHA}${hash}\n`;
};

/** Each folder behind a login of its own, in front of a server that takes everything. */
const config = (folder: string, backend: string) => `
ProxyPass / ${backend}/
<Location />
  AuthName "${REALM}"
  Require valid-user
</Location>
<Location /digest>
  AuthType Digest
  AuthUserFile ${folder}/digest
</Location>
<Location /basic>
  AuthType Basic
  AuthBasicProvider file
  AuthUserFile ${folder}/basic
</Location>
`;

interface Context {
  readonly apache: Apache;
  readonly recorder: Recorder;
  /** Makes a request, again as long as its challenge can be met. */
  post(authorization: Authorization, path: string, pieces?: readonly string[]): Promise<number>;
  readonly transport: Transport;
}

async function withApache(use: (context: Context) => Promise<void>): Promise<void> {
  const recorder = await startRecorder();
  const apache = await startApache({
    modules: MODULES,
    files: { digest: USERS.map(digestLine).join(""), basic: USERS.map(basicLine).join("") },
    config: (folder) => config(folder, recorder.url),
  });
  const transport = await openTransport();
  try {
    const post: Context["post"] = async (authorization, path, pieces) => {
      const url = apache.url + path;
      const once = (): Promise<TransportAnswer> => {
        const value = authorization.header("POST", url);
        return transport.request({
          method: "POST",
          url,
          headers: value === undefined ? [] : [["Authorization", value]],
          body: pieces ? chunks(pieces) : new Uint8Array(0),
          signal: new AbortController().signal,
        });
      };
      await authorization.prepare();
      let answer = await once();
      while (authorization.meet(answer, url)) answer = await once();
      return answer.status;
    };
    await use({ apache, recorder, post, transport });
  } finally {
    await transport.close();
    await apache.close();
    await recorder.close();
  }
}

async function* chunks(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield new TextEncoder().encode(piece);
}

const login = (user = "joe", password = PASSWORD, scheme: AuthScheme = "auto") =>
  new Authorization({ credentials: { user, password }, scheme });

const carried = ({ headers }: RecordedRequest) => String(headers.authorization);
const param = (request: RecordedRequest, name: string) =>
  new RegExp(`\\b${name}="?([^",]*)`).exec(carried(request))?.[1];

const whole = suite("Authorization at Apache");

const test = testIf(
  hasApache(MODULES),
  whole,
  "Digest and Basic are not tried at Apache, as there is none",
);

for (const user of USERS) {
  test(`pushes as ${user} by Digest, with one nonce for probe and push`, () =>
    withApache(async ({ post, recorder }) => {
      const path = "/digest/a%20b.isml/Streams(1-stream0)?token=a%2Fb&c";
      const authorization = login(user);
      assert.is(await post(authorization, path), 200);
      authorization.offer();
      assert.is(await post(authorization, path, ["HEAD", "MOOV"]), 200);
      const [probe, push] = recorder.requests as [RecordedRequest, RecordedRequest];
      assert.is(recorder.requests.length, 2);
      assert.is(new TextDecoder().decode(push.body()), "HEADMOOV");
      assert.equal([param(probe, "nc"), param(push, "nc")], ["00000001", "00000002"]);
      assert.is(param(push, "nonce"), param(probe, "nonce"));
      assert.is(param(push, "uri"), path);
    }));

  test(`pushes as ${user} by Basic`, () =>
    withApache(async ({ post, recorder }) => {
      for (const scheme of ["auto", "basic"] as const) {
        const authorization = login(user, PASSWORD, scheme);
        assert.is(await post(authorization, "/basic/x.isml/Streams(s)"), 200);
        assert.is(await post(authorization, "/basic/x.isml/Streams(s)", ["HEAD"]), 200);
      }
      assert.is(recorder.requests.length, 4);
    }));
}

test("is refused with a wrong password after one try", () =>
  withApache(async ({ post, recorder }) => {
    for (const folder of ["digest", "basic"]) {
      assert.is(await post(login("joe", "wrong"), `/${folder}/x.isml`), 401);
      assert.is(await post(login("nobody"), `/${folder}/x.isml`), 401);
    }
    assert.is(await post(login("joe", PASSWORD, "digest"), "/basic/x.isml"), 401);
    assert.is(await post(login("joe", PASSWORD, "basic"), "/digest/x.isml"), 401);
    assert.is(recorder.requests.length, 0);
  }));

test("goes on with a new nonce when the server was started again and finds the old one stale", () =>
  withApache(async ({ post, recorder, apache }) => {
    const authorization = login();
    for (let round = 0; round < 3; round++) {
      assert.is(await post(authorization, "/digest/x.isml"), 200);
      assert.is(await post(authorization, "/digest/x.isml", ["HEAD"]), 200);
      await apache.restart();
    }
    const nonces = recorder.requests.map((request) => param(request, "nonce"));
    assert.is(new Set(nonces).size, 3);
  }));

test("creates a publishing point by Digest and by Basic", () =>
  withApache(async ({ recorder, apache, transport }) => {
    for (const folder of ["digest", "basic"]) {
      const url = `${apache.url}/${folder}/new.isml`;
      assert.is(await createPoint({ url, transport, authorization: login() }), 200);
    }
    assert.equal(recorder.requests.map(({ method, url }) => `${method} ${url}`), [
      "PUT /digest/new.isml",
      "PUT /basic/new.isml",
    ]);
  }));

whole.run();
