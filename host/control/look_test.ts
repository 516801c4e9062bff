// Looks at real backends: over TCP, Unix sockets and TLS.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Certificate, createCertificate } from "../../tools/testing/certificate.ts";
import { freePort, listen, type Listening } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { formatService, parseServices } from "../config/service_config.ts";
import { lookAt } from "./look.ts";

const test = suite("look", { deadline: 20_000 });

const folder = temporaryFolder();

/** What is seen of one backend. */
async function seenOf(text: string) {
  const [config] = parseServices({ service: [`/a=${text}`] });
  const [seen] = await lookAt([config!]);
  const { service, ...rest } = seen!;
  assert.is(service, formatService(config!));
  return rest;
}

async function serve(answer: RequestListener, certificate?: Certificate): Promise<Listening> {
  return await listen(certificate ? createTlsServer(certificate, answer) : createServer(answer));
}

const answer: RequestListener = (_request, response) => response.end("hello");

test("a backend that answers is up, with any status, and one that does not listen is not", async () => {
  await using server = await serve(answer);
  assert.equal(await seenOf(server.url), { isUp: true });
  assert.equal(await seenOf(String(server.port)), { isUp: true });
  await using failing = await serve((_request, response) => response.writeHead(500).end());
  assert.equal(await seenOf(failing.url), { isUp: true });
  const port = await freePort();
  assert.equal(await seenOf(`http://127.0.0.1:${port}`), { isUp: false });
  assert.equal(await seenOf(String(port)), { isUp: false });
  assert.equal(await seenOf("http://h.invalid"), {
    isUp: false,
    trouble: "there is no address of h.invalid",
    cure: "correct its name",
  });
  assert.equal(await lookAt([{ prefix: "/f", folder }]), [
    { service: `/f → ${folder}`, isUp: null },
  ]);
});

test("a look is a HEAD of the backend's path, and a slow answer is no trouble", async () => {
  const asked: unknown[] = [];
  await using server = await serve(({ method, url, headers }) => {
    asked.push([method, url, headers.host, headers.authorization]);
  });
  const { host } = new URL(server.url);
  assert.equal(await seenOf(`http://user:p%C3%A4ss@${host}/api`), { isUp: true });
  const authorization = `Basic ${Buffer.from("user:päss").toString("base64")}`;
  assert.equal(asked, [["HEAD", "/api", host, authorization]]);
});

test("a Unix socket is up, missing, or something else", async () => {
  const path = join(folder, "app.sock");
  const missing = await seenOf(`unix:${path}`);
  assert.equal(missing.isUp, false);
  assert.is(missing.trouble, "the socket is not there");
  assert.match(missing.cure!, "start it, or correct the path. A system service has a /tmp of its");
  const server = createServer(answer).listen(path);
  await once(server, "listening");
  try {
    assert.equal(await seenOf(`unix:${path}:/api`), { isUp: true });
  } finally {
    server.close();
  }
  await writeFile(join(folder, "file"), "");
  assert.equal(await seenOf(`unix:${folder}/file`), { isUp: false });
});

const authority = createCertificate({ isAuthority: true });
const certificates: Record<string, Certificate> = {
  authority,
  own: createCertificate(),
  signed: createCertificate({ issuer: authority }),
  named: createCertificate({ issuer: authority, names: ["other.example"] }),
  old: createCertificate({ issuer: authority, until: new Date(Date.now() - 60_000) }),
  early: createCertificate({ issuer: authority, until: new Date(Date.now() + 10 * 86_400_000) }),
};
for (const [name, { cert }] of Object.entries(certificates)) {
  await writeFile(join(folder, `${name}.pem`), cert);
}

const looks: [certificate: string, options: string, trouble?: RegExp, cure?: RegExp][] = [
  [
    "own",
    "",
    /no authority that the host trusts/,
    /ca=FILE, with that certificate .*, or insecure/,
  ],
  ["own", "ca=own"],
  ["own", "insecure"],
  ["own", "ca=authority", /no authority that the host trusts/, /ca=FILE/],
  ["signed", "", /no authority that the host trusts/, /ca=FILE/],
  ["signed", "ca=authority"],
  ["signed", "ca=signed"],
  ["signed", "ca=own", /no authority that the host trusts/, /ca=FILE/],
  ["named", "ca=authority", /is for DNS:other\.example/, /use that name in the URL/],
  ["named", "ca=named"],
  ["named", "insecure"],
  ["old", "ca=authority", /has expired/, /renew it, or give .* insecure/],
  ["old", "insecure"],
  ["early", "ca=authority", /is not valid yet/, /set this machine's clock/],
];
for (const [name, options, trouble, cure] of looks) {
  test(`a certificate that is ${name}, with ${options || "no option"}`, async () => {
    await using server = await serve(answer, certificates[name]);
    const option = options.replace(/^ca=(.*)/, `ca=${folder}/$1.pem`);
    const seen = await seenOf(`https://127.0.0.1:${server.port} ${option}`);
    if (!trouble) return assert.equal(seen, { isUp: true });
    assert.is(seen.isUp, false);
    assert.match(seen.trouble!, trouble);
    assert.match(seen.cure!, cure!);
  });
}

test("the other protocol at the port is told", async () => {
  await using plain = await serve(answer);
  assert.equal(await seenOf(`https://127.0.0.1:${plain.port}`), {
    isUp: false,
    trouble: "it does not speak https",
    cure: "give its URL with http:",
  });
  await using tls = await serve(answer, certificates.own);
  const seen = await seenOf(tls.url);
  assert.is(seen.isUp, true);
  assert.match(seen.cure!, "is its URL https://?");
  await using other = await listen(createTcpServer((socket) => socket.end("220 mail\r\n")));
  assert.match((await seenOf(other.url)).trouble!, "Expected HTTP/");
});

test("a password that is missing is a hint, and a wrong one trouble", async () => {
  await using server = await serve(({ headers }, response) => {
    const isIn = headers.authorization === `Basic ${btoa("user:right")}`;
    response.writeHead(isIn ? 200 : 401, { "www-authenticate": 'Basic realm="x"' }).end();
  });
  const { host } = new URL(server.url);
  const missing = await seenOf(server.url);
  assert.is(missing.isUp, true);
  assert.is(missing.hint, "it asks for a user and password (401)");
  assert.match(missing.cure!, "give user:password@ in its URL or authorization=FILE");
  assert.equal(await seenOf(`http://user:right@${host}`), { isUp: true });
  assert.equal(await seenOf(`http://user:wrong@${host}`), {
    isUp: true,
    trouble: "it refuses the password that the host has (401)",
    cure: "correct it: user:password@ in the URL, or authorization=FILE",
  });
  const file = join(folder, "login");
  await writeFile(file, "user:right\n", { mode: 0o600 });
  assert.equal(await seenOf(`${server.url} authorization=${file}`), { isUp: true });
  // A login that is a page's own affair.
  await using api = await serve((_request, response) => response.writeHead(401).end());
  assert.equal(await seenOf(api.url), { isUp: true });
});

test.run();
