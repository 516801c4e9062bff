// Registration by the relay, from its handshake to the bucket: what a host can write, and what nobody else can.
import * as assert from "uvu/assert";
import { type ObjectStore, startObjectStore } from "../tools/local/object_store.ts";
import { suite } from "../tools/testing/suite.ts";
import { toBase64url } from "../wire/base64url.ts";
import { formatProof, formatProtocols } from "../wire/signal/admission.ts";
import { isSignedBy, parseHostEntry, signHostEntry } from "../wire/signal/host_entry.ts";
import {
  MAX_SKEW_MS,
  proveHost,
  type RegistryAnswer,
  type RegistryRequest,
  type Signer,
  signRequest,
  type Unsigned,
  type WriteRequest,
} from "../wire/signal/registration.ts";
import { createSigner } from "../wire/testing/host_signer.ts";
import { Bucket } from "./bucket.ts";
import { Registration } from "./registration.ts";
import { BucketRegistry } from "./registry.ts";
import { relay, type RelayEnvironment } from "./relay.ts";

const test = suite("relay registration");

const NAME = "registry";
const KEY = "k".repeat(43);
const HOST = "host=";
const OTHER = "other=";

const pi = await createSigner("pi");
const laptop = await createSigner("laptop");
const stranger = await createSigner("pi");

interface Setup extends AsyncDisposable {
  store: ObjectStore;
  environment: RelayEnvironment;
  registry: BucketRegistry;
  /** Sends a request of a host by a connection. @returns The answer, or the error. */
  ask(request: RegistryRequest, sender?: string, host?: string): Promise<Answer>;
  look(signer?: Signer, sender?: string): Promise<Answer>;
  write(changes?: Partial<WriteRequest>, signer?: Signer, sender?: string): Promise<Answer>;
  /** The requests to the bucket so far. */
  count(): number;
}

type Answer = Partial<RegistryAnswer> & { code?: string; message?: string };

