// Tests the bundle that is deployed; tools/test.ts builds it first, `node tools/build.ts` by hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { startObjectStore } from "../tools/local/object_store.ts";
import { suite } from "../tools/testing/suite.ts";
import { toBase64url } from "../wire/base64url.ts";
import { formatProof, makeAdmission } from "../wire/signal/admission.ts";
import { proveHost, type Signer } from "../wire/signal/registration.ts";
import { createSigner } from "../wire/testing/host_signer.ts";
import { connectEvent, disconnectEvent, messageEvent } from "./testing/events.ts";
import { type ManagementServer, startManagementServer } from "./testing/management_server.ts";

const test = suite("main");

const bundle = new URL("dist/main.mjs", import.meta.url);
const { handler } = await import(bundle.href) as typeof import("./main.ts");

const HOST = "L0SM9cOFvHcCIhw=";
const PAGE = "PJqB0fHsqRcCHlw=";
const OFFER = '{"action":"sendSignal","data":{"type":"offer","sdp":"v=0"}}';

const KEY = "k".repeat(43);
const VALUE = await makeAdmission(KEY, "laptop", Date.now() / 1000 + 3600);
const selected = { statusCode: 200, headers: { "Sec-WebSocket-Protocol": "lighthouse" } };
const refused = { statusCode: 401 };

/** The variables that the handler reads; each test starts without any of them. */
const variables = [
  "LAPTOP_ID",
  "ADMISSION_KEY",
  "ALLOWED_ORIGINS",
  "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
  "AWS_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
] as const;

function setEnvironment(values: Partial<Record<typeof variables[number], string>>): void {
  for (const name of variables) {
    if (values[name] === undefined) delete process.env[name];
    else process.env[name] = values[name];
  }
}

/** Starts a server for posts and sets the environment so that they go there. */
async function startGateway(values: Parameters<typeof setEnvironment>[0] = {}): Promise<
  ManagementServer
> {
  const server = await startManagementServer();
  setEnvironment({ AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: server.endpoint, ...values });
  return server;
}

/** What was posted, as `[id, message]`. */
function posted({ posts }: ManagementServer): [string, unknown][] {
  return posts.map(({ path, body }) => {
    return [decodeURIComponent(path.replace("/@connections/", "")), JSON.parse(body)];
  });
}

test("an offer is posted to the host, from the page", async () => {
  await using server = await startGateway({ LAPTOP_ID: HOST });
  assert.equal(await handler(messageEvent(PAGE, OFFER)), { statusCode: 200 });
  assert.equal(posted(server), [
    [HOST, { from: PAGE, data: { type: "offer", sdp: "v=0" } }],
  ]);
});

test("the environment is read at each call", async () => {
  await using server = await startGateway();
  const codeOf = ([, text]: [string, unknown]) => (text as { error: { code: string } }).error.code;

  await handler(messageEvent(PAGE, OFFER));
  assert.is(codeOf(posted(server)[0]!), "host-offline");
  process.env.LAPTOP_ID = "init";
  await handler(messageEvent(PAGE, OFFER));
  assert.is(codeOf(posted(server)[1]!), "host-offline");
  process.env.LAPTOP_ID = HOST;
  await handler(messageEvent(PAGE, OFFER));
  assert.is(posted(server)[2]![0], HOST);
  process.env.LAPTOP_ID = "another=";
  await handler(messageEvent(PAGE, OFFER));
  assert.is(posted(server)[3]![0], "another=");

  await using other = await startManagementServer();
  process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI = `${other.endpoint}/`;
  await handler(messageEvent(PAGE, OFFER));
  assert.is(server.posts.length, 4);
  assert.is(posted(other)[0]![0], "another=");
});

test("posts are signed with the role's credentials and the function's region", async () => {
  await using server = await startGateway({
    LAPTOP_ID: HOST,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "ASIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    AWS_SESSION_TOKEN: "a-token",
  });
  await handler(messageEvent(PAGE, OFFER));
  const { headers } = server.posts[0]!;
  assert.match(
    headers.authorization!,
    /^AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE\/\d{8}\/eu-west-1\/execute-api\/aws4_request,/,
  );
  assert.is(headers["x-amz-security-token"], "a-token");
});

