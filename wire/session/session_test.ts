import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { LighthouseError } from "../error.ts";
import { bytesOf, isSame, pattern, streamOf } from "../testing/bytes.ts";
import { PacedMemoryChannel } from "../testing/channel_pair.ts";
import { failureOf, thrownBy } from "../testing/failure.ts";
import { Link, type LinkOptions } from "../testing/link.ts";
import { encodeMessage, type Frame } from "./frame.ts";
import { MAX_MISSING } from "./remote_stream_ids.ts";
import type { Stream } from "./stream.ts";
import { MAX_STREAMS } from "./streams.ts";

const test = suite("session");

const MiB = 1024 * 1024;
const HEAD = new Uint8Array([7, 1, 2, 3]);
const ANSWER = new Uint8Array([9, 8]);

/** Runs with a page connected to a host, and ends both. */
async function withLink(options: LinkOptions, use: (link: Link) => Promise<void>): Promise<void> {
  const link = new Link(options);
  try {
    await link.connect();
    await use(link);
  } finally {
    await link.close();
  }
}

/** Answers with a head and what it reads. */
async function echo(stream: Stream): Promise<void> {
  await stream.head;
  stream.sendHead(ANSWER);
  await stream.readable.pipeTo(stream.writable).catch(() => {});
}

/** Takes streams and does nothing with them. */
function ignore(): void {}

/** A host's `onStream` and the streams that it was given. */
function collector(): { streams: Stream[]; onStream: (stream: Stream) => void } {
  const streams: Stream[] = [];
  return { streams, onStream: (stream) => streams.push(stream) };
}

/** Sends bytes on a stream of its own. @returns What comes back. */
async function roundTrip(link: Link, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = link.page.open(HEAD);
  const sent = streamOf(body).pipeTo(stream.writable);
  assert.equal(await stream.head, ANSWER);
  const [answer] = await Promise.all([bytesOf(stream.readable), sent]);
  return answer;
}

/** Both ends' count of open streams falls to 0. */
function drained(link: Link): Promise<void> {
  return until(() => link.page.streams === 0 && link.host?.streams === 0);
}

for (const size of [0, 1, 65_537, 3 * MiB]) {
  test(`${size} bytes go there and come back over an unordered channel`, async () => {
    await withLink({ onStream: echo }, async (link) => {
      const body = pattern(size);
      assert.ok(isSame(await roundTrip(link, body), body));
      await drained(link);
    });
  });
}

test("the host opens streams as the page does", async () => {
  await withLink({ onPageStream: echo }, async (link) => {
    const stream = link.host!.open(HEAD);
    const body = pattern(MiB);
    const sent = streamOf(body).pipeTo(stream.writable);
    assert.ok(isSame(await bytesOf(stream.readable), body));
    await sent;
    await drained(link);
  });
});

test("64 streams at once get each their own bytes", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await Promise.all(Array.from({ length: 64 }, async (_, index) => {
      const body = pattern(20_000 + index, index);
      assert.ok(isSame(await roundTrip(link, body), body), `of stream ${index}`);
    }));
    await drained(link);
  });
});

test("1,000 requests in a row leave no stream behind", async () => {
  await withLink({ onStream: echo }, async (link) => {
    for (let i = 0; i < 1000; i += 8) {
      await Promise.all(Array.from({ length: 8 }, () => roundTrip(link, pattern(50, i))));
    }
    await drained(link);
  });
});

for (
  const [what, lose] of [
    ["closed", (link: Link) => link.cut()],
    ["gone without a close", (link: Link) => link.die()],
  ] as const
) {
  test(`streams go on over the next channel when one is ${what}`, async () => {
    let accepted = 0;
    const onStream = (stream: Stream) => {
      accepted++;
      echo(stream);
    };
    await withLink({ onStream }, async (link) => {
      const bodies = [pattern(2 * MiB, 1), pattern(300_000, 2), pattern(10, 3)];
      const answers = Promise.all(bodies.map((body) => roundTrip(link, body)));
      for (let i = 0; i < 10; i++) {
        await new Promise((resolve) => setTimeout(resolve, i));
        lose(link);
        await link.connect();
      }
      for (const [index, answer] of (await answers).entries()) {
        assert.ok(isSame(answer, bodies[index]!), `of stream ${index}`);
      }
      assert.is(accepted, bodies.length);
      await drained(link);
    });
  });
}