async function setUp(): Promise<Setup> {
  const store = await startObjectStore({ bucket: NAME, keys: { role: "secret" } });
  const bucket = new Bucket({
    bucket: NAME,
    region: "us-east-1",
    endpoint: store.endpoint,
    credentials: () => ({ accessKeyId: "role", secretAccessKey: "secret" }),
  });
  const hostKeys = new Map([pi, laptop].map(({ host, hostKey }) => [host, toBase64url(hostKey)]));
  const registry = new BucketRegistry(bucket, [...hostKeys.keys()]);
  const { lookup, admissionKeys } = registry;
  const onWrite = (host: string) => registry.forget(host);
  const environment: RelayEnvironment = {
    allowedOrigins: [],
    lookup,
    admissionKeys,
    hostKeys,
    registration: new Registration({ bucket, hostKeys, onWrite }),
  };
  const ask: Setup["ask"] = async (data, sender = HOST, host = "pi") => {
    const posts: Record<string, unknown>[] = [];
    const body = JSON.stringify({ action: "hostSignal", to: "registry", host, data });
    await relay({ kind: "message", connectionId: sender, body }, environment, (to, text) => {
      posts.push({ to, ...JSON.parse(text) });
      return Promise.resolve("delivered");
    });
    assert.is(posts.length, 1);
    const { to, from, data: answer, error } = posts[0] as Record<string, Answer & { to?: string }>;
    assert.is(to, sender, "nobody else gets the answer");
    if (error) assert.is(error.to, "registry");
    else assert.is(from, "registry");
    return error ?? answer!;
  };
  const send = async (unsigned: Unsigned, signer: Signer, sender: string) =>
    await ask(await signRequest(unsigned, sender, signer), sender, signer.host);
  return {
    store,
    environment,
    registry,
    ask,
    look: (signer = pi, sender = HOST) =>
      send({ type: "look", nonce: "look", time: Date.now() }, signer, sender),
    write: (changes, signer = pi, sender = HOST) =>
      send(
        {
          type: "write",
          nonce: "write",
          time: Date.now(),
          revision: "",
          connectionId: sender,
          admission: KEY,
          ...changes,
        },
        signer,
        sender,
      ),
    count: () => store.calls.length,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function connect(environment: RelayEnvironment, protocols: string[]): Promise<number> {
  const post = () => Promise.resolve("delivered" as const);
  return (await relay({ kind: "connect", connectionId: HOST, protocols }, environment, post))
    .statusCode;
}

test("a host whose key the relay knows connects before it has registered, and nobody else does", async () => {
  await using at = await setUp();
  const shown = async (signer: Signer, host = signer.host, time = Date.now()) =>
    formatProof(host, await proveHost({ ...signer, host }, time));
  assert.is(await connect(at.environment, await shown(pi)), 200);
  assert.is(await connect(at.environment, await shown(laptop)), 200);
  assert.is(at.count(), 0, "a proof needs no read");
  assert.is(await connect(at.environment, await shown(stranger)), 401);
  assert.is(await connect(at.environment, await shown(pi, "laptop")), 401, "another host's name");
  assert.is(await connect(at.environment, await shown(pi, "unknown")), 401);
  assert.is(
    await connect(at.environment, await shown(pi, "pi", Date.now() - MAX_SKEW_MS - 1_000)),
    401,
  );
  assert.is(await connect(at.environment, formatProtocols({ host: "pi" })), 401);
  assert.is(await connect({ ...at.environment, hostKeys: undefined }, await shown(pi)), 401);
});

test("a host registers itself with its key, is found, and says that it has left", async () => {
  await using at = await setUp();
  assert.equal(await at.look(), { nonce: "look", revision: "" });
  const { revision } = await at.write();
  assert.ok(revision);
  assert.is(await at.registry.lookup("pi"), HOST);
  assert.is(await at.registry.admissionKeys("pi"), KEY);
  const entry = parseHostEntry(at.store.read("hosts/pi.json")!, "pi");
  assert.ok(await isSignedBy(entry, pi.hostKey), "pages can tell that it is the host's");
  assert.equal(await at.look(), { nonce: "look", revision, entry, admission: KEY });
  const left = await at.write({
    revision,
    connectionId: undefined,
    admission: undefined,
    time: entry.time + 1,
  });
  assert.ok(left.revision);
  assert.is(await at.registry.lookup("pi"), undefined, "what was cached is forgotten");
  assert.is(await at.registry.admissionKeys("pi"), KEY);
});

test("what others send is refused before anything is read", async () => {
  await using at = await setUp();
  const { signature, ...unsigned } = await signRequest(
    { type: "look", nonce: "n", time: Date.now() },
    HOST,
    pi,
  );
  for (
    const [what, code, answer] of [
      ["a look of a stranger", "not-allowed", at.look(stranger)],
      ["a write of a stranger", "not-allowed", at.write({}, stranger)],
      ["a look by another connection", "not-allowed", at.ask({ ...unsigned, signature }, OTHER)],
      ["a look of another host", "not-allowed", at.ask({ ...unsigned, signature }, HOST, "laptop")],
      ["a look of no host", "not-allowed", at.ask({ ...unsigned, signature }, HOST, "nobody")],
      [
        "a write of an old time",
        "not-allowed",
        at.write({ time: Date.now() - MAX_SKEW_MS - 1_000 }),
      ],
      [
        "a write of a late time",
        "not-allowed",
        at.write({ time: Date.now() + MAX_SKEW_MS + 1_000 }),
      ],
      ["a write of another connection", "not-allowed", at.write({ connectionId: OTHER })],
      ["nonsense", "bad-message", at.ask({ type: "list" } as never)],
      ["nothing", "bad-message", at.ask(7 as never)],
    ] as [string, string, Promise<Answer>][]
  ) {
    assert.is((await answer).code, code, what);
    assert.is(at.count(), 0, what);
  }
});

test("a clock that is wrong is named as the cause", async () => {
  await using at = await setUp();
  const { message } = await at.write({ time: Date.now() - 3_600_000 });
  assert.match(message!, /this machine's clock is -3600 s away from the relay's. Set it right/);
});

test("a write that is sent again, or later than another one, changes nothing", async () => {
  await using at = await setUp();
  const time = Date.now();
  const first = await signRequest(
    { type: "write", nonce: "n", time, revision: "", connectionId: HOST, admission: KEY },
    HOST,
    pi,
  );
  const { revision } = await at.ask(first);
  const text = at.store.read("hosts/pi.json");
  // As a replay on the same connection: the revision is another one now.
  assert.equal(await at.ask(first), { nonce: "n" });
  // As whoever may write the bucket puts it back: signed for that revision, but not newer.
  for (const late of [time, time - 1]) {
    const { code, message } = await at.write({ time: late, revision });
    assert.is(code, "not-allowed");
    assert.match(message!, /newer entry/);
  }
  assert.is(at.store.read("hosts/pi.json"), text);
});

test("an entry of a time that no relay takes is written over, though the host has signed it", async () => {
  await using at = await setUp();
  // By the registry s3, whose host had a clock that was a year ahead.
  const time = Date.now() + 365 * 86_400_000;
  at.store.write("hosts/pi.json", await signHostEntry({ ...pi, connectionId: OTHER, time }));
  const { revision, entry } = await at.look();
  assert.is(entry!.time, time);
  assert.ok((await at.write({ revision })).revision);
  assert.is(await at.registry.lookup("pi"), HOST);
});

test("of two hosts that race, one registers, and the other one's key is not written", async () => {
  await using at = await setUp();
  for (let round = 0; round < 5; round++) {
    const { revision = "", entry } = await at.look();
    const time = Math.max(Date.now(), (entry?.time ?? 0) + 1);
    const sent = [HOST, OTHER].map((sender, index) =>
      at.write({ revision, time: time + index, admission: undefined }, pi, sender)
    );
    const done = (await Promise.all(sent)).filter((answer) => answer.revision !== undefined);
    assert.is(done.length, 1);
    assert.is((await at.look()).revision, done[0]!.revision);
  }
  // The admission keys race as the entries do.
  const { revision, entry } = await at.look();
  const keys = ["a".repeat(43), "b".repeat(43)];
  const answers = await Promise.all(
    keys.map((admission, index) =>
      at.write({ revision, admission, time: entry!.time + 1 + index }, pi, [HOST, OTHER][index])
    ),
  );
  const winner = answers.findIndex((answer) => answer.revision !== undefined);
  assert.is(answers[1 - winner]!.revision, undefined);
  assert.is(at.store.read("admission/pi.json"), JSON.stringify({ key: keys[winner] }));
});

test("an entry that the host has not signed, or that is none, is written over", async () => {
  await using at = await setUp();
  const theirs = await signRequest(
    { type: "write", nonce: "n", time: Date.now() + 1e6, revision: "", connectionId: OTHER },
    OTHER,
    stranger,
  ) as WriteRequest;
  const entry = {
    host: "pi",
    connectionId: OTHER,
    time: theirs.time,
    hostKey: toBase64url(stranger.hostKey),
    signature: theirs.entry,
  };
  for (const text of [JSON.stringify(entry), "{", " ".repeat(5_000)]) {
    at.store.write("hosts/pi.json", text);
    at.store.write("admission/pi.json", text);
    const { revision } = await at.look();
    assert.ok((await at.write({ revision })).revision, text);
    assert.is(await at.registry.lookup("pi"), HOST);
  }
});

test("a bucket that does not answer is said to be at fault, and nothing is half written", async () => {
  await using at = await setUp();
  at.store.faults.answer = ({ operation }) =>
    operation === "PutObject" ? { status: 503, code: "SlowDown" } : undefined;
  const { code, message } = await at.write();
  assert.is(code, "relay-failed");
  assert.match(message!, /S3 does not answer/);
  assert.is(at.store.read("hosts/pi.json"), undefined);
  at.store.faults.answer = ({ key, operation }) =>
    operation === "PutObject" && key.startsWith("hosts/")
      ? { status: 500, code: "InternalError" }
      : undefined;
  assert.is((await at.write()).code, "relay-failed");
  assert.is(
    at.store.read("admission/pi.json"),
    JSON.stringify({ key: KEY }),
    "never open meanwhile",
  );
  at.store.faults.answer = undefined;
  assert.ok((await at.write()).revision);
});

test("a relay whose hosts write their registry themselves takes no registration", async () => {
  await using at = await setUp();
  Object.assign(at.environment, { registration: undefined });
  const { code, message } = await at.look();
  assert.is(code, "not-allowed");
  assert.match(message!, /only the host may use "to"/);
});

test.run();
