// A host whose event loop stands still gets all at once what pages have sent meanwhile.
import { fork } from "node:child_process";
import { once } from "node:events";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { Carrier, HOST_LIVENESS, Session } from "../../wire/mod.ts";
import { answerOffer, endPeers } from "./peer.ts";
import { parseOffer } from "./sdp.ts";

const test = suite("stalls", { deadline: 60_000 });

const PAGE = new URL("../testing/uploading_page.ts", import.meta.url);
const MiB = 1024 * 1024;

test("a page that uploads keeps its session while the host stands still for seconds", async () => {
  await using stack = new AsyncDisposableStack();
  const page = fork(PAGE);
  stack.defer(() => void page.kill("SIGKILL"));
  const [offer] = await once(page, "message");
  const peer = answerOffer(parseOffer(offer as string), { ice: { iceServers: [] }, owner: "page" });
  page.send(await peer.answer);
  const carrier = new Carrier(await peer.channel);
  const hello = await carrier.hello;
  let lost = "";
  const session = new Session({
    role: "host",
    id: hello.session,
    liveness: HOST_LIVENESS,
    soon: setImmediate,
    onStream: (stream) => void stream.readable.pipeTo(new WritableStream()).catch(() => {}),
    onDetached: ({ message }) => lost = message,
  });
  session.accept(carrier, hello, true);
  for (const ms of [300, 1_000, 2_000, 1_000]) {
    const { bytes } = session;
    await until(() => session.bytes > bytes + 8 * MiB);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }
  const { bytes } = session;
  await until(() => session.bytes > bytes + 8 * MiB);
  assert.is(lost, "");
  assert.is(session.carriers, 1);
  session.close();
  peer.close();
});

test.after(() => endPeers());
test.run();