test("a resumed session has only the newest channel", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await link.connect();
    assert.is(link.page.carriers, 1);
    assert.is(link.host!.carriers, 1);
    link.cut();
    await until(() => link.page.carriers === 0);
    assert.is(link.detached.at(-1)!.code, "connection-lost");
  });
});

test("the list of a HELLO is forgotten after its use", async () => {
  await withLink({ onStream: echo }, async (link) => {
    const streams = Array.from({ length: 10 }, () => link.page.open(new Uint8Array()));
    await until(() => link.host!.streams === 10);
    link.cut();
    await link.connect();
    const hellos = await Promise.all(link.carriers.map(({ hello }) => hello));
    assert.equal(hellos.map(({ mode, held }) => [mode, held]), [["resume", []], ["resume", []]]);
    for (const stream of streams) stream.reset(new LighthouseError("aborted", "over"));
  });
});

test("a dead channel is closed after the time that the rules name", async () => {
  const soon = { look: 5, silent: 10 };
  const liveness = { busy: soon, idle: soon, dead: 50 };
  await withLink({ onStream: echo, liveness }, async (link) => {
    link.die();
    await until(() => link.detached.length > 0);
    assert.is(link.page.carriers, 0);
  });
});

test("streams opened without a channel wait for one", async () => {
  const link = new Link({ onStream: echo });
  try {
    const answer = roundTrip(link, pattern(1000));
    assert.is(link.page.streams, 1);
    await link.connect();
    assert.ok(isSame(await answer, pattern(1000)));
  } finally {
    await link.close();
  }
});

test("begun streams fail with connection-lost when no channel comes in time", async () => {
  await withLink({ onStream: ignore, deadline: 10 }, async (link) => {
    const stream = link.page.open(HEAD);
    await until(() => stream.id > 0);
    link.cut();
    assert.is((await failureOf(stream.head)).code, "connection-lost");
    assert.is(link.page.streams, 0);
  });
});

test("streams that have not begun fail as well when no channel comes in time", async () => {
  await withLink({ onStream: ignore, deadline: 10 }, async (link) => {
    link.cut();
    await until(() => link.page.carriers === 0);
    assert.is((await failureOf(link.page.open(HEAD).head)).code, "connection-lost");
    // Nor does one wait forever that is opened later.
    const late = link.page.open(HEAD);
    assert.is((await failureOf(late.head)).code, "connection-lost");
    assert.is(link.page.streams, 0);
  });
});

test("a stream whose head does not come in time is refused, others go on", async () => {
  const { streams, onStream } = collector();
  await withLink({ onPageStream: onStream, deadline: 10 }, async (link) => {
    const open = link.host!.open(HEAD);
    await until(() => streams.length === 1);
    const part = encodeMessage([{ ...data(4), bytes: new Uint8Array([0, 0]), end: false }]);
    link.channels[0]![1].send(part);
    await until(() => streams.length === 2);
    assert.is((await failureOf(streams[1]!.head)).code, "refused");
    assert.equal(await streams[0]!.head, HEAD);
    assert.is(open.signal.aborted, false);
  });
});

test("numbers of streams that never arrived are not waited for after a resume", async () => {
  await withLink({ onStream: echo, deadline: 1 }, async (link) => {
    const host = link.host;
    for (let round = 0; round * MAX_STREAMS <= MAX_MISSING; round++) {
      link.die();
      const lost = Array.from({ length: MAX_STREAMS }, () => link.page.open(HEAD));
      await until(() => lost.at(-1)!.id > 0);
      // The host has not noticed yet.
      link.channels.at(-1)![0].onclose();
      await Promise.all(lost.map(({ head }) => failureOf(head)));
      await link.connect();
      assert.ok(isSame(await roundTrip(link, pattern(10)), pattern(10)));
    }
    assert.is(link.host, host);
  });
});

