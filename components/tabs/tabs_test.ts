import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { LighthouseError } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { type ConnectionView, CurrentView } from "../connection/connection_view.ts";
import type { ConnectionSettings } from "../connection/dial_as_device.ts";
import { fetchThrough } from "../fetch/fetch.ts";
import { toRequest } from "../fetch/request.ts";
import { DEVICE, OwnConnection } from "../testing/own_connection.ts";
import {
  createContext,
  FakeContainer,
  FakeServiceWorker,
  FakeWorkerScope,
} from "../testing/site.ts";
import { Tabs } from "./tabs.ts";

const test = suite("tabs");

const SITE = "https://me.example";
const settings = {} as ConnectionSettings;

/** One tab of a site. */
class Tab {
  readonly view = new CurrentView();
  readonly own: OwnConnection;
  readonly troubles: LighthouseError[] = [];
  readonly tabs: Tabs;
  readonly #life = new AbortController();

  constructor(name: string, scope: string, container: FakeContainer) {
    this.own = new OwnConnection(this.view, name);
    const { locks, BroadcastChannel } = createContext(this.#life.signal);
    this.tabs = new Tabs({
      worker: new URL("sw.js", scope),
      settings,
      own: this.own,
      view: this.view,
      onTrouble: (error) => this.troubles.push(error),
      serviceWorker: container.asContainer,
      locks,
      window: { location: { href: scope }, BroadcastChannel },
    });
  }

  get shown(): string {
    const { state, reason } = this.view.now;
    return `${state}: ${reason}`;
  }

  /** The text at a path of the host, by whatever connection this tab uses. */
  async fetch(path: string, init?: RequestInit): Promise<string> {
    const request = toRequest(path, init, SITE);
    return await (await fetchThrough(request, (signal) => this.view.session(signal))).text();
  }

  /** Resolves when this tab leads and is connected. */
  async lead(): Promise<void> {
    await until(() => this.tabs.leads);
    await this.own.open();
    await this.view.ready;
  }

  crash(): void {
    this.#life.abort();
  }
}

/** A site whose tabs share a worker. */
interface Site {
  /** @param container In place of the one in which the site's worker is active. */
  open(name: string, container?: FakeContainer): Tab;
}

async function withSite(use: (site: Site) => Promise<void>): Promise<void> {
  const scope = `${SITE}/${crypto.randomUUID()}/`;
  const life = new AbortController();
  const scopeOfWorker = new FakeWorkerScope({ scope, life: life.signal });
  const worker = new FakeServiceWorker((data) => void scopeOfWorker.dispatch("message", { data }));
  const active = new FakeContainer(() =>
    Promise.resolve({ scope, active: worker as unknown as ServiceWorker })
  );
  active.controller = worker as unknown as ServiceWorker;
  const tabs: Tab[] = [];
  try {
    await use({
      open(name, container = active) {
        const tab = new Tab(name, scope, container);
        tabs.push(tab);
        return tab;
      },
    });
  } finally {
    for (const tab of tabs) {
      tab.tabs.leave();
      tab.own.close();
      tab.crash();
    }
    life.abort();
  }
}

test("the first tab leads, and uses its own connection", async () => {
  await withSite(async ({ open }) => {
    const tab = open("first");
    assert.is(tab.shown, "signalling: Looking for the other tabs …");
    await until(() => tab.tabs.leads);
    assert.is(tab.shown, "signalling: Looking for the host …");
    await tab.lead();
    assert.is(await tab.fetch("/a"), "first /a");
    assert.equal(tab.own.calls, ["connect"]);
  });
});

test("connected shows as connecting until the worker is there", async () => {
  await withSite(async ({ open }) => {
    const registered = Promise.withResolvers<Partial<ServiceWorkerRegistration>>();
    const tab = open("first", new FakeContainer(() => registered.promise));
    await until(() => tab.tabs.leads);
    await tab.own.open();
    assert.is(tab.shown, "connecting: Starting the worker …");
    registered.resolve({
      scope: "https://other.example/",
      active: new FakeServiceWorker() as unknown as ServiceWorker,
    });
    await tab.view.ready;
    assert.is(tab.shown, "connected: Connected");
  });
});

test("another tab follows, and its requests go through the leader", async () => {
  await withSite(async ({ open }) => {
    const first = open("first");
    await first.lead();
    const second = open("second");
    await second.view.ready;
    assert.is(second.shown, "connected: through another tab");
    assert.equal(second.view.now.device, DEVICE);
    assert.is(await second.fetch("/a"), "first /a");
    assert.equal([second.tabs.leads, second.own.calls], [false, []]);
  });
});

test("a follower's requests go before the leader is connected, where its own do", async () => {
  await withSite(async ({ open }) => {
    const first = open("first");
    await first.lead();
    const second = open("second");
    await second.view.ready;
    const { session } = first.view.now;
    first.own.become({ state: "signalling", reason: "Looking …", session });
    await until(() => second.shown === "signalling: Looking …");
    const text = second.fetch("/a");
    assert.is(await Promise.race([text, undefined]), undefined);
    first.own.become({ state: "signalling", reason: "Looking …", session, isGreeted: true });
    assert.is(await text, "first /a");
    assert.is(second.view.now.state, "signalling");
  });
});

test("a follower says that the relay carries the leader's session", async () => {
  await withSite(async ({ open }) => {
    const first = open("first");
    await first.lead();
    const second = open("second");
    await second.view.ready;
    const reason = "Connected through the relay, slowly";
    first.own.become({ ...first.view.now, reason });
    await until(() => second.shown === `connected: ${reason}`);
    first.own.become({ ...first.view.now, reason: "Connected" });
    await until(() => second.shown === "connected: through another tab");
  });
});

test("sites in two folders of one origin have a leader each", async () => {
  await withSite(async (one) => {
    await withSite(async (other) => {
      const first = one.open("first");
      const second = other.open("second");
      await first.lead();
      await second.lead();
      assert.is(await second.fetch("/a"), "second /a");
    });
  });
});

for (
  const [view, shown, code] of [
    [{ state: "signalling", reason: "Looking …" }, "signalling: Looking …", undefined],
    [{ state: "connecting", reason: "It answers …" }, "connecting: It answers …", undefined],
    [
      {
        state: "offline",
        reason: "Asleep",
        error: new LighthouseError("host-offline", "Nobody there"),
      },
      "offline: Asleep",
      "host-offline",
    ],
  ] as [ConnectionView, string, string | undefined][]
) {
  test(`a follower shows that the leader is ${view.state}`, async () => {
    await withSite(async ({ open }) => {
      const first = open("first");
      await first.lead();
      const second = open("second");
      await second.view.ready;
      first.own.become(view);
      await until(() => second.shown === shown);
      assert.is(second.view.now.error?.code, code);
    });
  });
}

test("a follower shows the leader's device, and what it is called next", async () => {
  await withSite(async ({ open }) => {
    const first = open("first");
    await first.lead();
    const second = open("second");
    await second.view.ready;
    first.own.become({ ...first.view.now, device: { ...DEVICE, name: "Ann" } });
    await until(() => second.view.now.device?.name === "Ann");
  });
});

test("a follower shows what the leader sees of the networks", async () => {
  await withSite(async ({ open }) => {
    const first = open("first");
    await first.lead();
    const second = open("second");
    await second.view.ready;
    const networks = { page: { stun: "silent" }, host: { stun: "answers" } } as const;
    first.own.become({ ...first.view.now, networks });
    await until(() => second.view.now.networks?.page.stun === "silent");
    assert.equal(second.view.now.networks, networks);
  });
});

for (const end of ["leaves", "crashes"] as const) {
  test(`when the leader ${end}, what followers have open is lost, and one of them leads`, async () => {
    await withSite(async ({ open }) => {
      const first = open("first");
      await first.lead();
      const second = open("second");
      await second.view.ready;
      const third = open("third");
      await third.view.ready;
      const failure = failureOf(second.fetch("/never", { method: "POST", body: "once" }));
      const waiting = third.fetch("/never").catch(() => {});
      await until(() => first.own.asked.length === 2);
      if (end === "leaves") first.tabs.leave();
      else first.crash();
      assert.is((await failure).code, "connection-lost");
      await second.lead();
      assert.is(await second.fetch("/a"), "second /a");
      await until(() => third.shown === "connected: through another tab");
      assert.is(await third.fetch("/a"), "second /a");
      second.tabs.leave();
      third.tabs.leave();
      third.own.close();
      await waiting;
    });
  });
}

test("retry() and renew() reach the leader", async () => {
  await withSite(async ({ open }) => {
    const first = open("first");
    await first.lead();
    const second = open("second");
    await second.view.ready;
    second.tabs.retry();
    await until(() => first.own.calls.length > 1);
    second.tabs.renew();
    await until(() => first.own.calls.length > 2);
    first.tabs.retry();
    assert.equal(first.own.calls, ["connect", "connect", "renew", "connect"]);
    assert.equal(second.own.calls, []);
  });
});

test("a tab without its worker leaves, says so, and another leads", async () => {
  await withSite(async ({ open }) => {
    const registered = Promise.withResolvers<Partial<ServiceWorkerRegistration>>();
    const first = open("first", new FakeContainer(() => registered.promise));
    await until(() => first.tabs.leads);
    const second = open("second");
    await until(() => second.shown === "signalling: Looking for the host …");
    registered.reject(new TypeError("404"));
    await until(() => first.troubles.length > 0);
    assert.is(first.troubles[0]!.code, "bad-config");
    await second.lead();
  });
});

test("a tab that has left hears nothing of its worker, or of the others", async () => {
  await withSite(async ({ open }) => {
    const registered = Promise.withResolvers<Partial<ServiceWorkerRegistration>>();
    const first = open("first", new FakeContainer(() => registered.promise));
    first.tabs.leave();
    registered.reject(new TypeError("404"));
    const second = open("second");
    await second.lead();
    assert.equal([first.troubles, first.own.calls], [[], []]);
    assert.is(first.shown, "signalling: Looking for the other tabs …");
  });
});

test.run();
