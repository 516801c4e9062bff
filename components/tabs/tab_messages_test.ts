import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { prefixIn } from "./tab_messages.ts";

const test = suite("tab_messages");
const SCOPE = "https://me.example/site/";

for (
  const [query, prefix] of [
    ["", "local/"],
    ["?prefix=laptop/", "laptop/"],
    ["?prefix=laptop", "laptop/"],
    ["?prefix=a/b", "a/b/"],
    ["?prefix=/site/laptop/", "laptop/"],
    ["?other=1", "local/"],
  ] as const
) {
  test(`sw.js${query} leads ${prefix} through the tunnel`, () => {
    assert.is(prefixIn(SCOPE, `${SCOPE}sw.js${query}`).href, SCOPE + prefix);
  });
}

for (const prefix of ["", ".", "/", "/elsewhere/", "..", "https://other.example/", "a?b", "a#b"]) {
  test(`the prefix "${prefix}" is refused`, () => {
    const url = `${SCOPE}sw.js?prefix=${encodeURIComponent(prefix)}`;
    const error = thrownBy(() => prefixIn(SCOPE, url));
    assert.instance(error, TypeError);
    assert.match(error.message, /expected a path within https:\/\/me.example\/site\//);
  });
}

test.run();