test("a host that was restarted fails what had begun, and takes what had not", async () => {
  const options: LinkOptions = { onStream: ignore };
  await withLink(options, async (link) => {
    const begun = link.page.open(HEAD);
    await until(() => link.host?.streams === 1);
    options.onStream = echo;
    link.restart();
    await until(() => link.page.carriers === 0);
    const waiting = roundTrip(link, pattern(70_000));
    await link.connect();
    assert.is((await failureOf(begun.head)).code, "session-lost");
    assert.is(begun.signal.reason.code, "session-lost");
    assert.ok(isSame(await waiting, pattern(70_000)));
    await drained(link);
  });
});

test("goAway() refuses new streams and waits for those that are open", async () => {
  await withLink({ onStream: echo }, async (link) => {
    const open = link.page.open(HEAD);
    await open.head;
    let gone = false;
    const going = link.host!.goAway().then(() => gone = true);
    // Opened before the page has heard of it.
    const late = link.page.open(HEAD);
    assert.is((await failureOf(late.head)).code, "refused");
    assert.is(gone, false);
    const waiting = link.page.open(HEAD);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.is(waiting.id, 0);
    await open.writable.close();
    await bytesOf(open.readable);
    await going;
  });
});

test("a side without onStream refuses streams", async () => {
  await withLink({}, async (link) => {
    assert.is((await failureOf(link.page.open(HEAD).head)).code, "refused");
    await drained(link);
  });
});

test("a DONE goes with the next message, or after a while in its own", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await roundTrip(link, new Uint8Array([1]));
    await drained(link);
    const [page] = link.channels[0]!;
    let messages = 0;
    const { send } = page;
    page.send = (message) => {
      messages++;
      send.call(page, message);
    };
    for (let i = 0; i < 10; i++) {
      const stream = link.page.open(HEAD);
      stream.end();
      await bytesOf(stream.readable);
    }
    // One for each request, and one for the end of the last; a timer may have sent another before.
    await drained(link);
    assert.ok(messages >= 11 && messages < 20, `${messages}`);
  });
});

test("a host that cancels a body stops the page's writer, and can still answer", async () => {
  const onStream = async (stream: Stream) => {
    await stream.head;
    stream.sendHead(ANSWER);
    await stream.readable.cancel();
    await streamOf(pattern(1000)).pipeTo(stream.writable);
  };
  await withLink({ onStream }, async (link) => {
    const stream = link.page.open(HEAD);
    const failure = await failureOf(streamOf(pattern(MiB)).pipeTo(stream.writable));
    assert.is(failure.code, "stopped");
    assert.ok(isSame(await bytesOf(stream.readable), pattern(1000)));
    await drained(link);
  });
});

for (
  const [who, endsOf] of [
    ["page", (page: Stream, host: Stream) => [page, host]],
    ["host", (page: Stream, host: Stream) => [host, page]],
  ] as const
) {
  test(`a reset by the ${who} ends both directions at both ends, with its code`, async () => {
    const { streams, onStream } = collector();
    await withLink({ onStream }, async (link) => {
      const opened = link.page.open(HEAD);
      await until(() => streams.length === 1);
      const [from, to] = endsOf(opened, streams[0]!);
      from!.reset(new LighthouseError("backend-failed", "It fell over"));
      const failure = await failureOf(bytesOf(to!.readable));
      assert.is(failure.code, "backend-failed");
      assert.is(failure.message, "It fell over");
      assert.is(to!.signal.reason, failure);
      assert.is((await failureOf(from!.writable.getWriter().closed)).code, "backend-failed");
      await drained(link);
    });
  });
}

test("a page that cancels a body resets the stream", async () => {
  const { streams, onStream } = collector();
  await withLink({ onStream }, async (link) => {
    const opened = link.page.open(HEAD);
    await until(() => streams.length === 1);
    await opened.readable.cancel();
    assert.is((await failureOf(bytesOf(streams[0]!.readable))).code, "aborted");
    await drained(link);
  });
});

