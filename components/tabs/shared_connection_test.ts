import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { CurrentView } from "../connection/connection_view.ts";
import type { ConnectionSettings } from "../connection/dial_as_device.ts";
import { OwnConnection } from "../testing/own_connection.ts";
import { createContext, FakeContainer, FakeServiceWorker } from "../testing/site.ts";
import { SharedConnection } from "./shared_connection.ts";
import type { TabWindow } from "./tab_window.ts";

const test = suite("shared_connection");

/** A window whose browser takes the worker, unless `parts` say otherwise. */
class FakeWindow extends EventTarget implements TabWindow {
  readonly navigator: TabWindow["navigator"];
  readonly location: { href: string };
  readonly BroadcastChannel: TabWindow["BroadcastChannel"];

  constructor(scope: string, life: AbortSignal, parts: Parts = {}) {
    super();
    const { locks, BroadcastChannel } = createContext(life);
    const active = new FakeServiceWorker() as unknown as ServiceWorker;
    const container = new FakeContainer(() =>
      parts.refusal ? Promise.reject(parts.refusal) : Promise.resolve({ scope, active })
    );
    container.controller = active;
    this.location = { href: scope };
    this.navigator = {
      serviceWorker: parts.hasWorkers === false ? undefined : container.asContainer,
      locks: parts.hasLocks === false ? undefined : locks,
    };
    this.BroadcastChannel = parts.hasChannels === false
      ? class {
        constructor() {
          throw new DOMException("No storage", "SecurityError");
        }
      } as unknown as TabWindow["BroadcastChannel"]
      : BroadcastChannel;
  }

  fire(type: "pagehide" | "pageshow", persisted = false): void {
    this.dispatchEvent(Object.assign(new Event(type), { persisted }));
  }

  declare addEventListener: TabWindow["addEventListener"] & EventTarget["addEventListener"];
}

/** What the browser lacks. */
interface Parts {
  hasWorkers?: false;
  hasLocks?: false;
  hasChannels?: false;
  /** The worker is refused for that reason. */
  refusal?: Error;
}

/** One tab. */
interface Tab {
  shared: SharedConnection;
  own: OwnConnection;
  view: CurrentView;
  window: FakeWindow;
  connect(settings?: Partial<ConnectionSettings>): void;
}

/** A site whose tabs are opened by a function. */
async function withSite(
  use: (open: (parts?: Parts) => Tab) => void | Promise<void>,
): Promise<void> {
  const scope = `https://me.example/${crypto.randomUUID()}/`;
  const worker = new URL("sw.js", scope);
  const life = new AbortController();
  const tabs: Tab[] = [];
  try {
    await use((parts) => {
      const view = new CurrentView();
      const own = new OwnConnection(view);
      const window = new FakeWindow(scope, life.signal, parts);
      const shared = new SharedConnection({ own, view, window });
      const connect = (settings = {}) => shared.connect(settings as ConnectionSettings, worker);
      const tab = { shared, own, view, window, connect };
      tabs.push(tab);
      return tab;
    });
  } finally {
    for (const { shared } of tabs) shared.close();
    life.abort();
  }
}

/** Resolves when the tab leads. */
async function leading({ own }: Tab): Promise<void> {
  await until(() => own.isWanted);
}

/** Opens two tabs, of which the first leads and is connected. */
async function openTwo(open: () => Tab): Promise<[Tab, Tab]> {
  const first = open();
  first.connect();
  await leading(first);
  await first.own.open();
  const second = open();
  second.connect();
  await second.view.ready;
  return [first, second];
}

test("without a worker the tab connects on its own", async () => {
  await withSite((open) => {
    const { shared, own } = open();
    shared.connect({} as ConnectionSettings);
    assert.equal([own.calls, shared.workerError], [["connect"], undefined]);
  });
});

