import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { encodeHead, formatPairingFragment, LighthouseError, sendRequest } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { CurrentView } from "../connection/connection_view.ts";
import type { ConnectionSettings } from "../connection/dial_as_device.ts";
import { Identities } from "../identity/identity.ts";
import { FollowerSession } from "../tabs/follower_session.ts";
import { PortStream } from "../tabs/port_stream.ts";
import { MemoryStore } from "../testing/memory_store.ts";
import { DEVICE, OwnConnection } from "../testing/own_connection.ts";
import { KeyHolder } from "./key_holder.ts";
import type { Done, FromKeyFrame, ToKeyFrame } from "./key_messages.ts";

const test = suite("key_holder");

const RELAY = new URL("wss://relay.example/prod");
const KEY = new Uint8Array(65).fill(1).with(0, 4) as Uint8Array<ArrayBuffer>;
const LINK = { hostKey: KEY, secret: new Uint8Array(16).fill(2) as Uint8Array<ArrayBuffer> };

/** The frame's own connection, to a host in memory. */
class Own extends OwnConnection {
  readonly way = undefined;
  settings: ConnectionSettings | undefined;

  override connect(settings?: ConnectionSettings): void {
    this.settings = settings;
    super.connect();
  }
}

/** A frame's holder, and the port of the app's page. */
interface Held {
  own: Own;
  holder: KeyHolder;
  store: MemoryStore;
  received: FromKeyFrame[];
  post(message: ToKeyFrame | unknown, transfer?: Transferable[]): void;
  /** Posts a request, and waits for its outcome. */
  ask(message: object): Promise<Done>;
  /** Opens streams as the app's page does. */
  session: FollowerSession;
}

async function withHolder(use: (held: Held) => Promise<void>): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const view = new CurrentView();
  const own = new Own(view);
  const store = new MemoryStore();
  const received: FromKeyFrame[] = [];
  port1.onmessage = ({ data }) => received.push(data);
  const holder = new KeyHolder({
    app: { origin: "https://a.example", service: "/notes" },
    port: port2,
    connection: own,
    view,
    settings: {
      relay: RELAY,
      ice: { iceServers: [] },
      name: "Chrome",
      identities: new Identities({
        store,
        relay: RELAY.href,
        pinned: KEY,
        origin: "https://a.example",
      }),
    },
  });
  const post: Held["post"] = (message, transfer = []) => port1.postMessage(message, transfer);
  let ids = 0;
  try {
    await use({
      own,
      holder,
      store,
      received,
      post,
      async ask(message) {
        const id = ++ids;
        post({ ...message, id });
        const isIts = (each: FromKeyFrame) => each.lighthouse === "done" && each.id === id;
        await until(() => received.some(isIts));
        return received.find(isIts) as Done;
      },
      session: new FollowerSession("", post),
    });
  } finally {
    holder.close();
    port1.close();
  }
}

function get(target: string) {
  return { method: "GET", target, headers: [], body: null };
}

test("the page learns at once, and at each change, how the connection stands", async () => {
  await withHolder(async ({ own, post, received }) => {
    await until(() => received.length === 1);
    assert.equal(received[0], {
      lighthouse: "state",
      state: "idle",
      reason: "Not connected",
      code: undefined,
      device: undefined,
      networks: undefined,
    });
    post({ lighthouse: "connect", name: "Phone" });
    await until(() => received.length === 2);
    assert.is(own.settings?.name, "Phone");
    await own.open();
    await until(() => received.some((each) => "device" in each && each.device !== undefined));
    const { state, device } = received.at(-1) as { state: string; device: unknown };
    assert.equal([state, device], ["connected", DEVICE]);
    const error = new LighthouseError("host-offline", "Gone");
    own.become({ state: "offline", reason: "Gone", error });
    await until(() => received.some((each) => "code" in each && each.code === "host-offline"));
  });
});

test("the page learns what is seen of the networks, and has the frame look again", async () => {
  await withHolder(async ({ own, ask, received }) => {
    await ask({ lighthouse: "look" });
    assert.equal(own.calls, ["look"]);
    const networks = { page: { stun: "silent" }, host: { stun: "answers" } } as const;
    own.become({ state: "connected", reason: "Connected", networks });
    own.become({ state: "connected", reason: "Connected", networks: { page: {} } });
    const seen = () => received.flatMap((each) => "networks" in each ? [each.networks] : []);
    await until(() => seen().length >= 4);
    assert.ok(seen().some((each) => each?.host?.stun === "answers"));
    assert.equal(seen().at(-1), { page: {} });
  });
});

