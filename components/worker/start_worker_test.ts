import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { CurrentView } from "../connection/connection_view.ts";
import { holdLifetimeLock } from "../tabs/lifetime_lock.ts";
import { LeaderStreams } from "../tabs/leader_streams.ts";
import { OwnConnection } from "../testing/own_connection.ts";
import { FakeWorkerScope } from "../testing/site.ts";
import type { PageRequest } from "./page_request.ts";

const test = suite("start_worker");

async function withWorker(use: (worker: FakeWorkerScope) => Promise<void>): Promise<void> {
  const life = new AbortController();
  const scope = `https://me.example/${crypto.randomUUID()}/`;
  try {
    await use(new FakeWorkerScope({ scope, life: life.signal }));
  } finally {
    life.abort();
  }
}

function requestFor(url: string): PageRequest {
  const { method, headers, signal, cache } = new Request(url);
  return {
    method,
    url,
    headers,
    signal,
    cache,
    mode: "cors",
    destination: "",
    referrer: "",
  } as PageRequest;
}

for (
  const [type, data, expected] of [
    ["install", undefined, ["skipWaiting"]],
    ["activate", undefined, ["claim"]],
    ["message", { lighthouse: "awake" }, ["claim"]],
    ["message", { lighthouse: "another" }, []],
    ["message", "a site's own", []],
    ["message", null, []],
  ] as [string, unknown, string[]][]
) {
  test(`${type} ${JSON.stringify(data) ?? ""} calls ${expected.join() || "nothing"}`, async () => {
    await withWorker(async (worker) => {
      await worker.dispatch(type, { data });
      assert.equal(worker.calls, expected);
    });
  });
}

test("requests of the site's own pages outside of the prefix get the site's answer", async () => {
  await withWorker(async (worker) => {
    const { scope } = worker.registration;
    for (const url of [scope, `${scope}page`, `${scope}local`]) {
      const response = await worker.dispatch("fetch", { request: requestFor(url) });
      assert.is(await response!.text(), "the site's");
    }
    const request = requestFor("https://other.example/local/");
    assert.is(await worker.dispatch("fetch", { request }), undefined);
  });
});

test("requests under the prefix go through the leader", async () => {
  await withWorker(async (worker) => {
    const own = new OwnConnection(new CurrentView());
    await own.open();
    const life = new AbortController();
    const leader = new LeaderStreams({ session: () => own.session, keepAwake: () => {} });
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => leader.open(data);
    const alive = await holdLifetimeLock(life);
    await worker.dispatch("message", { data: { lighthouse: "hold", port: port2, alive } });
    const request = requestFor(`${worker.registration.scope}local/a?b`);
    const response = await worker.dispatch("fetch", { request });
    assert.is(await response!.text(), "host /a?b");
    leader.close();
    life.abort();
    own.close();
    port1.close();
  });
});

test("a prefix outside of the scope ends the worker", () => {
  const { signal } = new AbortController();
  const start = () =>
    new FakeWorkerScope({ scope: "https://me.example/a/", life: signal, query: "?prefix=/b/" });
  assert.instance(thrownBy(start), TypeError);
});

test.run();
