// The registry `s3` against the development store, which checks signatures and conditions.
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  type ObjectStore,
  type ObjectStoreOptions,
  startObjectStore,
} from "../../tools/local/object_store.ts";
import { suite } from "../../tools/testing/suite.ts";
import { CONFIGURED, registryFailure, setEnvironment } from "../testing/registry.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { isSignedBy, readHostEntry } from "../../wire/mod.ts";
import { readIdentity } from "../access/host_key.ts";
import type { FailureKind } from "./registry.ts";
import { explain, s3Registry } from "./registry_s3.ts";
import { objectUrl, S3Error } from "./s3_object.ts";

const test = suite("registry s3");
const never = new AbortController().signal;

const BUCKET = "registry";
const KEY = "hosts/pi.json";
const ADMISSION = "admission/pi.json";

const state = join(temporaryFolder(), "state");
const identity = await readIdentity(state);
const stranger = await readIdentity(`${state}-2`);

/** A store that hosts find by the SDKs' own variable. */
async function setUp(options: Partial<ObjectStoreOptions> = {}): Promise<ObjectStore> {
  const store = await startObjectStore({ bucket: BUCKET, keys: { laptop: "secret" }, ...options });
  setEnvironment({ ...CONFIGURED, AWS_ENDPOINT_URL_S3: store.endpoint });
  return store;
}

function open(options: Partial<Parameters<typeof s3Registry>[0]> = {}) {
  return s3Registry({ bucket: BUCKET, region: "us-east-1", host: "pi", identity, ...options });
}

async function register(connectionId: string, registry = open()): Promise<void> {
  await (await registry.read(never)).replace(connectionId, never);
}

