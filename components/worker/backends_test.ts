import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { MemoryCaches } from "../testing/memory_caches.ts";
import { Backends, backendStore } from "./backends.ts";

const test = suite("backends");

async function withBackends(urls: Record<string, string>, caches = new MemoryCaches()) {
  const store = backendStore(caches.asCaches, "https://me.example/");
  const backends = new Backends(store, "me.example");
  await backends.loaded;
  for (const [service, url] of Object.entries(urls)) await backends.add(service, url);
  return backends;
}

for (
  const [url, path] of [
    ["http://127.0.0.1:5000/x", "/x"],
    ["http://localhost:5000/x/y", "/x/y"],
    ["http://[::1]:5000/", "/"],
    ["https://localhost:5000/x", "/x"],
    ["http://me.example:5000/x", "/x"],
    ["http://localhost:5001/x", undefined],
    ["http://me.example/x", undefined],
    ["http://localhost:6000/api/x", "/notes/x"],
    ["http://localhost:6000/api", "/notes/"],
    ["http://localhost:6000/apiary", undefined],
    ["http://nas.example/x", "/nas/x"],
  ] as const
) {
  test(`${url} is ${path ?? "no backend's"}`, async () => {
    const backends = await withBackends({
      "/": "http://127.0.0.1:5000",
      "/notes": "http://localhost:6000/api",
      "/nas": "http://nas.example",
    });
    assert.is(backends.pathOf(new URL(url), undefined), path);
    if (path) assert.ok(backends.mayOwn(new URL(url)));
  });
}

test("services that share a backend keep their documents", async () => {
  const backends = await withBackends({ "/a": "http://localhost:1", "/b": "http://localhost:1" });
  const url = new URL("http://127.0.0.1:1/x");
  assert.is(backends.pathOf(url, "/a"), "/a/x");
  assert.is(backends.pathOf(url, "/b"), "/b/x");
});

test("a worker that is started again knows them", async () => {
  const caches = new MemoryCaches();
  await withBackends({ "/notes": "http://localhost:1" }, caches);
  const backends = await withBackends({}, caches);
  assert.is(backends.pathOf(new URL("http://localhost:1/x"), undefined), "/notes/x");
});

test("until they are known, any other server's URL may be a backend's", async () => {
  const store = { read: () => new Promise<never>(() => {}), write: () => Promise.resolve() };
  const backends = new Backends(store, "me.example");
  assert.ok(backends.mayOwn(new URL("https://other.example/")));
  assert.not((await withBackends({})).mayOwn(new URL("https://other.example/")));
});

test.run();
