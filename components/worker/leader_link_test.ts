import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { pattern } from "../../wire/testing/bytes.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { holdLifetimeLock } from "../tabs/lifetime_lock.ts";
import { PortStream } from "../tabs/port_stream.ts";
import type { Broadcast, OpenMessage } from "../tabs/tab_messages.ts";
import { LeaderLink } from "./leader_link.ts";

const test = suite("leader_link");

/** A worker's link, and the tabs' end of the channel. */
interface Site {
  link: LeaderLink;
  /** What the worker has asked of all tabs. */
  asked: string[];
  tell(message: Broadcast): void;
}

async function withSite(use: (site: Site) => Promise<void>, wait = 50): Promise<void> {
  const name = crypto.randomUUID();
  const [channel, tabs] = [new BroadcastChannel(name), new BroadcastChannel(name)];
  const asked: string[] = [];
  tabs.onmessage = ({ data }) => asked.push(data.lighthouse);
  const link = new LeaderLink({ channel, alive: "the worker", wait, quiet: 200 });
  try {
    await use({ link, asked, tell: (message) => tabs.postMessage(message) });
  } finally {
    channel.close();
    tabs.close();
  }
}

/** A tab that says that it leads. */
class Tab implements AsyncDisposable {
  readonly opened: OpenMessage[] = [];
  readonly #life = new AbortController();
  readonly #ports: MessagePort[] = [];
  alive = "";
  /** Ports that the worker has closed. */
  closed = 0;