test("streams reach the app's service, and no other", async () => {
  await withHolder(async ({ own, session, post }) => {
    post({ lighthouse: "connect" });
    await own.open();
    const { status, body } = await sendRequest(session, get("/notes/a"));
    assert.equal([status, await new Response(body).text()], [200, "host /notes/a"]);
    const error = await failureOf(sendRequest(session, get("/other")));
    assert.is(error.code, "no-access");
    assert.equal(own.asked, ["/notes/a"]);
  });
});

test("a stream without a connection is reset", async () => {
  await withHolder(async ({ session }) => {
    assert.is((await failureOf(sendRequest(session, get("/notes/")))).code, "closed");
  });
});

test("a page has 512 streams at most", async () => {
  await withHolder(async ({ own, session, post }) => {
    post({ lighthouse: "connect" });
    await own.open();
    const head = encodeHead({ ...get("/notes/never"), body: false });
    const streams = Array.from({ length: 513 }, () => session.open(head));
    assert.is((await failureOf(streams[512]!.head)).code, "host-busy");
    assert.is(session.streams, 512);
    streams[0]!.reset(new LighthouseError("aborted", "Enough"));
    await until(async () => {
      const sent = sendRequest(session, get("/notes/a"));
      return await sent.then(({ status }) => status === 200, () => false);
    });
  });
});

test("a link is kept, and the connection waits for it", async () => {
  await withHolder(async ({ own, ask, post, store }) => {
    const done = await ask({ lighthouse: "link", fragment: formatPairingFragment(LINK) });
    assert.is(done.error, undefined);
    assert.equal(store.links.get(RELAY.href)?.secret, LINK.secret);
    post({ lighthouse: "connect" });
    await until(() => own.settings !== undefined);
    await own.settings!.opening;
  });
});

const links: [what: string, code: string, fragment: string][] = [
  [
    "of another host",
    "host-key-changed",
    formatPairingFragment({ ...LINK, hostKey: KEY.with(1, 9) as Uint8Array<ArrayBuffer> }),
  ],
  ["that is damaged", "bad-link", "#lighthouse=1"],
  ["that is none", "bad-link", "#other"],
];
for (const [what, code, fragment] of links) {
  test(`a link ${what} is refused`, async () => {
    await withHolder(async ({ ask, store }) => {
      const { error } = await ask({ lighthouse: "link", fragment });
      assert.is(error?.code, code);
      assert.is(store.links.size, 0);
    });
  });
}

test("the host is forgotten when the page says so, and its reason comes back if that fails", async () => {
  await withHolder(async ({ ask, store }) => {
    await ask({ lighthouse: "link", fragment: formatPairingFragment(LINK) });
    assert.is((await ask({ lighthouse: "forget" })).error, undefined);
    assert.is(store.links.size, 0);
    store.isOff = true;
    assert.is((await ask({ lighthouse: "forget" })).error?.code, "unsupported");
    assert.is((await ask({ lighthouse: "stats" })).error?.code, "closed");
  });
});

test("renew and close reach the connection, and messages that are none do nothing", async () => {
  await withHolder(async ({ own, post, ask }) => {
    for (const message of [null, 1, {}, { lighthouse: "open", head: 1 }]) post(message);
    post({ lighthouse: "connect" });
    post({ lighthouse: "renew" });
    post({ lighthouse: "close" });
    await ask({ lighthouse: "forget" });
    assert.equal(own.calls, ["connect", "renew", "close"]);
  });
});

test("a stream that floods its port is reset", async () => {
  await withHolder(async ({ own, post }) => {
    post({ lighthouse: "connect" });
    await own.open();
    for (const bytes of [new Uint8Array(10 * 1024 * 1024), "text"]) {
      const { port1, port2 } = new MessageChannel();
      const head = encodeHead({ ...get("/notes/a"), body: true });
      post({ lighthouse: "open", head, port: port2 }, [port2]);
      port1.postMessage({ type: "data", bytes });
      const stream = new PortStream(port1, "opener");
      await stream.closed;
      assert.is(stream.signal.reason.code, "bad-frame");
    }
  });
});

test("a closed holder ends its streams, and says nothing more", async () => {
  await withHolder(async ({ own, holder, session, post, received }) => {
    post({ lighthouse: "connect" });
    await own.open();
    const answer = failureOf(sendRequest(session, get("/notes/never")));
    await until(() => own.asked.length === 0 && session.streams === 1);
    await until(() => received.some((each) => "state" in each && each.state === "connected"));
    const before = received.length;
    holder.close();
    assert.is((await answer).code, "connection-lost");
    assert.is(received.length, before);
    assert.is(own.calls.at(-1), "close");
  });
});

test.run();