test("a reset outlives the channel that it was sent over", async () => {
  const { streams, onStream } = collector();
  await withLink({ onStream }, async (link) => {
    const opened = link.page.open(HEAD);
    await until(() => streams.length === 1);
    link.die();
    opened.reset(new LighthouseError("aborted", "Enough"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await link.connect();
    assert.is((await failureOf(bytesOf(streams[0]!.readable))).message, "Enough");
    await drained(link);
  });
});

test("a reader that stalls stops its own writer, and nobody else", async () => {
  const { streams, onStream } = collector();
  const options: LinkOptions = { onStream };
  await withLink(options, async (link) => {
    const stalled = link.page.open(HEAD);
    let written = 0;
    const chunk = pattern(10_000);
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk);
        written += chunk.length;
      },
    });
    const failure = failureOf(endless.pipeTo(stalled.writable));
    await until(() => streams.length === 1);
    options.onStream = echo;
    const body = pattern(4 * MiB);
    assert.ok(isSame(await roundTrip(link, body), body));
    // A window or two, the reader's own queue, and a chunk at each hand on the way.
    assert.ok(written < 512 * 1024, `${written} bytes were taken`);
    const reader = streams[0]!.readable.getReader();
    for (let held = 0; held < MiB;) held += (await reader.read()).value!.length;
    stalled.reset(new LighthouseError("aborted", "Enough"));
    await failure;
    await drained(link);
  });
});

test("more streams than the other end accepts wait until one ends", async () => {
  const { streams, onStream } = collector();
  await withLink({ onStream }, async (link) => {
    const opened = Array.from({ length: MAX_STREAMS + 100 }, () => link.page.open(HEAD));
    await until(() => streams.length === MAX_STREAMS);
    assert.is(opened.filter(({ id }) => id === 0).length, 100);
    for (let i = 0; i < opened.length; i++) {
      await until(() => streams.length > i);
      echo(streams[i]!);
      await opened[i]!.writable.close();
    }
    await drained(link);
    assert.is(streams.length, MAX_STREAMS + 100);
  });
});

test("a second channel joins the first, and streams go on when either is cut", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await link.connect({ join: true });
    assert.is(link.page.carriers, 2);
    assert.is(link.host!.carriers, 2);
    const body = pattern(4 * MiB);
    const answer = roundTrip(link, body);
    await until(() => link.channels.every(([page]) => page.mostQueued > 100_000));
    link.cut();
    assert.ok(isSame(await answer, body));
    assert.is(link.page.carriers, 1);
    assert.is(link.detached.length, 0);
    await drained(link);
  });
});

test("the others carry what a silent channel of several has carried", async () => {
  const soon = { look: 50, silent: 500 };
  const liveness = { busy: soon, idle: soon, dead: 2000 };
  await withLink({ onStream: echo, liveness }, async (link) => {
    await link.connect({ join: true });
    const body = pattern(4 * MiB);
    const answer = roundTrip(link, body);
    await until(() => link.channels[1]![0].mostQueued > 0);
    link.die();
    assert.ok(isSame(await answer, body));
    assert.equal(link.silences, []);
    await drained(link);
  });
});

test("the first of several channels may be lost as any other", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await link.connect({ join: true });
    const body = pattern(4 * MiB);
    const answer = roundTrip(link, body);
    await until(() => link.channels.every(([page]) => page.mostQueued > 100_000));
    link.channels[0]![0].close();
    assert.ok(isSame(await answer, body));
    assert.equal([link.page.carriers, link.detached.length], [1, 0]);
  });
});

for (
  const [what, lose] of [
    ["closed", (channel: PacedMemoryChannel) => channel.close()],
    ["silent", (channel: PacedMemoryChannel) => channel.die()],
  ] as const
) {
  test(`both ends send over a channel that paces itself alone, until that is ${what}`, async () => {
    const rule = { look: 50, silent: 500 };
    const liveness = { busy: rule, idle: rule, dead: 60_000 };
    await withLink({ onStream: echo, liveness }, async (link) => {
      const paced = PacedMemoryChannel.pair();
      await link.connectOver(paced, { join: true });
      const body = pattern(4 * MiB);
      assert.ok(isSame(await roundTrip(link, body), body));
      const [page, host] = link.channels[0]!;
      for (
        const [end, standby, active] of [["page", page, paced[0]], [
          "host",
          host,
          paced[1],
        ]] as const
      ) {
        assert.ok(standby.mostQueued < 8_000, `${standby.mostQueued} bytes of the ${end}`);
        assert.ok(active.mostQueued > 100_000, `${active.mostQueued} bytes of the ${end}`);
      }
      paced[1].mostQueued = 0;
      const answer = roundTrip(link, body);
      await until(() => paced[1].mostQueued > 100_000);
      lose(paced[0]);
      assert.ok(isSame(await answer, body));
      assert.ok(host.mostQueued > 60_000, `${host.mostQueued} bytes of the host`);
      assert.is(link.detached.length, 0);
      if (what === "closed") await until(() => link.host!.carriers === 1);
    });
  });
}

