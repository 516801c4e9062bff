import { randomBytes } from "node:crypto";
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { type HeaderField, type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Memory } from "../access/memory.ts";
import { decoded as decodedIn } from "./decoding.ts";

const test = suite("decoding");

type Bytes = Uint8Array;

const PHONE = { id: "phone", name: "phone" };

function decoded(answer: HttpResponse, memory = new Memory()): HttpResponse {
  return decodedIn(answer, () => memory.share(PHONE));
}

const TEXT = Buffer.from(
  "The quick brown fox. ".repeat(5000) + randomBytes(50_000).toString("hex"),
);

/** An answer whose body comes in parts of a size. */
function answerOf(
  bytes: Bytes,
  codings: string[],
  { status = 200, size = 1000, headers = [] as HeaderField[] } = {},
): HttpResponse {
  let at = 0;
  return {
    status,
    statusText: "",
    headers: [
      ["ETag", '"1"'],
      ...codings.map((coding): HeaderField => ["Content-Encoding", coding]),
      ["Content-Length", String(bytes.length)],
      ...headers,
    ],
    body: new ReadableStream({
      pull(controller) {
        if (at < bytes.length) controller.enqueue(bytes.subarray(at, at += size));
        else controller.close();
      },
    }),
  };
}

async function bytesOf({ body }: HttpResponse): Promise<Buffer> {
  return Buffer.from(await new Response(body).arrayBuffer());
}

function valuesOf({ headers }: HttpResponse, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

const codings: [what: string, codings: string[], encode: (bytes: Bytes) => Bytes][] = [
  ["br", ["br"], brotliCompressSync],
  ["BR in capitals, with spaces", [" BR "], brotliCompressSync],
  ["zstd", ["zstd"], zstdCompressSync],
  ["zstd in two frames", ["zstd"], (bytes) => {
    const frames = [bytes.subarray(0, 1000), bytes.subarray(1000)].map((part) =>
      zstdCompressSync(part)
    );
    return Buffer.concat(frames);
  }],
  ["deflate with zlib's head", ["deflate"], deflateSync],
  ["deflate with a small window", ["deflate"], (bytes) => deflateSync(bytes, { windowBits: 9 })],
  ["deflate without a head", ["deflate"], deflateRawSync],
  ["deflate that is not compressed", ["deflate"], (bytes) => deflateRawSync(bytes, { level: 0 })],
  ["gzip under br", ["gzip, br"], (bytes) => brotliCompressSync(gzipSync(bytes))],
  ["gzip twice", ["gzip", "gzip"], (bytes) => gzipSync(gzipSync(bytes))],
  [
    "raw deflate under zstd",
    ["deflate", "ZSTD"],
    (bytes) => zstdCompressSync(deflateRawSync(bytes)),
  ],
  ["br and identity", ["br, identity"], brotliCompressSync],
  ["br, with empty elements", [", br,, "], brotliCompressSync],
];
for (const [what, names, encode] of codings) {
  for (const size of [1, 1000, Infinity]) {
    test(`${what} in parts of ${size} is decoded`, async () => {
      const text = size === 1 ? TEXT.subarray(0, 3000) : TEXT;
      const answer = decoded(answerOf(encode(text), names, { size }));
      assert.equal(valuesOf(answer, "content-encoding"), []);
      assert.equal(valuesOf(answer, "content-length"), []);
      assert.equal(valuesOf(answer, "etag"), ['"1"']);
      assert.is(Buffer.compare(await bytesOf(answer), text), 0);
    });
  }
}

for (const coding of ["gzip", "GZip", "x-gzip", " gzip ,", "identity, gzip"]) {
  test(`${JSON.stringify(coding)} goes through as gzip`, async () => {
    const zipped = gzipSync(TEXT);
    const answer = decoded(answerOf(zipped, [coding]));
    assert.equal(valuesOf(answer, "content-encoding"), ["gzip"]);
    assert.equal(valuesOf(answer, "content-length"), [String(zipped.length)]);
    assert.is(Buffer.compare(await bytesOf(answer), zipped), 0);
  });
}

test("identity is no coding", async () => {
  const answer = decoded(answerOf(TEXT, ["identity"]));
  assert.equal(valuesOf(answer, "content-encoding"), []);
  assert.equal(valuesOf(answer, "content-length"), [String(TEXT.length)]);
  assert.is(Buffer.compare(await bytesOf(answer), TEXT), 0);
});

const untouched: [what: string, answer: HttpResponse][] = [
  ["without a coding", answerOf(TEXT, [])],
  ["with a coding that no browser knows", answerOf(TEXT, ["aws-chunked"])],
  ["with such a coding under br", answerOf(TEXT, ["compress, br"])],
  ["with a name of Object's", answerOf(TEXT, ["constructor"])],
  ["with a part of a body", answerOf(brotliCompressSync(TEXT), ["br"], { status: 206 })],
  ["without a body", { ...answerOf(TEXT, ["br"], { status: 304 }), body: null }],
];
for (const [what, answer] of untouched) {
  test(`an answer ${what} stays as it is`, () => assert.is(decoded(answer), answer));
}

for (const coding of ["br", "zstd", "deflate", "gzip, gzip"]) {
  test(`an empty body with ${coding} is empty`, async () => {
    assert.is((await bytesOf(decoded(answerOf(Buffer.of(), [coding])))).length, 0);
  });
}

for (const [what, names, encode] of codings.slice(0, 8)) {
  test(`${what} that is cut off fails, as does garbage`, async () => {
    const bytes = encode(TEXT);
    const cut = decoded(answerOf(bytes.subarray(0, -20), names));
    const { code, message } = await failureOf(bytesOf(cut));
    assert.is(code, "backend-failed");
    assert.match(message, /^The backend failed: its answer is no valid (br|zstd|deflate): \w/);
    const garbage = decoded(answerOf(Buffer.from("<!doctype html><p>It is not."), names));
    assert.is((await failureOf(bytesOf(garbage))).code, "backend-failed");
  });
}

for (const [coding, encode] of [["br", brotliCompressSync], ["deflate", deflateSync]] as const) {
  test(`what follows the end of ${coding} is passed over, and its source let go`, async () => {
    const gone = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.concat([encode(TEXT), Buffer.of(1, 2)])),
      pull: (controller) => controller.enqueue(new Uint8Array(100)),
      cancel: () => gone.resolve(),
    });
    const answer = decoded({ ...answerOf(TEXT, [coding]), body });
    assert.is(Buffer.compare(await bytesOf(answer), TEXT), 0);
    await gone.promise;
  });
}

