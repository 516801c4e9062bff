import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { Carrier, LighthouseError, serveOffer, type Session } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { dialLane } from "./dial_lane.ts";

const test = suite("dial lane");

const OPEN_MS = 15_000;

/** A session's lane that is being dialled. `answer` is the host's to the offer in the session. */
async function start(
  answer: (sdp: string, peer: MemoryPeer, host: () => Session) => Promise<string>,
) {
  const timers = new ManualTimers();
  const peer = new MemoryPeer();
  const end = new AbortController();
  const { page, host }: { page: Session; host: Session } = await connectSessions({
    host: { onStream: (stream) => void serveOffer(stream, (sdp) => answer(sdp, peer, () => host)) },
  });
  const dialled = dialLane(page, {
    ice: { iceServers: [] },
    signal: end.signal,
    platform: { createPeer: () => peer, startTimer: timers.start },
  });
  dialled.catch(() => {});
  return {
    timers,
    peer,
    end,
    page,
    host,
    dialled,
    [Symbol.dispose]() {
      page.close();
      host.close();
    },
  };
}

const never = () => new Promise<string>(() => {});

test("a lane is offered and answered in the session, and joins it", async () => {
  using lane = await start(async (sdp, peer, host) => {
    assert.is(sdp, "v=0\r\noffer");
    const carrier = new Carrier(peer.far);
    carrier.hello.then((hello) => host().accept(carrier, hello, false), () => {});
    return await Promise.resolve("v=0\r\nanswer");
  });
  await until(() => lane.peer.accepted !== undefined);
  assert.is(lane.peer.accepted, "v=0\r\nanswer");
  lane.peer.open();
  await lane.dialled;
  await until(() => lane.page.carriers === 2);
  assert.equal(lane.timers.running, []);
  assert.not(lane.peer.isClosed);
});

test("a host that is full is told, and the peer closed", async () => {
  using lane = await start(() => Promise.reject(new LighthouseError("host-busy", "Full")));
  assert.is((await failureOf(lane.dialled)).code, "host-busy");
  assert.ok(lane.peer.isClosed);
  assert.is(lane.page.carriers, 1);
});

test("a lane that takes too long, and one that is given up, end with the reason", async () => {
  using slow = await start(never);
  slow.timers.expire(OPEN_MS);
  assert.is((await failureOf(slow.dialled)).code, "connection-failed");
  assert.ok(slow.peer.isClosed);

  using lane = await start(never);
  const reason = new Error("enough");
  lane.end.abort(reason);
  assert.is(await failureOf(lane.dialled), reason);
  assert.ok(lane.peer.isClosed);
  assert.equal(lane.timers.running, []);
});

test.run();