test("shed() closes all channels but the oldest", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await link.connect({ join: true });
    await link.connect({ join: true });
    const body = pattern(4 * MiB);
    const answer = roundTrip(link, body);
    await until(() => link.channels.every(([page]) => page.mostQueued > 100_000));
    link.page.shed();
    assert.is(link.page.carriers, 1);
    await until(() => link.host!.carriers === 1);
    assert.ok(isSame(await answer, body));
    assert.is(link.detached.length, 0);
  });
});

test("a resumed session has only the newest channel, whichever joined before", async () => {
  await withLink({ onStream: echo }, async (link) => {
    await link.connect({ join: true });
    await link.connect();
    await until(() => link.host!.carriers === 1);
    assert.is(link.page.carriers, 1);
    assert.ok(isSame(await roundTrip(link, pattern(70_000)), pattern(70_000)));
  });
});

test("onBusy is called when bytes move after a pause, and they are counted both ways", async () => {
  let calls = 0;
  await withLink({ onStream: echo, onBusy: () => calls++ }, async (link) => {
    assert.equal([link.page.busy, link.page.bytes], [false, 0]);
    await roundTrip(link, pattern(100_000));
    assert.is(link.page.busy, true);
    await roundTrip(link, pattern(100_000));
    assert.is(calls, 1);
    assert.ok(link.page.bytes >= 400_000, `${link.page.bytes} bytes`);
    assert.ok(link.page.shortestRoundTrip < Infinity);
  });
});

test("each end counts the bytes of streams by their direction", () =>
  withLink({ onStream: echo }, async (link) => {
    await roundTrip(link, pattern(100_000));
    const { sent, received } = link.page.traffic;
    assert.ok(sent >= 100_000 && sent < 101_000, `${sent} sent`);
    assert.ok(received >= 100_000 && received < 101_000, `${received} received`);
    assert.is(link.page.bytes, sent + received);
    const host = link.host!.traffic;
    assert.ok(host.received >= 100_000 && host.received <= sent, `${host.received} received`);
    assert.ok(host.sent >= received && host.sent < 101_000, `${host.sent} sent`);
  }));

test("ping() measures the round trip, several at once too, and needs a carrier", async () => {
  await withLink({}, async ({ page, host }) => {
    const times = await Promise.all([page.ping(), page.ping(), host!.ping()]);
    for (const time of times) assert.ok(time! >= 0 && time! < 10_000, `${time} ms`);
  });
  const alone = new Link({});
  assert.is(await alone.page.ping(), undefined);
  await alone.close();
});

test("close() by the page ends the host's session and both ends' streams", async () => {
  const { streams, onStream } = collector();
  await withLink({ onStream }, async (link) => {
    const opened = link.page.open(HEAD);
    await until(() => streams.length === 1);
    const host = link.host!;
    link.page.close();
    assert.is((await failureOf(opened.head)).code, "closed");
    const reason = await host.closed;
    assert.is(reason.code, "closed");
    assert.match(reason.message, "The page closed the connection: The page disconnected");
    assert.is((await failureOf(bytesOf(streams[0]!.readable))).code, "closed");
    assert.is(thrownBy(() => link.page.open(HEAD)).code, "closed");
  });
});

test("close() by the host leaves the page waiting for another channel", async () => {
  await withLink({ onStream: ignore }, async (link) => {
    const opened = link.page.open(HEAD);
    await until(() => link.host?.streams === 1);
    link.host!.close();
    await until(() => link.detached.length === 1);
    assert.is((await failureOf(opened.head)).code, "session-lost");
    assert.is(link.page.carriers, 0);
  });
});

