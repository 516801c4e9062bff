import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { fileNameOf, toSavedFile } from "./saved_file.ts";

const test = suite("toSavedFile");

for (
  const [given, name, expected] of [
    [undefined, "a.csv", "attachment; filename*=UTF-8''a.csv"],
    ["inline", "a b.csv", "attachment; filename*=UTF-8''a%20b.csv"],
    [
      "attachment",
      "gr\u00fc\u00df(1)'.csv",
      "attachment; filename*=UTF-8''gr%C3%BC%C3%9F%281%29%27.csv",
    ],
    ["attachment", "half\ud83d", "attachment; filename*=UTF-8''half%EF%BF%BD"],
    ['inline; filename="own.csv"', "a.csv", 'attachment; filename="own.csv"'],
    ["attachment; FileName* = UTF-8''own.csv", "a.csv", "attachment; FileName* = UTF-8''own.csv"],
  ] as const
) {
  test(`an answer of ${given ?? "no disposition"} is saved as ${expected}`, () => {
    const headers: HeadersInit = given ? { "content-disposition": given } : {};
    const saved = toSavedFile(new Response("a", { headers }), name);
    assert.is(saved.headers.get("content-disposition"), expected);
  });
}

test("the answer stays as it is otherwise", async () => {
  const headers = { "content-type": "text/csv", "x-frame-options": "DENY" };
  const saved = toSavedFile(new Response("text", { status: 404, headers }), "a");
  assert.equal(
    [saved.status, saved.headers.get("content-type"), await saved.text()],
    [404, "text/csv", "text"],
  );
  assert.not(saved.headers.has("x-frame-options"));
});

test("a URL's name is the last part of its path", () => {
  const names = ["/a/b%20c.csv?d", "/%ff", "/a/"].map((path) =>
    fileNameOf(new URL(path, "https://me.example"))
  );
  assert.equal(names, ["b c.csv", "%ff", ""]);
});

test.run();