for (const status of [410, 400]) {
  test(`a host whose post is answered with ${status} is offline`, async () => {
    await using server = await startGateway({ LAPTOP_ID: HOST });
    server.statuses = [status];
    assert.equal(await handler(messageEvent(PAGE, OFFER)), { statusCode: 200 });
    const [, [to, answer]] = posted(server) as [unknown, [string, { error: { code: string } }]];
    assert.is(to, PAGE);
    assert.is(answer.error.code, "host-offline");
  });
}

test("a gateway that refuses everything is no exception", async () => {
  await using server = await startGateway({ LAPTOP_ID: HOST });
  server.statuses = [500, 500];
  assert.equal(await handler(messageEvent(PAGE, OFFER)), { statusCode: 200 });
  assert.is(server.posts.length, 2);
});

for (
  const [what, headers, allowed, statusCode] of [
    ["a listed origin", { Origin: "https://a.example" }, "https://a.example", 200],
    [
      "an origin in a list with blanks",
      { origin: "https://b.example" },
      " https://a.example , https://b.example ",
      200,
    ],
    ["an origin that is not listed", { Origin: "https://c.example" }, "https://a.example", 403],
    ["an origin where none is listed", { Origin: "https://a.example" }, undefined, 403],
    ["a program", {}, "https://a.example", 200],
  ] as [string, Record<string, string>, string | undefined, number][]
) {
  test(`$connect of ${what} is answered with ${statusCode}`, async () => {
    setEnvironment(allowed === undefined ? {} : { ALLOWED_ORIGINS: allowed });
    assert.equal(await handler(connectEvent(headers)), { statusCode });
  });
}

for (
  const [what, key, protocols, result] of [
    ["a relay that is open", "open", "lighthouse, admit.laptop", selected],
    ["a relay that has no key", undefined, "lighthouse", selected],
    ["a relay that has a key, with a value", KEY, `lighthouse, admit.laptop.${VALUE}`, selected],
    ["a relay that has a key, without a value", KEY, "lighthouse, admit.laptop", refused],
    ["a relay that has a key, without subprotocols", KEY, undefined, refused],
    ["a relay whose key is malformed", "key", `lighthouse, admit.laptop.${VALUE}`, refused],
  ] as const
) {
  test(`$connect to ${what} is answered with ${result.statusCode}`, async () => {
    setEnvironment({ ADMISSION_KEY: key });
    const headers: Record<string, string> = protocols
      ? { "sec-websocket-protocol": protocols }
      : {};
    assert.equal(await handler(connectEvent(headers)), result);
  });
}

test("$disconnect is answered with 200, and nothing is posted", async () => {
  await using server = await startGateway({ LAPTOP_ID: HOST });
  assert.equal(await handler(disconnectEvent()), { statusCode: 200 });
  assert.equal(server.posts, []);
});

for (
  const value of [
    undefined,
    null,
    "",
    7,
    [],
    {},
    { requestContext: null },
    { requestContext: { routeKey: "sendSignal" } },
    { source: "aws.events", "detail-type": "Scheduled Event" },
  ]
) {
  test(`${JSON.stringify(value)}, which is no event, is answered with 400`, async () => {
    await using server = await startGateway({ LAPTOP_ID: HOST });
    assert.equal(await handler(value), { statusCode: 400 });
    assert.equal(server.posts, []);
  });
}

test("an event without the gateway's address is answered with 400 where posts would go there", async () => {
  setEnvironment({ LAPTOP_ID: HOST });
  const requestContext = { routeKey: "sendSignal", connectionId: PAGE };
  assert.equal(await handler({ requestContext, body: OFFER }), { statusCode: 400 });
});

