import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import type { HttpRequest } from "../../wire/mod.ts";
import { serveRequest } from "../../wire/mod.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { MemoryCaches } from "../testing/memory_caches.ts";
import { field, ok, pageRequest, type PageRequestInit, tunnelOf } from "../testing/page_request.ts";
import { AppRequests } from "./app_requests.ts";
import { Askers, type WorkerClient } from "./askers.ts";
import { Backends, backendStore } from "./backends.ts";
import { OwnFiles } from "./own_files.ts";
import { Router } from "./router.ts";
import { Site } from "./site.ts";

const test = suite("router");

const ROOT = "https://me.example/";
const REPO = "https://me.example/repo/";
const FILES = ["index.html", "lighthouse/shell.js", "app.webmanifest"];

/** The id of a client that the browser does not show, as Firefox has workers that load their modules. */
const LOADING = "loading";

/** A client, and its URL as a path of the origin. */
type Client = [
  id: string,
  path: string,
  frameType?: WorkerClient["frameType"],
  type?: WorkerClient["type"],
];

/** Options of {@linkcode withSite}. */
interface SiteInit {
  scope?: string;
  /** @default The tunnel is under `local/` */
  service?: string | null;
  /** The host's services. @default `/` and `/notes` */
  services?: string[];
  clients?: Client[];
  /** The URLs that documents have now, by their clients' ids: scripts have changed them. */
  now?: Record<string, string>;
  /** The headers of the host's answers. */
  headers?: [string, string][];
}

/** What became of a request. */
interface Outcome {
  /** The response; undefined if the browser is to ask by itself. */
  response: Response | undefined;
  /** The host's requests, without those for its services. */
  asked: HttpRequest[];
  /** What the site's own server was asked for. */
  leaked: string[];
  /** Messages to clients. */
  posted: [client: string, message: unknown][];
}

/** A request for a path of the origin. */
type Asked = [
  path: string,
  init?: PageRequestInit & { clientId?: string; resultingClientId?: string },
];

/** Has a worker handle a request. */
function handled(site: SiteInit, ...request: Asked): Promise<Outcome> {
  return handledInTurn(site, request);
}

/** Has a worker handle several requests. @returns The outcome of the last one. */
async function handledInTurn(
  {
    scope = ROOT,
    service,
    services: prefixes = ["/", "/notes"],
    clients = [],
    now = {},
    headers = [],
  }: SiteInit,
  ...asked: Asked[]
): Promise<Outcome> {
  const outcome: Outcome = { response: undefined, asked: [], leaked: [], posted: [] };
  const { page, host } = await connectSessions({
    host: {
      onStream: (stream) =>
        void serveRequest(stream, (request) => {
          if (request.target === "/.lighthouse/services") {
            const services = prefixes.map((prefix) => ({ prefix }));
            const body = new Blob([JSON.stringify({ services })]).stream();
            return Promise.resolve(ok({ headers: [["content-type", "application/json"]], body }));
          }
          outcome.asked.push(request);
          return Promise.resolve(ok({ headers, body: new Blob(["answer"]).stream() }));
        }),
    },
  });
  const config = service === undefined ? undefined : { version: "1", files: FILES, service };
  const site = new Site({ scope, worker: `${scope}sw.js`, config, language: "en" });
  const tunnel = tunnelOf(() => Promise.resolve(page), { site });
  const looks: unknown[] = [];
  const all = clients.map(([id, path, frameType, type = "window"]): WorkerClient => ({
    id,
    url: URL.parse(path, ROOT)!.href,
    frameType,
    type,
    postMessage: (message) => {
      outcome.posted.push([id, message]);
      // The document's script asks for its cookies.
      const referrer = now[id];
      if (referrer === undefined) return;
      const cookies = new URL(`${site.prefix.href}.lighthouse/cookies`).href;
      looks.push(router.handle({ request: pageRequest(cookies, { referrer }), clientId: id }));
    },
  }));
  const askers = new Askers(site, {
    claim: () => Promise.resolve(),
    get: (id) =>
      id === LOADING
        ? new Promise(() => {})
        : Promise.resolve(all.find((client) => client.id === id)),
    matchAll: () => Promise.resolve(all.filter(({ type }) => type === "window")),
  }, { readyMs: 0, whereMs: 0 });
  const caches = new MemoryCaches().asCaches;
  const backends = new Backends(backendStore(caches, scope), "me.example");
  await backends.loaded;
  await backends.add("/notes", "http://127.0.0.1:5000");
  const fetch = (input: URL | Request) => {
    const url = new URL(input instanceof URL ? input : input.url);
    outcome.leaked.push(url.href.startsWith(ROOT) ? url.pathname + url.search : url.href);
    return Promise.resolve(new Response("the site's"));
  };
  const own = config && new OwnFiles({ scope: site.scope, config, caches, fetch });
  const requests = new AppRequests({ tunnel, askers, backends, injectWorker: "FIRST" });
  const router = new Router({ site, askers, requests, backends, inject: "INJECT", own, fetch });
  for (const [path, { clientId = "", resultingClientId, ...init } = {}] of asked) {
    const request = pageRequest(new URL(path, ROOT).href, { referrer: "", ...init });
    outcome.response = await router.handle({ request, clientId, resultingClientId });
  }
  await Promise.all(looks);
  if (outcome.response && outcome.response.type !== "error") {
    const { status, headers } = outcome.response;
    const body = await outcome.response.text() || null;
    outcome.response = new Response(body, { status, headers });
  }
  page.close();
  await host.closed;
  return outcome;
}

