// Tests the development store with an independent signer: aws4fetch.
import { AwsClient, AwsV4Signer } from "aws4fetch";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { startObjectStore } from "./object_store.ts";

const test = suite("object store");

const ORIGIN = "https://you.github.io";
const open = (isPublic = true) =>
  startObjectStore({
    bucket: "b",
    keys: { me: "secret" },
    isPublic,
    allowedOrigins: [ORIGIN],
  });
const client = (secretAccessKey = "secret", accessKeyId = "me", region = "us-east-1") =>
  new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region, retries: 0 });

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${/<Code>(\w+)/.exec(await response.text())?.[1]}`;
}

test("a signed write is readable with the key, without one if public, and recorded", async () => {
  await using store = await open();
  const url = `${store.url}/hosts/a.json`;
  const put = await client().fetch(url, { method: "PUT", body: "1" });
  assert.is(put.status, 200);
  const get = await client().fetch(url);
  assert.equal([await get.text(), get.headers.get("etag")], ["1", put.headers.get("etag")]);
  assert.is(await (await fetch(url)).text(), "1");
  assert.equal(store.calls, [
    { operation: "PutObject", key: "hosts/a.json", accessKeyId: "me", status: 200 },
    { operation: "GetObject", key: "hosts/a.json", accessKeyId: "me", status: 200 },
    { operation: "GetObject", key: "hosts/a.json", accessKeyId: undefined, status: 200 },
  ]);
});

test("unsigned writes, and unsigned private reads, are refused", async () => {
  await using store = await open(false);
  store.write("a", "1");
  assert.is(await codeOf(await fetch(`${store.url}/a`)), "403 AccessDenied");
  const put = await fetch(`${store.url}/a`, { method: "PUT", body: "2" });
  assert.is(await codeOf(put), "403 AccessDenied");
  assert.is(store.read("a"), "1");
});

test("a missing object is AccessDenied, as for clients that may not list", async () => {
  await using store = await open();
  assert.is(await codeOf(await client().fetch(`${store.url}/none`)), "403 AccessDenied");
  assert.is(await codeOf(await client().fetch(`${store.endpoint}/c/a`)), "404 NoSuchBucket");
});

for (
  const [what, aws, code] of [
    ["secret", client("other"), "403 SignatureDoesNotMatch"],
    ["key", client("secret", "you"), "403 InvalidAccessKeyId"],
    ["region", client("secret", "me", "eu-west-1"), "400 AuthorizationHeaderMalformed"],
  ] as const
) {
  test(`another ${what} is refused`, async () => {
    await using store = await open();
    assert.is(await codeOf(await aws.fetch(`${store.url}/a`)), code);
  });
}

test("a signature covers key, method, headers and time", async () => {
  await using store = await open();
  store.write("a", "1");
  store.write("b", "1");
  const sign = (datetime?: string) =>
    new AwsV4Signer({
      accessKeyId: "me",
      secretAccessKey: "secret",
      service: "s3",
      region: "us-east-1",
      url: `${store.url}/a`,
      headers: { "x-amz-meta-a": "1" },
      datetime,
    }).sign();
  const { headers } = await sign();
  assert.is((await fetch(`${store.url}/a`, { headers })).status, 200);
  for (
    const [url, init] of [
      [`${store.url}/b`, { headers }],
      [`${store.url}/a`, { headers, method: "PUT", body: "2" }],
      [`${store.url}/a`, { headers: { ...Object.fromEntries(headers), "x-amz-meta-a": "2" } }],
      [`${store.url}/a`, { headers: { ...Object.fromEntries(headers), "x-amz-meta-b": "2" } }],
    ] as [string, RequestInit][]
  ) {
    assert.is(await codeOf(await fetch(url, init)), "403 SignatureDoesNotMatch");
  }
  const late = await sign("20200101T000000Z");
  assert.is(await codeOf(await fetch(late.url, late)), "403 RequestTimeTooSkewed");
});

test("a write may have a condition on the object", async () => {
  await using store = await open();
  const put = (body: string, headers: Record<string, string>) =>
    client().fetch(`${store.url}/a`, { method: "PUT", body, headers });
  assert.is(await codeOf(await put("1", { "if-match": '"x"' })), "404 NoSuchKey");
  const first = await put("1", { "if-none-match": "*" });
  assert.is(first.status, 200);
  assert.is(await codeOf(await put("2", { "if-none-match": "*" })), "412 PreconditionFailed");
  const etag = first.headers.get("etag")!;
  assert.is((await put("2", { "if-match": etag })).status, 200);
  assert.is(await codeOf(await put("3", { "if-match": etag })), "412 PreconditionFailed");
  assert.is(store.read("a"), "2");
});

test("only pages of listed origins may see answers, and only of reads", async () => {
  await using store = await open();
  store.write("a", "1");
  const get = await fetch(`${store.url}/a`, { headers: { origin: ORIGIN } });
  assert.is(get.headers.get("access-control-allow-origin"), ORIGIN);
  assert.is(get.headers.get("access-control-expose-headers"), "Date");
  const other = await fetch(`${store.url}/a`, { headers: { origin: "https://a.example" } });
  assert.is(other.headers.get("access-control-allow-origin"), null);
  const preflight = await fetch(`${store.url}/a`, {
    method: "OPTIONS",
    headers: { "origin": ORIGIN, "access-control-request-method": "PUT" },
  });
  assert.is(preflight.headers.get("access-control-allow-methods"), "GET");
});

test("an injected fault is the answer, and the call does nothing", async () => {
  await using store = await open();
  store.faults.answer = ({ operation }) =>
    operation === "PutObject" ? { status: 503, code: "SlowDown" } : undefined;
  const put = await client().fetch(`${store.url}/a`, { method: "PUT", body: "1" });
  assert.is(await codeOf(put), "503 SlowDown");
  assert.is(store.read("a"), undefined);
});

test.run();