  async prepare(): Promise<void> {
    this.alive ||= await holdLifetimeLock(this.#life);
  }

  async lead(link: LeaderLink): Promise<void> {
    await this.prepare();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.opened.push(data);
    port1.addEventListener("close", () => this.closed++);
    this.#ports.push(port1);
    link.setLeader(this.alive, port2);
  }

  /** Ends without a word. */
  crash(): void {
    this.#life.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.crash();
    await settle();
    for (const port of [...this.#ports, ...this.opened.map(({ port }) => port)]) port.close();
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve));
}

test("session() asks the tabs, and waits for the one that leads", async () => {
  await withSite(async ({ link, asked }) => {
    await using tab = new Tab();
    const session = link.session();
    while (asked.length === 0) await settle();
    assert.equal(asked, ["who"]);
    await tab.lead(link);
    (await session).open(pattern(3));
    while (tab.opened.length === 0) await settle();
    assert.equal([tab.opened[0]!.head, tab.opened[0]!.alive], [pattern(3), "the worker"]);
    assert.is(await link.session(), await session);
    assert.equal(asked, ["who"]);
  }, 10_000);
});

test("session() rejects with no-holder when no tab leads in time", async () => {
  await withSite(async ({ link }) => {
    assert.is((await failureOf(link.session())).code, "no-holder");
    assert.is(link.waiting, 0);
  });
});

test("session() rejects with what keeps the leader from connecting", async () => {
  await withSite(async ({ link, tell }) => {
    const failure = failureOf(link.session());
    const reason = "The host is offline";
    tell({ lighthouse: "state", state: "offline", reason, code: "host-offline", alive: "x" });
    tell({ lighthouse: "who" });
    const { code, message } = await failure;
    assert.equal([code, message], ["host-offline", "The host is offline"]);
    // That tab does not answer any more.
    assert.is((await failureOf(link.session())).code, "no-holder");
  });
});

test("while the leader is not connected, session() waits until it is again", async () => {
  await withSite(async ({ link, tell }) => {
    await using tab = new Tab();
    await tab.lead(link);
    const before = await link.session();
    const state = { lighthouse: "state", state: "signalling", reason: "…" } as const;
    tell({ ...state, alive: "another" });
    tell({ lighthouse: "state", state: "connected", reason: "Connected", alive: tab.alive });
    await settle();
    assert.is(await link.session(), before);
    tell({ ...state, alive: tab.alive });
    await settle();
    assert.is((await failureOf(link.session())).code, "no-holder");
    await tab.lead(link);
    // What it had open has not been lost.
    assert.is(await link.session(), before);
  });
});

test("a leader that takes requests before it is connected stays the one to ask", async () => {
  await withSite(async ({ link, tell }) => {
    await using tab = new Tab();
    await tab.lead(link);
    const before = await link.session();
    const state = { lighthouse: "state", reason: "…", alive: tab.alive } as const;
    tell({ ...state, state: "connecting", isGreeted: true });
    await settle();
    assert.is(await link.session(), before);
    tell({ ...state, state: "offline", isGreeted: false });
    await settle();
    assert.is((await failureOf(link.session())).code, "no-holder");
  });
});

test("what a leader that crashes has open is lost, and the next one is asked for", async () => {
  await withSite(async ({ link, asked }) => {
    await using first = new Tab();
    await using second = new Tab();
    await first.lead(link);
    const stream = (await link.session()).open(pattern(1));
    first.crash();
    assert.is((await failureOf(stream.head)).code, "connection-lost");
    const session = link.session();
    await settle();
    assert.equal(asked, ["who"]);
    await second.lead(link);
    (await session).open(pattern(1));
    while (second.opened.length === 0) await settle();
  }, 10_000);
});

test("another leader takes the place of the one before, whose end then changes nothing", async () => {
  await withSite(async ({ link }) => {
    await using first = new Tab();
    await using second = new Tab();
    await first.lead(link);
    const stream = (await link.session()).open(pattern(1));
    await second.lead(link);
    assert.is((await failureOf(stream.head)).code, "connection-lost");
    const session = await link.session();
    while (first.closed === 0) await settle();
    assert.is(second.closed, 0);
    first.crash();
    await settle();
    assert.is(await link.session(), session);
  });
});

test("the end of a leader that is noticed late does not end the next one", async () => {
  for (let delay = 0; delay < 20; delay++) {
    await withSite(async ({ link }) => {
      await using first = new Tab();
      await using second = new Tab();
      await first.lead(link);
      await second.prepare();
      first.crash();
      for (let i = 0; i < delay; i++) await Promise.resolve();
      await second.lead(link);
      await settle();
      assert.is((await link.session()).streams, 0);
    });
  }
});

test("untilSilent() resolves when the leader does not say that it is there", async () => {
  await withSite(async ({ link, asked, tell }) => {
    await using tab = new Tab();
    await tab.lead(link);
    const { signal } = new AbortController();
    let isSilent = false;
    const silence = link.untilSilent(signal).then(() => isSilent = true);
    for (const count of [1, 2, 3]) {
      while (asked.length < count) await settle();
      if (count === 1) await tab.lead(link);
      if (count === 2) {
        tell({ lighthouse: "state", state: "signalling", reason: "…", alive: tab.alive });
      }
      if (count === 3) tell({ lighthouse: "state", state: "idle", reason: "…", alive: "another" });
      assert.not(isSilent);
    }
    await silence;
    assert.is(asked.length, 3);
  });
});

test("untilSilent() ends with its signal", async () => {
  await withSite(async ({ link, asked }) => {
    const life = new AbortController();
    const silence = link.untilSilent(life.signal);
    life.abort();
    await silence;
    await settle();
    assert.equal(asked, []);
    await link.untilSilent(life.signal);
  });
});

test("pass() hands another tab's stream to the leader", async () => {
  await withSite(async ({ link }) => {
    await using tab = new Tab();
    await tab.lead(link);
    const { port1, port2 } = new MessageChannel();
    const stream = new PortStream(port1, "opener");
    await link.pass({ lighthouse: "open", head: pattern(2), port: port2, alive: "a tab" });
    while (tab.opened.length === 0) await settle();
    const [{ alive, port }] = tab.opened as [OpenMessage];
    assert.is(alive, "a tab");
    new PortStream(port, "leader").sendHead(pattern(4));
    assert.equal(await stream.head, pattern(4));
    stream.fail(new Error("done"));
  });
});

test("pass() resets the stream when there is no leader in time", async () => {
  await withSite(async ({ link }) => {
    const { port1, port2 } = new MessageChannel();
    const stream = new PortStream(port1, "opener");
    await link.pass({ lighthouse: "open", head: pattern(2), port: port2, alive: "a tab" });
    assert.is((await failureOf(stream.head)).code, "no-holder");
  });
});

test.run();