const targets = ({ asked }: Outcome) => asked.map(({ target }) => target);
const NAVIGATION = { mode: "navigate", destination: "document" } as const;
const FRAME = { mode: "navigate", destination: "iframe" } as const;

const LOCAL_DOC: Client = ["doc", "/local/notes/page", "nested"];
const LOCAL: SiteInit = { clients: [LOCAL_DOC, ["site", "/", "top-level"]] };

test("local/: what an app's document asks for is led, whatever its path", async () => {
  for (
    const [path, target] of [
      ["/x?y", "/notes/x?y"],
      ["/local/notes/x", "/notes/x"],
      ["/local/.lighthouse/cookies", "/.lighthouse/cookies"],
    ] as const
  ) {
    const outcome = await handled(LOCAL, path, { clientId: "doc" });
    assert.equal([targets(outcome), outcome.leaked], [[target], []], path);
    assert.is(field(outcome.asked[0]!, "lighthouse-from"), "/notes/page");
  }
});

for (
  const [scope, service, client, page] of [
    [ROOT, undefined, LOCAL_DOC, "local/notes/page"],
    [REPO, "/notes", ["doc", "/repo/page", "nested"], "page"],
  ] as [string, SiteInit["service"], Client, string][]
) {
  test(`${scope}${page}: what a link with download names comes as a file`, async () => {
    const site = { scope, service, clients: [client] };
    const url = encodeURIComponent(`${ROOT}x/a%20b.csv?y`);
    const prefix = service ? scope : `${scope}local/`;
    const save = `${prefix}.lighthouse/save?url=${url}&name=`;
    const init = { ...FRAME, clientId: "doc", referrer: scope + page };
    const outcome = await handled(site, save, init);
    assert.equal([targets(outcome), outcome.leaked], [["/notes/x/a%20b.csv?y"], []]);
    const disposition = outcome.response!.headers.get("content-disposition");
    assert.is(disposition, "attachment; filename*=UTF-8''a%20b.csv");
    const named = await handled(site, `${save}c.csv`, init);
    assert.match(named.response!.headers.get("content-disposition")!, /''c\.csv$/);
    const others = await handled(site, save, { ...init, referrer: "https://evil.example/" });
    assert.equal([others.response!.type, targets(others)], ["error", []]);
  });
}

