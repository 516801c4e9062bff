// The certificates of `dev --lan`, judged by OpenSSL in Node.js: a client that trusts the authority gets an
// answer. Browsers judge them in tools/e2e/dev_test.ts.
import { X509Certificate } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { createServer, get } from "node:https";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { lanCertificate, type LanCertificateOptions } from "./certificate.ts";
import { createCertificate } from "../platform/der.ts";

const test = suite("certificate");

const NAMES = ["192.168.1.5", "box.local"];

function make(options: Partial<LanCertificateOptions> = {}) {
  return lanCertificate({ folder: temporaryFolder(), names: NAMES, machine: "box", ...options });
}

/** What a client says that trusts an authority and asks for a name; undefined if it gets an answer. */
async function judge(
  { chain, key }: { chain: string; key: string },
  authority: string,
  name: string,
): Promise<string | undefined> {
  const server = createServer({ cert: chain, key }, (_request, response) => response.end());
  await using at = await listen(server);
  return await new Promise((resolve) => {
    const options = { host: "127.0.0.1", port: at.port, ca: authority, servername: "" };
    const checked = {
      ...options,
      checkServerIdentity: (_host: string, { raw }: { raw: Buffer }) => {
        const certificate = new X509Certificate(raw);
        const isFor = isIPv4(name) ? certificate.checkIP(name) : certificate.checkHost(name);
        return isFor === undefined ? new Error(`It is not for ${name}`) : undefined;
      },
    };
    get(checked, (response) => {
      response.resume();
      resolve(undefined);
    }).on("error", ({ message }) => resolve(message));
  });
}

const pemOf = (bytes: Buffer) => new X509Certificate(bytes).toString();

test("a client that trusts the authority reaches each name, and no other", async () => {
  const made = await make();
  const authority = pemOf(made.authority);
  for (const name of [...NAMES, "localhost", "127.0.0.1"]) {
    assert.is(await judge(made, authority, name), undefined);
  }
  assert.is(await judge(made, authority, "192.168.1.6"), "It is not for 192.168.1.6");
  assert.match(
    (await judge(made, pemOf((await make()).authority), NAMES[0]!))!,
    /certificate|unable/,
  );
});

test("the authority can certify no site of the internet, and no other authority", async () => {
  const folder = temporaryFolder();
  const made = await make({ folder });
  const pem = await readFile(join(folder, "authority.pem"), "utf8");
  const at = pem.indexOf("-----BEGIN PRIVATE KEY-----");
  const issuer = { cert: pem.slice(0, at), key: pem.slice(at), subject: "Lighthouse dev on box" };
  const from = new Date(Date.now() - 1000);
  const until = new Date(Date.now() + 86_400_000);
  for (const name of ["example.com", "8.8.8.8"]) {
    const { cert, key } = createCertificate({ subject: name, names: [name], issuer, from, until });
    const said = await judge({ chain: cert + issuer.cert, key }, pemOf(made.authority), name);
    assert.match(said!, /permitted subtree violation/);
  }
  const other = createCertificate({ subject: "b", permits: "any", issuer, from, until });
  const leaf = createCertificate({
    subject: "c",
    names: ["a.local"],
    issuer: { ...other, subject: "b" },
    from,
    until,
  });
  const chain = leaf.cert + other.cert + issuer.cert;
  const said = await judge({ chain, key: leaf.key }, pemOf(made.authority), "a.local");
  assert.match(said!, /path length constraint exceeded/);
});

test("both are kept, private, and last a year at most", async () => {
  const folder = temporaryFolder();
  const first = await make({ folder });
  assert.equal(await make({ folder }), first);
  for (const name of ["authority.pem", "certificate.pem"]) {
    assert.is((await stat(join(folder, name))).mode & 0o777, 0o600);
  }
  for (
    const certificate of [new X509Certificate(first.chain), new X509Certificate(first.authority)]
  ) {
    const { validFrom, validTo } = certificate;
    const days = (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
    assert.ok(days <= 365 && Date.parse(validFrom) < Date.now());
  }
});

test("another address gets another certificate of the same authority", async () => {
  const folder = temporaryFolder();
  const first = await make({ folder });
  const second = await make({ folder, names: ["10.0.0.7"] });
  assert.equal(second.authority, first.authority);
  assert.is(await judge(second, pemOf(first.authority), "10.0.0.7"), undefined);
  // It stays good for the addresses of both: the laptop moves between networks.
  assert.is.not(second.chain, first.chain);
});

test("an address of the internet is added to those that the authority may certify", async () => {
  const folder = temporaryFolder();
  const first = await make({ folder });
  const second = await make({ folder, names: ["8.8.8.8"] });
  assert.not.equal(second.authority, first.authority);
  assert.is(await judge(second, pemOf(second.authority), "8.8.8.8"), undefined);
  assert.equal(await make({ folder, names: ["8.8.8.8"] }), second);
});

test("near its end, and when its file is damaged, all is made anew", async () => {
  const folder = temporaryFolder();
  const first = await make({ folder });
  const later = Date.now() + 340 * 86_400_000;
  const second = await make({ folder, now: () => later });
  assert.not.equal(second.authority, first.authority);
  const { validTo } = new X509Certificate(second.authority);
  assert.ok(Date.parse(validTo) > later);
});

test("a key that others can read is refused", async () => {
  const folder = temporaryFolder();
  await make({ folder });
  await chmod(join(folder, "authority.pem"), 0o644);
  const error = await failureOf(make({ folder }));
  assert.is(error.code, "bad-config");
  assert.match(error.message, /others can read it.*chmod 600/);
});

test.run();
