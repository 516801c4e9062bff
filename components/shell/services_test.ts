import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { parseServices, readServices } from "./services.ts";

const test = suite("services of the start page");

const notes = { prefix: "/notes", name: "Notes", icon: "/notes/favicon.ico", up: true };

test("the host's list is read", async () => {
  const asked: string[] = [];
  const services = await readServices((path) => {
    asked.push(path);
    return Promise.resolve(Response.json({ services: [notes, { ...notes, icon: null }] }));
  });
  assert.equal(services, [notes, { ...notes, icon: null }]);
  assert.equal(asked, ["/.lighthouse/services"]);
});

test("a host of an older version has none", async () => {
  const answer = Response.json({ error: { code: "no-service" } }, { status: 404 });
  assert.is(await readServices(() => Promise.resolve(answer)), undefined);
});

for (
  const text of [
    "<!doctype html>",
    "null",
    "[]",
    "{}",
    '{"services":{}}',
    '{"services":[null]}',
    JSON.stringify({ services: [{ ...notes, prefix: "javascript:" }] }),
    JSON.stringify({ services: [{ ...notes, name: 1 }] }),
    JSON.stringify({ services: [{ ...notes, icon: "https://evil.example/" }] }),
    JSON.stringify({ services: [{ ...notes, up: "yes" }] }),
  ]
) {
  test(`${text} is no list of services`, () => assert.is(parseServices(text), undefined));
}

test.run();