test("local/: what the site's own documents ask for is the site's", async () => {
  const outcome = await handled(LOCAL, "/x", { clientId: "site" });
  assert.equal([targets(outcome), outcome.leaked], [[], ["/x"]]);
});

for (
  const [what, client, referrer] of [
    ["a frame of srcdoc", ["frame", "about:srcdoc", "nested"], `${ROOT}local/notes/page`],
    ["a frame of srcdoc, whose parent's URL a script has changed", [
      "frame",
      "about:srcdoc",
      "nested",
    ], `${ROOT}changed`],
    ["a worker of a blob", ["frame", "blob:https://me.example/x", "none", "worker"], ROOT],
    ["a document that has gone", ["another", "/"], `${ROOT}local/notes/page`],
  ] as [string, Client, string][]
) {
  test(`local/: ${what} is the app's`, async () => {
    const site = { clients: [LOCAL_DOC, client] };
    const outcome = await handled(site, "/x", { clientId: "frame", referrer });
    assert.equal([targets(outcome), outcome.leaked], [["/notes/x"], []]);
  });
}

test("local/: a document without a URL is not served where several services have some", async () => {
  const site: SiteInit = {
    clients: [LOCAL_DOC, ["other", "/local/page", "nested"], [
      "blob",
      "blob:https://me.example/x",
      "none",
      "worker",
    ]],
  };
  const outcome = await handled(site, "/x", { clientId: "blob" });
  assert.is(outcome.response!.type, "error");
  assert.equal([targets(outcome), outcome.leaked], [[], []]);
});

for (
  const [what, init] of [
    ["a link", { referrer: `${ROOT}local/notes/page` }],
    ["a link without a referrer", { referrerPolicy: "no-referrer", clientId: "doc" }],
    ["a reload after a script has changed the URL", { referrer: `${ROOT}x`, clientId: "doc" }],
    ["a form", {
      referrer: `${ROOT}local/notes/page`,
      method: "POST",
      body: "secret",
      headers: { origin: "https://me.example" },
    }],
  ] as const
) {
  test(`local/: ${what} of the app's to an absolute path is sent to its place`, async () => {
    const outcome = await handled(LOCAL, "/x?y", { ...NAVIGATION, ...init });
    assert.is(outcome.response!.status, 307);
    assert.is(outcome.response!.headers.get("location"), `${ROOT}local/notes/x?y`);
    assert.equal([targets(outcome), outcome.leaked], [[], []]);
  });
}

for (
  const [what, init] of [
    ["an address that the user types", { clientId: "doc" }],
    ["another site's link", { referrer: "https://other.example/", clientId: "doc" }],
  ] as const
) {
  test(`local/: ${what} is the browser's`, async () => {
    assert.is((await handled(LOCAL, "/x", { ...NAVIGATION, ...init })).response, undefined);
  });
}

test("local/: a link of the site's own page is the site's", async () => {
  const outcome = await handled(LOCAL, "/x", { ...NAVIGATION, referrer: ROOT, clientId: "site" });
  assert.equal([targets(outcome), outcome.leaked], [[], ["/x"]]);
});

const APP: SiteInit = {
  service: "/notes",
  clients: [["doc", "/page", "nested"], ["shell", "/page", "top-level"]],
};

test("app mode: a tab gets the shell", async () => {
  const outcome = await handled(APP, "/deep/link?x", NAVIGATION);
  assert.is(await outcome.response!.text(), "the site's");
  assert.equal([targets(outcome), outcome.leaked], [[], ["/"]]);
});

