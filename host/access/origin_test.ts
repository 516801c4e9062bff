import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isOrigin } from "./origin.ts";

const test = suite("origin");

const origins = [
  "https://me.github.io",
  "https://me.example:8443",
  "http://localhost:5173",
  "http://127.0.0.1",
  "http://[::1]:8080",
  "https://xn--bcher-kva.example",
  "https://a-b_c.example",
  "https://me.example.",
];
for (const origin of origins) {
  test(`${origin} is an origin`, () => {
    assert.is(isOrigin(origin), true);
  });
}

const others = [
  "",
  "null",
  "x",
  "https://",
  "https://me.example/",
  "https://me.example/a",
  "https://me.example?a",
  "https://me.example#a",
  "https://ME.example",
  "HTTPS://me.example",
  "https://me.example:443",
  "http://me.example:80",
  "https://me.example:08443",
  "https://user@me.example",
  "https://bücher.example",
  "https://me.example%2e",
  "https:me.example",
  "https:\\\\me.example",
  "https://127.1",
  "https://me.example https://evil.example",
  "ftp://me.example",
  "ws://me.example",
  "file://",
  "javascript:alert(1)",
  "data:text/html,x",
  "blob:https://me.example",
  "chrome-extension://abcdefghijklmnop",
  "\u202ehttps://me.example",
  "https://me\u202e.example",
  "https://me\u00ad.example",
  "https://me.example\u200b",
  `https://${"a".repeat(500)}/`,
];
// URL.parse() takes some of these out, at the ends or everywhere.
for (let code = 0; code <= 0x20; code++) {
  const sign = String.fromCharCode(code);
  others.push(
    `${sign}https://me.example`,
    `https://me.example${sign}`,
    `https://me${sign}.example`,
  );
}
for (let code = 0x7f; code < 0xa0; code++) {
  others.push(`https://me${String.fromCharCode(code)}.example`);
}
for (const text of others) {
  test(`${JSON.stringify(text).slice(0, 60)} is no origin`, () => {
    assert.is(isOrigin(text), false);
  });
}

test.run();
