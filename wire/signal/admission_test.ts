import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { readVectors } from "../testing/read_vectors.ts";
import {
  expiryOf,
  formatAdmissionObject,
  formatProtocols,
  isAdmission,
  isAdmissionKey,
  makeAdmission,
  parseAdmissionObject,
  parseProtocols,
} from "./admission.ts";

const test = suite("admission");

const { admissions, protocols } = readVectors<{
  admissions: { key: string; host: string; expires: number; value: string }[];
  protocols: { name: string; offered: string[]; host?: string; value?: string }[];
}>("admissions.json");

for (const { key, host, expires, value } of admissions) {
  test(`the value of ${host} until ${expires} is ${value}`, async () => {
    assert.is(await makeAdmission(key, host, expires), value);
    assert.is(expiryOf(value), expires);
    assert.ok(await isAdmission({ host, value }, key, expires * 1000 - 1));
    assert.not(await isAdmission({ host, value }, key, expires * 1000));
    assert.not(await isAdmission({ host: `${host}x`, value }, key, 0));
    assert.equal(parseProtocols(formatProtocols({ host, value })), { host, value });
  });
}

for (const { name, offered, host, value } of protocols) {
  test(name, () => {
    const expected = host === undefined ? undefined : { host, value };
    assert.equal(parseProtocols(offered), expected);
  });
}

test("a value with any one bit changed is refused", async () => {
  const [{ key, host, value }] = admissions as [typeof admissions[0]];
  const bytes = Uint8Array.from(Buffer.from(value, "base64url"));
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.not(await isAdmission({ host, value: toBase64url(changed) }, key, 0), `bit ${bit}`);
  }
});

for (
  const key of ["", "open", "A".repeat(42), "A".repeat(44), `${"A".repeat(42)}=`, "é".repeat(43)]
) {
  test(`${key.slice(0, 4)}… of ${key.length} signs is no key, and admits nobody`, async () => {
    assert.not(isAdmissionKey(key));
    assert.not(await isAdmission({ host: "laptop", value: "A".repeat(22) }, key, 0));
  });
}

test("the object in S3 holds the key, or says that the host is open", () => {
  for (const key of ["A".repeat(43), "open"]) {
    assert.is(parseAdmissionObject(formatAdmissionObject(key)), key);
  }
  for (const text of ["", "{", "key"]) assert.throws(() => parseAdmissionObject(text));
});

test.run();
