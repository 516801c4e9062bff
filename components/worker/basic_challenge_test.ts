import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { basicCredentials, basicRealm } from "./basic_challenge.ts";

const test = suite("basic_challenge");

for (
  const [header, realm] of [
    ['Basic realm="Private"', "Private"],
    ['BASIC REALM="Private"', "Private"],
    ["Basic realm=Private", "Private"],
    ['Basic realm = "a, b = c"', "a, b = c"],
    ['Basic realm="a \\"b\\" \\\\"', 'a "b" \\'],
    ['Basic charset="UTF-8", realm="Private"', "Private"],
    ['Basic realm="Private", charset="UTF-8"', "Private"],
    ["Basic", ""],
    ['Basic realm=""', ""],
    ['Basic realm="B\u00c3\u00bcro"', "B\u00fcro"],
    ['Bearer realm="api", Basic realm="Private"', "Private"],
    ['Basic realm="Private", Bearer realm="api"', "Private"],
    ["Negotiate, Basic", ""],
    ["Negotiate abc==, Basic realm=x", "x"],
    ['Digest realm="d", nonce="Basic realm=x", qop="auth"', undefined],
    ['Bearer realm="Basic"', undefined],
    ["BasicX realm=x", undefined],
    ["Bearer", undefined],
    ["Negotiate", undefined],
    ["", undefined],
    [null, undefined],
  ] as const
) {
  test(`the realm of ${header} is ${realm}`, () => {
    assert.is(basicRealm(header), realm);
  });
}

for (
  const [user, password, expected] of [
    // RFC 7617 §2 and §2.1.
    ["Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
    ["test", "123\u00a3", "Basic dGVzdDoxMjPCow=="],
    ["", "token", "Basic OnRva2Vu"],
    ["user", "", "Basic dXNlcjo="],
    ["\u{1f600}", "a:b", "Basic 8J+YgDphOmI="],
  ] as const
) {
  test(`${user}:${password} are ${expected}`, () => {
    assert.is(basicCredentials(user, password), expected);
  });
}

test.run();