test("a post for an event of a custom domain goes to the API's own host", async () => {
  const asked: string[] = [];
  // Node.js asks this proxy for a tunnel to the host that it posts to.
  const proxy = createServer().on("connect", ({ url }, socket) => {
    asked.push(url!);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const event = messageEvent(PAGE, OFFER) as { requestContext: object };
  const requestContext = { ...event.requestContext, domainName: "ws.example.com" };
  const program = `const { handler } = await import(${JSON.stringify(bundle.href)});
    const { statusCode } = await handler(${JSON.stringify({ ...event, requestContext })});
    process.exit(statusCode === 200 ? 0 : 1);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: {
      NODE_USE_ENV_PROXY: "1",
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      LAPTOP_ID: HOST,
      AWS_REGION: "cn-north-1",
    },
    stdio: "ignore",
  });
  const [code] = await once(child, "exit");
  proxy.close();
  assert.is(code, 0);
  // The offer to the host, and the error to the page.
  const own = "abcdef1234.execute-api.cn-north-1.amazonaws.com.cn:443";
  assert.equal(asked, [own, own]);
});

/** The bundle's answers to handshakes, and what it logs, in an environment of its own. */
async function connectAll(environment: Record<string, string>, handshakes: string[][]) {
  const events = handshakes.map((protocols) =>
    connectEvent({ "sec-websocket-protocol": protocols.join(", ") })
  );
  const program = `const { handler } = await import(${JSON.stringify(bundle.href)});
    for (const event of ${JSON.stringify(events)}) console.log((await handler(event)).statusCode);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: environment,
  });
  const [codes, log] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { codes: codes.trim().split("\n").map(Number), log };
}

test("hosts connect by the keys in HOST_KEYS, and what is malformed there is logged and lets nobody in", async () => {
  await using store = await startObjectStore({ bucket: "registry", keys: {} });
  const [pi, laptop, other] = await Promise.all(["pi", "laptop", "other"].map(createSigner));
  const keyOf = ({ hostKey }: Signer) => toBase64url(hostKey);
  const shown = async (signer: Signer) =>
    formatProof(signer.host, await proveHost(signer, Date.now()));
  const environment = {
    REGISTRY_BUCKET: "registry",
    AWS_ENDPOINT_URL_S3: store.endpoint,
    HOST_KEYS: `pi=${keyOf(pi!)}, laptop=${keyOf(laptop!)}=,other,=${keyOf(other!)},`,
  };
  const { codes, log } = await connectAll(
    environment,
    [await shown(pi!), await shown(laptop!), await shown(other!), ["lighthouse"]],
  );
  assert.equal(codes, [200, 401, 401, 401]);
  const lines = log.trim().split("\n");
  assert.equal(lines.map((line) => /Cannot use "(.{0,8}).*" in HOST_KEYS/.exec(line)?.[1]), [
    `laptop=B`,
    "other",
    `=${keyOf(other!).slice(0, 7)}`,
    "",
  ]);
});

test("without HOST_KEYS, a proof is worth nothing", async () => {
  await using store = await startObjectStore({ bucket: "registry", keys: {} });
  const pi = await createSigner("pi");
  const proof = formatProof("pi", await proveHost(pi, Date.now()));
  const bucket = { REGISTRY_BUCKET: "registry", AWS_ENDPOINT_URL_S3: store.endpoint };
  assert.equal((await connectAll({ ...bucket, HOST_KEYS: "" }, [proof])).codes, [401]);
  assert.equal((await connectAll({ ADMISSION_KEY: KEY }, [proof])).codes, [401]);
});

test("the bundle has at most 18.5 KiB, and nothing of the AWS SDK", async () => {
  const code = await readFile(bundle, "utf8");
  assert.ok(code.length <= 18.5 * 1024, `${code.length} bytes`);
  assert.not.match(code, /aws-sdk|smithy/i);
  const imports = [...code.matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^"']+)/g)];
  assert.equal(imports.map(([, name]) => name), ["node:process"]);
});

test("the bundle exports the handler alone", async () => {
  assert.equal(Object.keys(await import(bundle.href)), ["handler"]);
});

test.run();
