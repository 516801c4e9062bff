import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { parseKeyApps, writeKeySite } from "./key_site.ts";

const test = suite("key_site");

const parsed: [text: string, page: string, service: string][] = [
  ["https://a.example/=/notes", "https://a.example/", "/notes"],
  ["https://a.example/app/=/", "https://a.example/app/", "/"],
  ["https://a.example", "https://a.example/", "/"],
  ["https://a.example/?a=b=/notes/more", "https://a.example/?a=b", "/notes/more"],
  ["http://localhost:8080/=/notes", "http://localhost:8080/", "/notes"],
];
for (const [text, page, service] of parsed) {
  test(`${text} lets ${page} reach ${service}`, () => {
    const [app] = parseKeyApps([text]);
    assert.equal([app!.page.href, app!.service], [page, service]);
  });
}

for (const text of ["", "a.example=/notes", "https://a.example/=/notes/", "file:///a=/notes"]) {
  test(`${text || "no text"} is refused`, () => {
    assert.is(thrownBy(() => parseKeyApps([text])).code, "bad-config");
  });
}

test("two apps of one origin are refused, since neither could be kept from the other's service", () => {
  const texts = [
    "https://me.github.io/a/=/a",
    "https://b.example/=/b",
    "https://me.github.io/b/=/b",
  ];
  const error = thrownBy(() => parseKeyApps(texts));
  assert.is(error.code, "bad-config");
  assert.match(error.message, "https://me.github.io twice");
});

test("the page names the apps' origins and what they reach, and runs only its own script", async () => {
  const folder = join(temporaryFolder(), "key");
  const [app] = parseKeyApps(["https://a.example/x/?a&b=/notes"]);
  await writeKeySite(folder, {
    attributes: { relay: "wss://relay.example/prod", host: undefined },
    apps: [app!],
  });
  const page = await readFile(join(folder, "index.html"), "utf8");
  const contentOf = (name: string) => page.match(new RegExp(`"${name}" content="([^"]*)"`))![1]!;
  assert.equal(JSON.parse(contentOf("lighthouse-key").replaceAll("&#34;", '"')), {
    attributes: { relay: "wss://relay.example/prod" },
    apps: [{ origin: "https://a.example", service: "/notes" }],
  });
  assert.is(
    contentOf("Content-Security-Policy"),
    "default-src 'none'; script-src 'self'; connect-src wss://relay.example https:; " +
      "base-uri 'none'; form-action 'none'",
  );
  assert.match(page, '<a href="https://a.example/x/?a&#38;b">');
  assert.ok((await readFile(join(folder, "key.js"))).length > 0);
});

test.run();