for (
  const [what, parts, code] of [
    ["service workers", { hasWorkers: false }, "unsupported"],
    ["locks", { hasLocks: false }, "unsupported"],
    ["channels", { hasChannels: false }, "unsupported"],
    ["this worker", { refusal: new TypeError("404") }, "bad-config"],
  ] as [string, Parts, string][]
) {
  test(`in a browser without ${what}, the tab connects on its own: ${code}`, async () => {
    await withSite(async (open) => {
      const { shared, own, view, connect } = open(parts);
      connect();
      await until(() => shared.workerError !== undefined);
      assert.is(shared.workerError!.code, code);
      await own.open();
      assert.is(view.now.state, "connected");
      connect();
      assert.is(own.calls.at(-1), "connect");
      shared.close();
      assert.equal([shared.workerError, view.now.state], [undefined, "idle"]);
    });
  });
}

test("a tab that follows does not connect, and has the leader try again", async () => {
  await withSite(async (open) => {
    const [first, second] = await openTwo(open);
    assert.is(second.view.now.reason, "through another tab");
    second.connect();
    await until(() => first.own.calls.length === 2);
    assert.equal([first.own.calls, second.own.calls], [["connect", "connect"], []]);
  });
});

for (
  const [what, end] of [
    ["close()", ({ shared }) => shared.close()],
    ["pagehide", ({ window }) => window.fire("pagehide")],
    ["refuse()", ({ shared }) => shared.refuse(new LighthouseError("bad-config", "No relay"))],
  ] as [string, (tab: Tab) => void][]
) {
  test(`${what} closes the leader's connection, and another tab leads`, async () => {
    await withSite(async (open) => {
      const [first, second] = await openTwo(open);
      end(first);
      assert.is(first.own.isWanted, false);
      assert.is(first.view.now.state, what === "refuse()" ? "failed" : "idle");
      await leading(second);
    });
  });
}

test("a page that comes back by the Back button joins again", async () => {
  await withSite(async (open) => {
    const [first, second] = await openTwo(open);
    second.window.fire("pagehide");
    assert.is(second.view.now.state, "idle");
    second.window.fire("pageshow", false);
    assert.is(second.view.now.state, "idle");
    second.window.fire("pageshow", true);
    await second.view.ready;
    assert.is(second.view.now.reason, "through another tab");
    first.shared.close();
    await leading(second);
  });
});

test("renew() renews the leader's connection", async () => {
  await withSite(async (open) => {
    const [first, second] = await openTwo(open);
    second.shared.renew();
    await until(() => first.own.calls.includes("renew"));
    first.shared.renew();
    assert.equal(first.own.calls, ["connect", "renew", "renew"]);
    assert.equal(second.own.calls, []);
  });
});

test("a connection that begins with a pairing link waits for it by itself", async () => {
  await withSite(async (open) => {
    const { shared, own } = open();
    const opening = Promise.resolve();
    shared.connect({ opening } as ConnectionSettings);
    await opening;
    assert.equal(own.calls, ["connect"]);
  });
});

test("a connection that exists is renewed once a pairing link is kept", async () => {
  await withSite(async (open) => {
    const { shared, own } = open();
    shared.connect({} as ConnectionSettings);
    const { promise, resolve } = Promise.withResolvers<void>();
    shared.connect({ opening: promise } as ConnectionSettings);
    assert.equal(own.calls, ["connect"]);
    resolve();
    await until(() => own.calls.length > 1);
    assert.equal(own.calls, ["connect", "renew"]);
  });
});

test("a pairing link that a follower opens renews the leader's connection", async () => {
  await withSite(async (open) => {
    const [first, second] = await openTwo(open);
    second.connect({ opening: Promise.resolve() });
    await until(() => first.own.calls.includes("renew"));
    assert.equal(second.own.calls, []);
  });
});

test("a pairing link that is refused refuses the connection", async () => {
  await withSite(async (open) => {
    const { own, view, connect } = open();
    connect({ opening: Promise.reject(new LighthouseError("host-key-changed", "Another host")) });
    await until(() => view.now.state === "failed");
    assert.is(view.now.error?.code, "host-key-changed");
    assert.is(own.calls.at(-1), "refuse host-key-changed");
  });
});

test.run();