for (
  const [what, path, init, target] of [
    ["a frame", "/x?y", { ...FRAME, referrer: ROOT }, "/notes/x?y"],
    ["a form into a new tab", "/x", {
      ...NAVIGATION,
      method: "POST",
      body: "a",
      referrer: `${ROOT}page`,
    }, "/notes/x"],
    ["a document's request", "/x", { clientId: "doc" }, "/notes/x"],
    [
      "a document's request for what is no own file",
      "/lighthouse/x",
      { clientId: "doc" },
      "/notes/lighthouse/x",
    ],
    [
      "a document's request for a name of the site's",
      "/app.webmanifest",
      { clientId: "doc" },
      "/notes/app.webmanifest",
    ],
    [
      "the shell's request for the app's icon",
      "/icon.png",
      { clientId: "shell" },
      "/notes/icon.png",
    ],
    [
      "a document's request for its backend's URL",
      "http://localhost:5000/x",
      { clientId: "doc" },
      "/notes/x",
    ],
  ] as [string, string, PageRequestInit & { clientId?: string }, string][]
) {
  test(`app mode: ${what} goes to the laptop`, async () => {
    const outcome = await handled(APP, path, init);
    assert.equal([targets(outcome), outcome.leaked], [[target], []]);
  });
}

for (
  const [what, path, init] of [
    ["an own file", "/lighthouse/shell.js", { clientId: "doc" }],
    ["an own file outside of the folder", "/app.webmanifest", { clientId: "shell" }],
    ["a file of the next version", "/lighthouse/next.js", { clientId: "shell" }],
    ["another server's", "http://localhost:5001/x", { clientId: "doc" }],
  ] as const
) {
  test(`app mode: ${what} is the site's own`, async () => {
    const outcome = await handled(APP, path, init);
    assert.is(targets(outcome).length, 0);
    // Another server's URL that is no backend's does not pass the worker at all.
    if (outcome.response) assert.equal(outcome.leaked, [path]);
  });
}

test("a project site has the whole origin, and its referrers are the backend's", async () => {
  const site: SiteInit = { ...APP, scope: REPO, clients: [["doc", "/repo/page", "nested"]] };
  for (const [path, target] of [["/x", "/notes/x"], ["/repo/x", "/notes/x"]] as const) {
    const outcome = await handled(site, path, { clientId: "doc", referrer: `${ROOT}page?a` });
    assert.equal([targets(outcome), outcome.leaked], [[target], []]);
    assert.is(field(outcome.asked[0]!, "referer"), `${ROOT}page?a`);
    assert.is(field(outcome.asked[0]!, "x-forwarded-prefix"), "");
    assert.is(field(outcome.asked[0]!, "lighthouse-root"), "/notes");
  }
});

test("the host learns where the tunnel is, as documents see it", async () => {
  const doc: Client[] = [["doc", "/repo/page", "nested"]];
  for (
    const [site, prefix, root] of [
      [LOCAL, "/local", undefined],
      [{ ...APP, clients: doc }, "", "/notes"],
      [{ scope: REPO, service: null, clients: doc }, "/repo", undefined],
      // All of the site is the only service's, whose documents do not see `/repo`.
      [{ scope: REPO, service: null, services: ["/"], clients: doc }, "", undefined],
    ] as const
  ) {
    const { asked } = await handled(site as SiteInit, "/repo/x", {
      clientId: "doc",
      referrer: `${REPO}page`,
    });
    const seen = ["x-forwarded-prefix", "lighthouse-root"].map((name) => field(asked[0]!, name));
    assert.equal(seen, [prefix, root]);
  }
});

test("several apps: a path is in the service of the document that asks", async () => {
  const site: SiteInit = { service: null, clients: [["doc", "/notes/page", "nested"]] };
  assert.equal(targets(await handled(site, "/x", { clientId: "doc" })), ["/notes/x"]);
  assert.equal(targets(await handled(site, "/notes/x", { clientId: "doc" })), ["/notes/x"]);
  const frame = await handled(site, "/x", { ...FRAME, referrer: `${ROOT}notes/page` });
  assert.is(frame.response!.headers.get("location"), `${ROOT}notes/x`);
});

