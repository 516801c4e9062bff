import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import type { HttpResponse } from "../../wire/mod.ts";
import { isUnder, type Principal, restOf } from "../access/principal.ts";
import type { ServiceConfig } from "../config/service_config.ts";
import { CookieFolder } from "./cookie_folder.ts";
import { parseServices } from "../config/service_config.ts";
import type { Service } from "./service.ts";
import { Services } from "./services.ts";

const test = suite("services");

const under: [prefix: string, target: string, rest: string | undefined][] = [
  ["/", "/", "/"],
  ["/", "/a?b", "/a?b"],
  ["/", "a", undefined],
  ["/notes", "/notes", ""],
  ["/notes", "/notes?a", "?a"],
  ["/notes", "/notes/", "/"],
  ["/notes", "/notes/a?/notes/b", "/a?/notes/b"],
  ["/notes", "/notes2", undefined],
  ["/notes", "/notes%2Fa", undefined],
  ["/notes", "/Notes", undefined],
  ["/notes", "/n%6ftes", undefined],
  ["/notes", "//notes", undefined],
  ["/notes", "/a/notes", undefined],
  ["/notes", "/", undefined],
  ["/a/b", "/a/b/c", "/c"],
  ["/a/b", "/a", undefined],
];
for (const [prefix, target, rest] of under) {
  test(`${target} is ${rest === undefined ? "not " : ""}under ${prefix}`, () => {
    assert.is(isUnder(prefix, target), rest !== undefined);
    if (rest !== undefined) assert.is(restOf(prefix, target), rest);
  });
}

/** A service that answers with its own prefix and the target. */
function echo(prefix: string, onClose = () => {}): Service {
  return {
    prefix,
    handler: ({ target }, { principal }) =>
      Promise.resolve({
        status: 200,
        statusText: "OK",
        headers: [],
        body: new Blob([`${prefix} got ${target} of ${principal.name}`]).stream(),
      }),
    close: () => Promise.resolve(onClose()),
  };
}

function ask(
  services: Services,
  target: string,
  principal: Principal = { id: "1", origin: "https://me.example", name: "phone" },
): Promise<HttpResponse> {
  const { signal } = new AbortController();
  return services.handler({ method: "GET", target, headers: [], body: null }, {
    signal,
    principal,
  });
}

async function textOf({ body }: HttpResponse): Promise<string> {
  return await new Response(body).text();
}

test("the longest prefix at a segment's end wins, in whichever order they are named", async () => {
  const all = ["/notes", "/", "/notes/shared", "/files"].map((prefix) => echo(prefix));
  for (const services of [new Services(all), new Services(all.toReversed())]) {
    const chosen = async (target: string) =>
      (await textOf(await ask(services, target))).replace(/ .*/, "");
    assert.is(await chosen("/notes"), "/notes");
    assert.is(await chosen("/notes?a"), "/notes");
    assert.is(await chosen("/notes/1"), "/notes");
    assert.is(await chosen("/notes/shared"), "/notes/shared");
    assert.is(await chosen("/notes/shared/1"), "/notes/shared");
    assert.is(await chosen("/notes/shared2"), "/notes");
    assert.is(await chosen("/notes2"), "/");
    assert.is(await chosen("/"), "/");
    assert.is(await chosen("/other/files"), "/");
    assert.is(services.find("/files/1")?.prefix, "/files");
  }
});

test("a service gets the target as it came, and the device", async () => {
  const services = new Services([echo("/notes")]);
  assert.is(await textOf(await ask(services, "/notes/1?a")), "/notes got /notes/1?a of phone");
});

test("a path of no service is a 404 that says which there are", async () => {
  const services = new Services([echo("/notes"), echo("/files")]);
  assert.is(services.find("/other"), undefined);
  const response = await ask(services, "/other?secret=1");
  assert.is(response.status, 404);
  assert.is(response.statusText, "Not Found");
  const text = await textOf(response);
  assert.equal(response.headers, [
    ["content-type", "application/json"],
    ["content-length", String(text.length)],
  ]);
  assert.equal(JSON.parse(text), {
    error: { code: "no-service", message: "No service is at /other. There is: /files, /notes" },
  });
});

test("each principal reaches the services under the paths that it may, and hears of no others", async () => {
  const services = new Services(["/", "/notes", "/notes/shared", "/files"].map((at) => echo(at)));
  const status = async (target: string, allowed?: string[]) =>
    (await ask(services, target, {
      id: "1",
      origin: "https://me.example",
      name: "phone",
      services: allowed,
    })).status;
  const cases: [allowed: string[] | undefined, target: string, status: number][] = [
    [undefined, "/files/1", 200],
    [["/"], "/files/1", 200],
    [["/notes"], "/notes/1", 200],
    [["/notes"], "/notes/shared/1", 200],
    [["/notes/shared"], "/notes/shared/1", 200],
    [["/notes/shared"], "/notes/1", 403],
    [["/notes"], "/files", 403],
    [["/notes"], "/", 403],
    [["/notes"], "/notes2", 403],
    [["/files", "/notes"], "/files", 200],
    [[], "/", 403],
  ];
  for (const [allowed, target, expected] of cases) {
    assert.is(await status(target, allowed), expected, `${allowed} ${target}`);
  }
  const response = await ask(services, "/files?q", {
    id: "1",
    origin: "https://me.example",
    name: "phone",
    services: ["/notes"],
  });
  assert.equal(JSON.parse(await textOf(response)), {
    error: { code: "no-access", message: "“phone” may not reach the service at /files" },
  });
  const two = new Services([echo("/notes"), echo("/files")]);
  const missing = await ask(two, "/other", {
    id: "1",
    origin: "https://me.example",
    services: ["/notes"],
  });
  assert.match(await textOf(missing), 'There is: /notes"');
});