test("the object is reached over IPv4 and IPv6, unless the SDKs' variable names another place", () => {
  const object = { bucket: BUCKET, key: KEY, region: "eu-west-1" };
  setEnvironment({ ...CONFIGURED, AWS_ENDPOINT_URL_S3: undefined });
  assert.is(
    objectUrl(object),
    "https://registry.s3.dualstack.eu-west-1.amazonaws.com/hosts/pi.json",
  );
  setEnvironment({ ...CONFIGURED, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9000/" });
  assert.is(objectUrl(object), "http://127.0.0.1:9000/registry/hosts/pi.json");
});

test("a host registers where nobody is, under its name, signed", async () => {
  await using store = await setUp();
  const registry = open();
  assert.is(registry.name, "hosts/pi.json in registry");
  const entry = await registry.read(never);
  assert.is(entry.connectionId, undefined);
  await entry.replace("first=", never);
  assert.is((await registry.read(never)).connectionId, "first=");
  const written = await readHostEntry(new Response(store.read(KEY)), "pi");
  assert.ok(await isSignedBy(written, identity.publicKey));
  assert.ok(Math.abs(written.time - Date.now()) < 60_000);
});

test("of two hosts that read the same, one writes, whether there was an entry or not", async () => {
  await using _ = await setUp();
  for (const round of ["a", "b"]) {
    const [one, two] = await Promise.all([open().read(never), open().read(never)]);
    await one.replace(`one-${round}=`, never);
    assert.is((await registryFailure(two.replace(`two-${round}=`, never))).kind, "conflict");
    assert.is((await open().read(never)).connectionId, `one-${round}=`);
  }
});

test("a host that leaves says so, unless another has registered since", async () => {
  await using _ = await setUp();
  const [first, second] = [open(), open()];
  await first.withdraw(never);
  await register("first=", first);
  await first.withdraw(never);
  assert.is((await second.read(never)).connectionId, undefined);
  await register("first=", first);
  await register("second=", second);
  await first.withdraw(never);
  assert.is((await first.read(never)).connectionId, "second=");
});

test("an entry that this host's key has not signed is told of, once, and can be written over", async () => {
  await using store = await setUp();
  await register("thief=", open({ identity: stranger }));
  const told: string[] = [];
  const registry = open({ onForeign: (message) => told.push(message) });
  assert.is((await registry.read(never)).connectionId, "thief=");
  await registry.read(never);
  assert.is(told.length, 1);
  assert.match(told[0]!, "hosts/pi.json in registry was not written by this host's key");
  await register("own=", registry);
  assert.is(told.length, 1);
  assert.is((await registry.read(never)).connectionId, "own=");
  // What is no entry at all is nobody's, and told of too.
  for (const text of ["", "{", "[]", " ".repeat(5_000)]) {
    store.write(KEY, text);
    await register("own=", registry);
  }
  assert.is(told.length, 5);
});

test("checks change nothing where there is an entry, and leave one of nobody where there is none", async () => {
  await using store = await setUp();
  const { rights } = open();
  assert.equal(rights.map(({ action }) => action), ["s3:PutObject", "s3:GetObject"]);
  for (const { tryOut } of rights) await tryOut(never);
  assert.is(JSON.parse(store.read(KEY)!).connectionId, undefined);
  await register("own=");
  const before = store.read(KEY);
  for (const { tryOut } of open().rights) await tryOut(never);
  assert.is(store.read(KEY), before);
});

for (const operation of ["GetObject", "PutObject"] as const) {
  test(`without s3:${operation}, checks and registration name the statement`, async () => {
    await using store = await setUp();
    await register("other=");
    store.faults.answer = (call) =>
      call.operation === operation ? { status: 403, code: "AccessDenied" } : undefined;
    const tryAll = async () => {
      for (const { tryOut } of open().rights) await tryOut(never);
    };
    for (const work of [tryAll(), register("own=")]) {
      const { kind, message } = await registryFailure(work);
      assert.is(kind, "owner");
      assert.match(message, `s3:${operation} on hosts/pi.json in registry failed: AccessDenied`);
      assert.equal(JSON.parse(/\{.*\}/.exec(message)![0]), {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: "arn:aws:s3:::registry/hosts/pi.json",
      });
    }
  });
}

for (const hours of [-1, 1]) {
  test(`a clock that is ${hours} h off is told the time by S3, and the host registers`, async () => {
    await using store = await setUp({ now: () => Date.now() - hours * 3_600_000 });
    const registry = open();
    await register("own=", registry);
    assert.is((await registry.read(never)).connectionId, "own=");
    const outcomes = ({ key }: { key: string }) =>
      store.calls.filter((call) => call.key === key).map(({ status, code }) => code ?? status);
    assert.equal(outcomes({ key: KEY }), ["RequestTimeTooSkewed", "AccessDenied", 200, 200]);
    const noKey = ["RequestTimeTooSkewed", "AccessDenied", "AccessDenied"];
    assert.equal(outcomes({ key: ADMISSION }), noKey);
  });
}

test("without credentials, or with such as AWS does not know, it says what to check", async () => {
  await using _ = await setUp();
  setEnvironment({ AWS_SECRET_ACCESS_KEY: "other" });
  const unknown = await registryFailure(open().read(never));
  assert.match(unknown.message, /SignatureDoesNotMatch. Check the AWS credentials of this host/);
  setEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
  const none = await registryFailure(open().read(never));
  assert.match(none.message, /CredentialsProviderError. Check the AWS credentials of this host/);
  assert.equal([unknown.kind, none.kind], ["owner", "owner"]);
});

test("another bucket and a network that is gone are told apart", async () => {
  const store = await setUp();
  const other = await registryFailure(open({ bucket: "another" }).read(never));
  assert.equal([other.kind, /Check --bucket/.test(other.message)], ["owner", true]);
  await store[Symbol.asyncDispose]();
  const gone = await registryFailure(open().read(never));
  assert.is(gone.kind, "transient");
  assert.match(gone.message, "ECONNREFUSED");
});

test("waiting ends when it is told to", async () => {
  await using store = await setUp();
  store.faults.answer = () => {
    stop.abort();
    return { status: 503, code: "SlowDown" };
  };
  const stop = new AbortController();
  assert.is((await registryFailure(open().read(stop.signal))).kind, "transient");
});

const attempt = { operation: "PutObject", bucket: BUCKET, key: KEY, region: "us-east-1" };
const failures: [status: number, code: string, kind: FailureKind, message: RegExp][] = [
  [412, "PreconditionFailed", "conflict", /Somebody else has written it meanwhile/],
  [409, "ConditionalRequestConflict", "conflict", /Somebody else/],
  [301, "PermanentRedirect", "owner", /not in us-east-1: check --region/],
  [400, "AuthorizationHeaderMalformed", "owner", /check --region/],
  [400, "ExpiredToken", "owner", /aws sso login/],
  [403, "InvalidAccessKeyId", "owner", /Check the AWS credentials/],
  [403, "RequestTimeTooSkewed", "owner", /clock/],
  [404, "NoSuchBucket", "owner", /run pulumi up/],
  [503, "SlowDown", "transient", /PutObject on hosts\/pi.json in registry failed: SlowDown/],
  [500, "HTTP 500", "transient", /HTTP 500/],
];
for (const [status, code, kind, message] of failures) {
  test(`${status} ${code} is a matter of ${kind}`, () => {
    const error = explain(new S3Error(status, code, "why"), attempt);
    assert.is(error.kind, kind);
    assert.match(error.message, message);
    assert.instance(error.cause, S3Error);
  });
}

test.run();
