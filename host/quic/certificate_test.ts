// What browsers ask of a certificate that they know by its hash, seen by OpenSSL in Node.js.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:tls";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { createCertificate, CurrentCertificate } from "./certificate.ts";

const test = suite("certificate");

const DAY_MS = 86_400_000;
const NOW = Date.parse("2026-03-01T12:00:00.789Z");

test("it is an own one of P-256 and SHA-256, with its hash", () => {
  const { certificate, hash } = createCertificate({ now: NOW });
  const read = new X509Certificate(certificate);
  const { asymmetricKeyType, asymmetricKeyDetails } = read.publicKey;
  assert.equal([asymmetricKeyType, asymmetricKeyDetails], ["ec", { namedCurve: "prime256v1" }]);
  assert.ok(read.verify(read.publicKey));
  assert.is(read.signatureAlgorithm, "ecdsa-with-SHA256");
  assert.is(
    read.fingerprint256.replaceAll(":", "").toLowerCase(),
    Buffer.from(hash).toString("hex"),
  );
  assert.is.not(createCertificate({ now: NOW }).key, createCertificate({ now: NOW }).key);
});

test("it lasts less than 14 days, and pages whose clocks are two days off take it", () => {
  const { certificate, expires } = createCertificate({ now: NOW });
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  assert.is(validToDate.getTime(), expires);
  assert.ok(expires - validFromDate.getTime() < 14 * DAY_MS);
  assert.ok(validFromDate.getTime() <= NOW - 2 * DAY_MS);
});

test("a TLS server proves by it who it is", async () => {
  const { certificate, key } = createCertificate({ now: Date.now() });
  await using server = await listen(createServer({ cert: certificate, key }));
  const socket = connect({
    host: "127.0.0.1",
    port: server.port,
    ca: certificate,
    servername: "lighthouse.invalid",
    minVersion: "TLSv1.3",
  });
  await once(socket, "secureConnect");
  assert.ok(socket.authorized);
  assert.equal(socket.getPeerX509Certificate()!.raw, new X509Certificate(certificate).raw);
  socket.destroy();
});

const AGES = { kept: [0, 8.9, -0.5], replaced: [9.1, 40, -1.5] };
for (const [what, ages] of Object.entries(AGES)) {
  test(`it is ${what} after ${ages.join(", ")} days`, () => {
    for (const days of ages) {
      let now = NOW;
      const current = new CurrentCertificate({ now: () => now });
      const first = current.get();
      now += days * DAY_MS;
      const second = current.get();
      assert.is(second === first, what === "kept", `${days} days`);
      assert.ok(second.expires > now + 2 * DAY_MS);
      assert.is(current.get(), second);
    }
  });
}

test.run();