test("another site's link, or a typed address, is cross-site for the frame, too; a reload is not", async () => {
  const site = { service: "/" };
  const shown = async (tab: PageRequestInit) => {
    const outcome = await handledInTurn(site, ["/x", { ...NAVIGATION, ...tab }], ["/x", {
      ...FRAME,
      referrer: `${ROOT}x`,
    }]);
    return field(outcome.asked[0]!, "sec-fetch-site");
  };
  assert.is(await shown({ referrer: "https://other.example/" }), "cross-site");
  assert.is(await shown({}), "cross-site");
  assert.is(await shown({ cache: "no-cache" }), "same-origin");
  assert.is(await shown({ referrer: `${ROOT}y` }), "same-origin");
});

test("a document has the script first, and what it must know", async () => {
  const site: SiteInit = {
    ...APP,
    scope: REPO,
    headers: [
      ["content-type", "text/html"],
      ["referrer-policy", "no-referrer"],
      ["x-frame-options", "DENY"],
      ["lighthouse-service", "/notes"],
      ["lighthouse-backend", "http://127.0.0.1:5000"],
      ["lighthouse-cookies", "a=%C3%A9"],
    ],
  };
  const { response } = await handled(site, "/repo/x", { ...FRAME, referrer: REPO });
  const html = await response!.text();
  const [, src, settings] = /^<script src="([^"]*)" data-lighthouse="([^"]*)"><\/script>answer$/
    .exec(html)!;
  assert.is(src, `${REPO}lighthouse/inject.js`);
  const text = settings!.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  assert.equal(JSON.parse(text), {
    scope: "/repo/",
    base: "/repo/",
    service: "/notes",
    isMoved: true,
    backend: "http://127.0.0.1:5000",
    cookies: "a=\u00e9",
    isInShell: true,
  });
  assert.equal([...response!.headers], [
    [
      "content-security-policy",
      `object-src data: blob:; form-action ${REPO}; frame-ancestors 'self'`,
    ],
    ["content-type", "text/html"],
    ["referrer-policy", "same-origin"],
  ]);
});

for (
  const [destination, type] of [["worker"], ["sharedworker"], ["script", "worker"]] as const
) {
  test(`the script for workers is before a ${destination} of a ${type ?? "document"}`, async () => {
    const clients: Client[] = [["doc", "/page", type ? "none" : "nested", type]];
    const { response } = await handled({ service: "/", clients }, "/x", {
      clientId: "doc",
      destination: destination as RequestDestination,
    });
    assert.match(await response!.text(), /^if\(!self.*\nFIRST\n\}\nanswer$/s);
  });
}

const RELOAD = { ...NAVIGATION, cache: "no-cache" } as const;

test("local/: a document of the app's is loaded again from where its script has moved it", async () => {
  const site = { ...LOCAL, now: { doc: `${ROOT}deep?x` } };
  const { response, leaked } = await handled(site, "/deep?x#part", RELOAD);
  assert.is(response!.headers.get("location"), `${ROOT}local/notes/deep?x`);
  assert.equal(leaked, []);
});

test("local/: it is so, too, where its script has moved it once more", async () => {
  const { response } = await handledInTurn(
    { ...LOCAL, now: { doc: `${ROOT}other` } },
    ["/api", { clientId: "doc", referrer: `${ROOT}deep` }],
    ["/deep", RELOAD],
  );
  assert.is(response!.headers.get("location"), `${ROOT}local/notes/deep`);
});

for (
  const [what, path, site] of [
    ["a document of the site's", "/", LOCAL],
    ["one that its script has moved", "/moved", { ...LOCAL, now: { doc: `${ROOT}deep` } }],
    ["one beside no document of the app's", "/moved", { clients: [["site", "/", "top-level"]] }],
  ] as [string, string, SiteInit][]
) {
  test(`local/: ${what} is loaded again from the site`, async () => {
    const { asked, leaked } = await handled(site, path, RELOAD);
    assert.equal([asked.filter(({ target }) => !target.endsWith("/cookies")), leaked], [[], [
      path,
    ]]);
  });
}

