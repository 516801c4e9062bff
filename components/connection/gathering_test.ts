import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { Gathering, type GatheringOptions } from "./gathering.ts";

const test = suite("gathering");

const HOST = "candidate:1 1 udp 2113937151 4f2c.local 50000 typ host";
const OTHER = "candidate:2 1 UDP 2113937150 192.0.2.7 50001 typ host";
const REFLEXIVE = "candidate:3 1 udp 1677729535 198.51.100.1 50002 typ srflx raddr 0.0.0.0 rport 0";
const RELAYED = "candidate:4 1 udp 33562367 198.51.100.9 50003 typ relay raddr 0.0.0.0 rport 0";

function start(servers: GatheringOptions["servers"], isPatient = false) {
  const timers = new ManualTimers();
  const gathering = new Gathering({ servers, isPatient, startTimer: timers.start });
  let isEnough = false;
  gathering.enough.then(() => isEnough = true);
  const enough = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return isEnough;
  };
  return { timers, gathering, enough };
}

test("without servers, the offer goes when a burst of candidates is over", async () => {
  const { timers, gathering, enough } = start("none");
  assert.equal(timers.running, [1_000], "no candidate yet");
  gathering.add(HOST);
  gathering.add(OTHER);
  assert.equal(timers.running, [2]);
  assert.not(await enough());
  timers.expire(2);
  assert.ok(await enough());
  assert.equal(gathering.candidates, [HOST, OTHER]);
});

for (const found of [REFLEXIVE, RELAYED]) {
  test(`with servers, the offer waits for one's answer: ${found.split(" ")[7]}`, async () => {
    const { timers, gathering, enough } = start("STUN");
    gathering.add(HOST);
    gathering.add(OTHER);
    assert.equal(timers.running, [250], "from the first candidate on");
    gathering.add(found);
    assert.equal(timers.running, [2]);
    timers.expire(2);
    assert.ok(await enough());
    assert.equal(gathering.candidates, [HOST, OTHER, found]);
  });
}

test("with TURN servers, the offer waits for one's candidate, and after STUN's only for a while", async () => {
  const { timers, gathering, enough } = start("TURN");
  gathering.add(HOST);
  gathering.add(OTHER);
  assert.equal(timers.running, [1000], "where UDP is blocked, TCP and TLS take longer");
  gathering.add(REFLEXIVE);
  assert.equal(timers.running, [250]);
  gathering.add(RELAYED);
  assert.equal(timers.running, [2]);
  timers.expire(2);
  assert.ok(await enough());
});

test("a server that does not answer holds the offer up only for a while", async () => {
  const { timers, gathering, enough } = start("STUN");
  gathering.add(HOST);
  timers.expire(250);
  assert.ok(await enough());
  gathering.add(REFLEXIVE);
  assert.equal(gathering.candidates, [HOST, REFLEXIVE], "what comes later is kept");
});

test("where nobody waits for the connection, a server has more time", async () => {
  const { timers, gathering, enough } = start("STUN", true);
  gathering.add(HOST);
  assert.equal(timers.running, [1000]);
  gathering.add(REFLEXIVE);
  timers.expire(2);
  assert.ok(await enough());
});

test("the offer goes at once when no more candidates follow, also without any", async () => {
  const { timers, gathering, enough } = start("STUN");
  gathering.end();
  assert.ok(await enough());
  assert.equal(timers.running, []);
});

test("a browser that shows no candidate holds the offer up only for a while", async () => {
  const { timers, gathering, enough } = start("STUN");
  timers.expire(1_000);
  assert.ok(await enough());
  assert.equal(gathering.candidates, []);
});

test("candidates that no host takes are left out: TCP, another component, the end's mark", () => {
  const { timers, gathering } = start("none");
  gathering.add("candidate:5 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active");
  gathering.add("candidate:6 2 udp 2113937151 192.0.2.7 50004 typ host");
  gathering.add("");
  assert.equal(gathering.candidates, []);
  assert.equal(timers.running, [1_000]);
});

test.run();
