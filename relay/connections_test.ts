import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { closingOf, connectionsOf } from "./connections.ts";
import type { Credentials } from "./signature.ts";
import { type ReceivedPost, startManagementServer } from "./testing/management_server.ts";

const test = suite("connections");

/** As in AWS's documents: none of these opens anything. */
const credentials: Credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

const ID = "L0SM9cOFvHcCIhw=";

/** SHA-256 as AWS's signer takes it. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined
      ? createHash("sha256")
      : createHmac("sha256", typeof secret === "string" ? secret : bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === "string" ? data : bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What AWS's own signer puts into `Authorization`, for a post as it arrived. */
async function signatureOf(
  { method, path, headers, body }: ReceivedPost,
  credentials: Credentials,
  region: string,
): Promise<string | undefined> {
  const date = headers["x-amz-date"] as string;
  const signer = new SignatureV4({
    credentials,
    region,
    service: "execute-api",
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign({
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    path,
    headers: { host: headers.host! },
    body,
  }, {
    signingDate: new Date(
      date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"),
    ),
  });
  return signed.headers.authorization;
}

for (
  const [what, id, text, region, more] of [
    ["an id as API Gateway makes them", ID, '{"data":1}', "us-east-1", {}],
    ["an id with a slash and a plus sign", "a/b+c-d_e=", "x", "eu-central-1", {}],
    ["text beyond ASCII", ID, '{"data":"ü€😀"}', "us-east-1", {}],
    ["a role's session token", ID, "x", "us-east-1", { sessionToken: "FQoGZXIvYXdzE/+=" }],
  ] as const
) {
  test(`the signature is that of AWS's own signer, with ${what}`, async () => {
    await using server = await startManagementServer();
    const all = { ...credentials, ...more };
    const endpoint = `${server.endpoint}/prod`;
    const post = connectionsOf({ endpoint, region, credentials: all });
    assert.is(await post(id, text), "delivered");

    const [received] = server.posts;
    assert.is(received!.body, text);
    assert.match(received!.headers.authorization!, `/${region}/execute-api/aws4_request`);
    assert.is(received!.headers.authorization, await signatureOf(received!, all, region));
    assert.is(received!.headers["x-amz-security-token"], all.sessionToken);
  });
}

for (
  const [id, path] of [
    [ID, "/prod/@connections/L0SM9cOFvHcCIhw%3D"],
    ["a/b?c#d", "/prod/@connections/a%2Fb%3Fc%23d"],
    ["../prod", "/prod/@connections/..%2Fprod"],
  ] as const
) {
  test(`the id ${id} is percent-encoded`, async () => {
    await using server = await startManagementServer();
    for (const signedBy of [credentials, undefined]) {
      const post = connectionsOf({
        endpoint: `${server.endpoint}/prod`,
        region: "us-east-1",
        credentials: signedBy,
      });
      await post(id, "x");
    }
    assert.equal(server.posts.map(({ method, path }) => `${method} ${path}`), [
      `POST ${path}`,
      `POST ${path}`,
    ]);
  });
}

test("without credentials a post is not signed", async () => {
  await using server = await startManagementServer();
  const post = connectionsOf({ endpoint: server.endpoint, region: "us-east-1" });
  assert.is(await post(ID, "text"), "delivered");
  assert.is(server.posts[0]!.headers.authorization, undefined);
  assert.is(server.posts[0]!.body, "text");
});

for (
  const [statuses, delivery, requests] of [
    [[200], "delivered", 1],
    [[410], "gone", 1],
    [[400], "gone", 1],
    [[413], "too-large", 1],
    [[403], "failed", 1],
    [[404], "failed", 1],
    [[429, 200], "delivered", 2],
    [[500, 503, 200], "delivered", 3],
    [[500, 410], "gone", 2],
    [[429, 429, 429, 200], "failed", 3],
    [[500, 500, 500, 200], "failed", 3],
  ] as const
) {
  test(`the statuses ${statuses.join(", ")} mean ${delivery} after ${requests} requests`, async () => {
    await using server = await startManagementServer();
    server.statuses = [...statuses];
    const post = connectionsOf({ endpoint: server.endpoint, region: "us-east-1", credentials });
    assert.is(await post(ID, "x"), delivery);
    assert.is(server.posts.length, requests);
    assert.is(new Set(server.posts.map(({ body }) => body)).size, 1);
  });
}

test("a gateway that cannot be reached means failed", async () => {
  const server = await startManagementServer();
  await server[Symbol.asyncDispose]();
  for (const signedBy of [credentials, undefined]) {
    const { endpoint } = server;
    const post = connectionsOf({ endpoint, region: "us-east-1", credentials: signedBy });
    assert.is(await post(ID, "x"), "failed");
  }
});

test("an id that cannot be written in a URL means failed", async () => {
  const post = connectionsOf({ endpoint: "http://127.0.0.1:9", region: "us-east-1", credentials });
  assert.is(await post("\ud800", "x"), "failed");
});

test("a gateway that never answers means failed, before Lambda ends the call after 3 s", async () => {
  await using server = await startManagementServer();
  server.statuses = [500, 0];
  const post = connectionsOf({ endpoint: server.endpoint, region: "us-east-1", credentials });
  const started = performance.now();
  assert.is(await post(ID, "x"), "failed");
  assert.ok(performance.now() - started < 3000);
});

test("a connection is closed by a signed DELETE, and any outcome is fine", async () => {
  await using server = await startManagementServer();
  const endpoint = `${server.endpoint}/prod`;
  const close = closingOf({ endpoint, region: "us-east-1", credentials });
  server.statuses = [200, 410, 403, 500, 500, 500];
  for (let tries = 0; tries < 4; tries++) await close(ID);
  assert.equal(server.posts.length, 6);
  for (const received of server.posts) {
    assert.is(
      `${received.method} ${received.path}`,
      "DELETE /prod/@connections/L0SM9cOFvHcCIhw%3D",
    );
    const signature = await signatureOf(received, credentials, "us-east-1");
    assert.is(received.headers.authorization, signature);
  }
});

test.run();
