// The vectors of the heads of requests and answers (docs/wire.md, "HTTP" and "WebSocket").
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../testing/failure.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { encodeHead, parseRequestHead, parseResponseHead } from "./http.ts";

const test = suite("http vectors");

interface Heads<Head> {
  good: { name: string; text: string; head: Head }[];
  bad: { name: string; text: string }[];
}

const vectors = readVectors<{
  requests: Heads<ReturnType<typeof parseRequestHead>>;
  answers: Heads<ReturnType<typeof parseResponseHead>>;
  upgraded: Heads<ReturnType<typeof parseResponseHead>>;
}>("http_heads.json");

for (
  const { kind, heads, parse, code } of [
    { kind: "request", heads: vectors.requests, parse: parseRequestHead, code: "bad-request" },
    { kind: "answer", heads: vectors.answers, parse: parseAnswer, code: "bad-frame" },
    {
      kind: "WebSocket's answer",
      heads: vectors.upgraded,
      parse: parseUpgraded,
      code: "bad-frame",
    },
  ]
) {
  for (const { name, text, head } of heads.good) {
    test(`a head of a ${kind} is read: ${name}`, () => {
      assert.equal(parse(new TextEncoder().encode(text)), head);
      assert.equal(parse(encodeHead(head)), head);
    });
  }
  for (const { name, text } of heads.bad) {
    test(`a head of a ${kind} is refused: ${name}`, () => {
      assert.is(thrownBy(() => parse(new TextEncoder().encode(text))).code, code);
    });
  }
}

function parseAnswer(head: Uint8Array) {
  return parseResponseHead(head);
}

function parseUpgraded(head: Uint8Array) {
  return parseResponseHead(head, 101);
}

test.run();