for (
  const [what, message] of [
    ["text", "hello"],
    ["a message that is cut short", new Uint8Array([0x02, 0x05, 0x01])],
    ["an ACK of more than was sent", encodeMessage([{ type: "ack", bytes: 1e9 }])],
    ["a stream far ahead", encodeMessage([data(1_000_001)])],
  ] as const
) {
  test(`${what} ends the host's session cleanly, with bad-frame`, async () => {
    await withLink({ onStream: ignore }, async (link) => {
      const host = link.host!;
      link.channels[0]![0].send(message as Uint8Array<ArrayBuffer> | string);
      assert.is((await host.closed).code, "bad-frame");
      await until(() => link.detached.length > 0);
      assert.is(link.detached[0]!.code, "bad-frame");
      assert.is(host.streams, 0);
    });
  });

  test(`${what} makes the page wait for another channel, once`, async () => {
    await withLink({ onStream: echo }, async (link) => {
      const [, host] = link.channels[0]!;
      for (let i = 0; i < 3; i++) {
        const even = what === "a stream far ahead" ? encodeMessage([data(1_000_002)]) : message;
        host.send(even as Uint8Array<ArrayBuffer> | string);
      }
      await until(() => link.host === undefined);
      assert.equal(link.detached.map(({ code }) => code), ["bad-frame"]);
      await link.connect();
      assert.ok(isSame(await roundTrip(link, pattern(10)), pattern(10)));
    });
  });
}

test("a stream whose bytes exceed their credit ends, and no other", async () => {
  const { streams, onStream } = collector();
  await withLink({ onStream }, async (link) => {
    send(link, [{ ...data(1), offset: 64 * 1024 }]);
    send(link, [{ ...data(3), end: false }]);
    await until(() => streams.length === 2);
    const [broken, other] = streams.sort((a, b) => a.id - b.id);
    assert.is((await failureOf(broken!.head)).code, "bad-frame");
    assert.is(other!.signal.aborted, false);
    assert.is(link.host!.carriers, 1);
  });
});

test("more streams than are accepted end the session", async () => {
  await withLink({ onStream: ignore }, async (link) => {
    const host = link.host!;
    // The page does not hear that they are refused.
    link.channels[0]![1].stalled = true;
    for (let i = 0; i < 4 * MAX_STREAMS; i++) send(link, [{ ...data(2 * i + 1), end: false }]);
    assert.is((await host.closed).code, "bad-frame");
    assert.is(host.streams, 0);
  });
});

for (
  const [what, frame, most] of [
    ["PINGs", (): Frame => ({ type: "ping", token: 1 }), 8192],
    ["resets of one stream", (): Frame => reset(1), 8192],
    ["credit for unknown streams", (i: number): Frame => credit(2 * i + 1), 8192],
    // Each of these is answered, with a DONE.
    ["resets of new streams", (i: number): Frame => reset(2 * i + 1), 300_000],
    ["ends of the host's own streams", (i: number): Frame => data(2 * i + 2), 300_000],
  ] as const
) {
  test(`a flood of ${what} is borne, and answered with little`, async () => {
    await withLink({ onStream: ignore }, async (link) => {
      const [page, host] = link.channels[0]!;
      host.stalled = true;
      for (let i = 0; i < 50_000; i += 500) {
        send(link, Array.from({ length: 500 }, (_, j) => frame(i + j)));
        await until(() => page.bufferedAmount === 0);
      }
      assert.ok(host.mostQueued < most, `${host.mostQueued} bytes are queued`);
      assert.is(link.host!.streams, 0);
      assert.is(link.host!.carriers, 1);
    });
  });
}

function data(stream: number): Frame & { type: "data" } {
  return { type: "data", stream, offset: 0, bytes: new Uint8Array([0]), end: true };
}

function reset(stream: number): Frame {
  return { type: "reset", stream, code: "aborted", message: "" };
}

function credit(stream: number): Frame {
  return { type: "credit", stream, received: 0, limit: 1 };
}

/** Sends a message to the host past the page's session. */
function send(link: Link, frames: Frame[]): void {
  link.channels[0]![0].send(encodeMessage(frames));
}

test.run();