for (
  const [way, site, base] of [
    ["local/", LOCAL, "/local/notes/"],
    [
      "a project site",
      { ...APP, scope: REPO, clients: [["doc", "/repo/page", "nested"]] },
      "/repo/",
    ],
    ["several apps", { service: null, clients: [["doc", "/notes/page", "nested"]] }, "/notes/"],
  ] as [string, SiteInit, string][]
) {
  const worker: Asked = [`${base}worker.js`, {
    clientId: "doc",
    resultingClientId: LOADING,
    destination: "worker",
    mode: "same-origin",
  }];
  const imported = (referrer: string): Asked[1] => ({
    clientId: LOADING,
    destination: "worker",
    referrer: `${ROOT}${referrer}`,
  });

  test(`${way}: modules of a worker that the browser does not show yet are the app's`, async () => {
    const outcome = await handledInTurn(
      site,
      worker,
      ["/part.js", imported(`${base.slice(1)}worker.js`)],
      ["/deeper.js", imported("part.js")],
    );
    assert.equal(targets(outcome), ["/notes/worker.js", "/notes/part.js", "/notes/deeper.js"]);
    assert.equal(outcome.leaked, []);
    assert.match(await outcome.response!.text(), /FIRST/);
  });

  test(`${way}: they are so after the service worker was stopped`, async () => {
    const outcome = await handled(site, "/part.js", imported(`${base.slice(1)}worker.js`));
    assert.equal([targets(outcome), outcome.leaked], [["/notes/part.js"], []]);
  });
}

test("a worker of a project site leads the workers that it makes", async () => {
  const site: SiteInit = { ...APP, scope: REPO, clients: [["doc", "/repo/page", "nested"]] };
  const { response } = await handled(site, "/repo/worker.js", {
    clientId: "doc",
    destination: "worker",
    mode: "same-origin",
  });
  const [first] = (await response!.text()).split("answer");
  const made: string[] = [];
  class Worker {
    constructor(url: string) {
      made.push(url);
    }
  }
  const self = { Worker };
  const run = new Function("self", "Worker", "location", "FIRST", `${first}return Worker`);
  const Led = run(self, Worker, `${REPO}worker.js`, 0) as typeof Worker;
  for (const url of ["/a.js", "b.js", "blob:https://me.example/c", "https://other.example/d.js"]) {
    new Led(url);
  }
  assert.equal(made, [
    `${REPO}a.js`,
    `${REPO}b.js`,
    "blob:https://me.example/c",
    "https://other.example/d.js",
  ]);
});

test("a worker's own script is led to its place", async () => {
  const { response } = await handled(LOCAL, "/worker.js", {
    clientId: "doc",
    destination: "worker",
    mode: "same-origin",
  });
  assert.equal([response!.status, response!.headers.get("location")], [
    307,
    `${ROOT}local/notes/worker.js`,
  ]);
});

test("cookies that an answer has changed go to the document that asks, and the others look", async () => {
  const site: SiteInit = {
    service: "/",
    clients: [["doc", "/page", "nested"], ["other", "/b", "nested"], ["shell", "/", "top-level"]],
    headers: [["lighthouse-cookies", "a=1"]],
  };
  const { response, posted } = await handled(site, "/x", { clientId: "doc" });
  assert.equal(posted, [
    ["doc", { lighthouse: "cookies", cookies: "a=1" }],
    ["other", { lighthouse: "stale" }],
  ]);
  assert.is(response!.headers.get("lighthouse-cookies"), null);
  const looked = await handled(site, "/.lighthouse/cookies", { clientId: "doc" });
  assert.is(looked.posted.length, 1);
});

test("the script is the worker's own", async () => {
  const { response } = await handled(APP, "/lighthouse/inject.js", { clientId: "doc" });
  assert.is(await response!.text(), "INJECT");
  const local = await handled(LOCAL, "/local/.lighthouse/inject.js", { clientId: "doc" });
  assert.is(await local.response!.text(), "INJECT");
});

test.run();