test("the error of a body that breaks off stays what it is", async () => {
  const error = new LighthouseError("backend-failed", "it closed the connection");
  const bytes = brotliCompressSync(TEXT);
  let parts = 1;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (parts-- > 0) controller.enqueue(bytes.subarray(0, 2000));
      else controller.error(error);
    },
  }, { highWaterMark: 0 });
  assert.is(await failureOf(bytesOf(decoded({ ...answerOf(bytes, ["br"]), body }))), error);
  const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(error) });
  const answer = decoded({ ...answerOf(bytes, ["br"]), body: broken });
  assert.is(await failureOf(bytesOf(answer)), error);
});

const streams = [
  ["br", createBrotliCompress, { flush: constants.BROTLI_OPERATION_FLUSH }],
  ["zstd", createZstdCompress, { flush: constants.ZSTD_e_flush }],
  ["deflate", createDeflate, { flush: constants.Z_SYNC_FLUSH }],
  ["gzip, gzip", createGzip, { flush: constants.Z_SYNC_FLUSH }],
] as const;
for (const [coding, make, options] of streams) {
  test(`a stream with ${coding} arrives part by part, and its end gives the source up`, async () => {
    const gone = Promise.withResolvers<unknown>();
    let body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from("first"));
        setImmediate(() => controller.enqueue(Buffer.from("second")));
      },
      cancel: gone.resolve,
    });
    for (const _ of coding.split(",")) {
      const source = body.getReader();
      const encoder = make(options);
      body = new ReadableStream({
        start(controller) {
          encoder.on("data", (chunk) => controller.enqueue(chunk));
        },
        async pull() {
          const { value } = await source.read();
          if (value) await new Promise((resolve) => encoder.write(value, resolve));
        },
        cancel: (reason) => source.cancel(reason),
      });
    }
    const reader = decoded({ ...answerOf(TEXT, [coding]), body }).body!.getReader();
    let text = "";
    while (text !== "firstsecond") text += Buffer.from((await reader.read()).value!);
    await reader.cancel("enough");
    assert.is(await gone.promise, "enough");
  });
}

test("an answer that expands a thousandfold is read only as far as the page reads", async () => {
  const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
  let taken = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bomb.subarray(taken, taken += 1024));
      if (taken >= bomb.length) controller.close();
    },
  }, { highWaterMark: 0 });
  const reader = decoded({ ...answerOf(bomb, ["deflate"]), body }).body!.getReader();
  assert.ok((await reader.read()).value!.length <= 64 * 1024);
  for (let before = -1; before !== taken;) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(taken < 8_000, `${taken} of ${bomb.length} bytes were read`);
  await reader.cancel();
});

test("zstd with a window above 8 MiB is refused, as in browsers", async () => {
  const params = { [constants.ZSTD_c_windowLog]: 24 };
  const encoder = createZstdCompress({ params });
  const parts: Buffer[] = [];
  encoder.on("data", (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => encoder.on("end", resolve));
  encoder.end(Buffer.alloc(20 * 1024 * 1024));
  await ended;
  const error = await failureOf(bytesOf(decoded(answerOf(Buffer.concat(parts), ["zstd"]))));
  assert.is(error.code, "backend-failed");
});

test("more than five codings are refused", () => {
  const answer = answerOf(TEXT, ["gzip", "gzip, gzip, gzip", "gzip, gzip"]);
  assert.throws(
    () => decoded(answer),
    (error: unknown) => error instanceof LighthouseError && error.code === "backend-failed",
  );
});

const large: [coding: string, encode: (bytes: Bytes) => Bytes][] = [
  ["br", (bytes) => brotliCompressSync(bytes)],
  ["zstd", (bytes) => zstdCompressSync(bytes)],
];
for (const [coding, encode] of large) {
  test(`a large ${coding} waits for memory of its window, and gives it back`, async () => {
    const memory = new Memory({ own: 0, each: 6 * 1024 ** 2, all: 6 * 1024 ** 2 });
    const text = Buffer.alloc(300_000, TEXT);
    const zipped = encode(text);
    const stalled = decoded(answerOf(zipped, [coding]), memory).body!;
    const reader = stalled.getReader();
    for (let read = 0; read < 100_000;) read += (await reader.read()).value!.length;
    assert.ok(memory.taken > 3.9 * 1024 ** 2);
    const waiting = bytesOf(decoded(answerOf(zipped, [coding]), memory));
    let isDone = false;
    waiting.then(() => isDone = true);
    for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
    assert.not(isDone);
    // A small one does not wait.
    const small = Buffer.alloc(50_000, TEXT);
    assert.equal(await bytesOf(decoded(answerOf(encode(small), [coding]), memory)), small);
    await reader.cancel();
    assert.equal(await waiting, text);
    await until(() => memory.taken === 0);
  });
}

test.run();