test("close() closes all", async () => {
  const closed: string[] = [];
  const services = new Services(["/a", "/b"].map((at) => echo(at, () => closed.push(at))));
  await services.close();
  assert.equal(closed.sort(), ["/a", "/b"]);
});

test("replace() keeps the cookies of a service whose options change, and of one that comes back", async () => {
  const server = createServer(({ headers }, response) => {
    response.setHeader("set-cookie", ["login=1; Max-Age=60", "tab=1"]);
    response.end(headers.cookie ?? "nobody");
  });
  await using backend = await listen(server);
  const log = () => {};
  const cookies = CookieFolder.open(temporaryFolder(), { devices: () => [{ id: "1" }], log });
  const config: ServiceConfig = { prefix: "/notes", backend: new URL("/api", backend.url) };
  const services = Services.start([config], { cookies });
  const get = async (path: string) => await textOf(await ask(services, path));
  assert.is(await get("/notes/1"), "nobody");
  assert.is(await get("/notes/1"), "login=1; tab=1");
  services.replace([{ ...config, as: "proxy" }]);
  assert.is(await get("/notes/1"), "login=1; tab=1");
  services.replace([{ ...config, backend: new URL("/other", backend.url) }]);
  assert.is(await get("/notes/1"), "nobody");
  services.replace([config]);
  assert.is(await get("/notes/1"), "login=1; tab=1");
  await services.close();
  await cookies[Symbol.asyncDispose]();
});

test("start() makes a service of each kind", async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "a.txt"), "of the folder");
  const server = createServer(({ url }, response) => response.end(`backend ${url}`));
  await using backend = await listen(server);
  const services = Services.start([
    { prefix: "/files", folder },
    { prefix: "/notes", backend: new URL("/api", backend.url) },
  ]);
  assert.is(await textOf(await ask(services, "/files/a.txt")), "of the folder");
  assert.is(await textOf(await ask(services, "/notes/1")), "backend /api/1");
  assert.is(services.find("/notes/1")?.upstream?.backend.url.pathname, "/api");
  assert.is(services.find("/files/1")?.upstream, undefined);
  await services.close();
});

test("no redirect of a service reaches another one", async () => {
  const server = createServer(({ url }, response) => {
    const location = new URL(url!, "http://h").searchParams.get("to")!;
    response.writeHead(307, { location }).end();
  });
  await using listening = await listen(server);
  const { url } = listening;
  const services = Services.start(
    ["/", "/notes", "/notes/deep", "/admin"].map((prefix) => ({ prefix, backend: new URL(url) })),
  );
  const outcomes: [from: string, to: string, outcome: string][] = [
    ["/", "/x", "/x"],
    ["/", "/admin", "502"],
    ["/", "/notes/../admin", "502"],
    ["/", `${url}/admin/x`, "502"],
    ["/", "/administration", "/administration"],
    ["/", "//admin", "//admin"],
    ["/", "/.//admin", "/.//admin"],
    ["/notes", "../admin", "/notes/admin"],
    ["/notes", "https://me.example/admin", "502"],
    ["/notes", "/deep", "502"],
    ["/notes/deep", "../../x", "/notes/deep/x"],
    ["/notes/deep", "..%2f..%2fadmin", "502"],
  ];
  for (const [from, to, outcome] of outcomes) {
    const target = `${from.replace(/\/?$/, "/")}a/b?to=${encodeURIComponent(to)}`;
    const { status, headers } = await ask(services, target);
    const location = headers.find(([name]) => name === "location")?.[1];
    assert.is(status === 307 ? location : String(status), outcome, `${from} ${to}`);
  }
  await services.close();
});

test("a changed password or option restarts its service, and no other", async () => {
  await using backend = await listen(createServer(({ headers }, response) => {
    response.end(headers.authorization);
  }));
  const { host } = new URL(backend.url);
  const start = (...texts: string[]) => parseServices({ service: texts });
  const services = Services.start(start(`/a=http://u:1@${host}`, `/b=http://u:1@${host}`));
  const [a, b] = [services.find("/a"), services.find("/b")];
  const said = async (target: string) => await textOf(await ask(services, target));
  const basic = (pair: string) => `Basic ${btoa(pair)}`;
  assert.is(await said("/a"), basic("u:1"));
  services.replace(start(`/a=http://u:2@${host}`, `/b=http://u:1@${host}`));
  assert.is.not(services.find("/a"), a);
  assert.is(services.find("/b"), b);
  assert.equal([await said("/a"), await said("/b")], [basic("u:2"), basic("u:1")]);
  services.replace(start(`/a=http://u:2@${host}`, `/b=http://u:1@${host} as=proxy`));
  assert.is.not(services.find("/b"), b);
  await services.close();
});

test.run();
