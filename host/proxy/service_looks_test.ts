import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { type HeaderField, SERVICE, type ServiceList, SERVICES_PATH } from "../../wire/mod.ts";
import type { ServiceConfig } from "../config/service_config.ts";
import { Services } from "./services.ts";

const test = suite("looks at services");

/** The list that a device gets. @param allowed Prefixes that it may reach. */
async function listOf(
  services: Services,
  { allowed, headers = [] }: { allowed?: string[]; headers?: HeaderField[] } = {},
): Promise<ServiceList["services"]> {
  const answer = await services.handler(
    { method: "GET", target: SERVICES_PATH, headers, body: null },
    {
      signal: new AbortController().signal,
      principal: { id: "1", origin: "https://me.example", name: "phone", services: allowed },
    },
  );
  assert.is(answer.status, 200);
  return (await new Response(answer.body).json() as ServiceList).services;
}

async function setUp(route: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    route(request, response);
  });
  let connections = 0;
  server.on("connection", () => connections++);
  const backend = await listen(server);
  return {
    asked,
    url: backend.url,
    connections: () => connections,
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

test("a list has names, and tells which services are up", async () => {
  await using backend = await setUp((_request, response) => response.writeHead(404).end());
  const down = await listen(createServer());
  await down[Symbol.asyncDispose]();
  const folder = temporaryFolder();
  await writeFile(join(folder, "favicon.ico"), "an icon");
  const configs: ServiceConfig[] = [
    { prefix: "/", backend: new URL(backend.url) },
    { prefix: "/notes", backend: new URL(backend.url), name: "My notes" },
    { prefix: "/down", backend: new URL(down.url) },
    { prefix: "/files", folder },
  ];
  const services = Services.start(configs);
  const { host } = new URL(backend.url);
  assert.equal(await listOf(services), [
    { prefix: "/", name: host, icon: null, up: true },
    { prefix: "/down", name: "down", icon: null, up: false },
    { prefix: "/files", name: "files", icon: "/files/favicon.ico", up: true },
    { prefix: "/notes", name: "My notes", icon: null, up: true },
  ]);
  const prefixes = async (options: Parameters<typeof listOf>[1]) =>
    (await listOf(services, options)).map(({ prefix }) => prefix);
  assert.equal(await prefixes({ allowed: ["/notes", "/files"] }), ["/files", "/notes"]);
  assert.equal(await prefixes({ headers: [[SERVICE, "/notes"]] }), ["/notes"]);
  assert.equal(await prefixes({ allowed: ["/files"], headers: [[SERVICE, "/notes"]] }), []);
  await services.close();
});

test("lists at the same time, and soon after each other, look once", async () => {
  await using backend = await setUp((_request, response) => response.writeHead(404).end());
  const services = Services.start([{ prefix: "/", backend: new URL(backend.url) }]);
  await Promise.all(Array.from({ length: 20 }, () => listOf(services)));
  await listOf(services);
  assert.equal(backend.asked, ["/", "/favicon.ico"]);
  // One that only connects, and one or two for the requests.
  assert.ok(backend.connections() <= 3);
  await services.close();
});

const icons: [what: string, head: string, icon: string | null][] = [
  ["of a path from the root", `<link rel="icon" href="/base/i.png?1&amp;2">`, "/app/i.png?1&2"],
  ["of a relative path", `<link href=i.svg rel='shortcut ICON'>`, "/app/i.svg"],
  ["for a touch screen", `<link rel=apple-touch-icon href="touch.png">`, "/app/touch.png"],
  ["outside of the service", `<link rel="icon" href="/i.png">`, null],
  ["of another site", `<link rel="icon" href="https://other.example/base/i.png">`, null],
  ["within the page", `<link rel="icon" href="data:image/png,a">`, null],
  ["without an address", `<link rel="icon">`, null],
  ["of which there is none", `<link rel="stylesheet" href="a.css">`, null],
];
for (const [what, head, icon] of icons) {
  test(`an icon ${what} is ${icon}`, async () => {
    await using backend = await setUp(({ url }, response) => {
      if (url === "/base/") return response.writeHead(302, { location: "/base/login" }).end();
      if (url !== "/base/login") return response.writeHead(404).end();
      response.writeHead(200, { "content-type": "text/html" }).end(`<head>${head}<body>`);
    });
    const url = new URL("/base", backend.url);
    const services = Services.start([{ prefix: "/app", backend: url }]);
    const [found] = await listOf(services);
    assert.is(found!.icon, icon);
    await services.close();
  });
}

test("a backend that does not answer is up, and has no icon yet", async () => {
  await using backend = await setUp(() => {});
  const services = Services.start([{ prefix: "/", backend: new URL(backend.url) }]);
  const [found] = await listOf(services);
  assert.equal([found!.up, found!.icon], [true, null]);
  await services.close();
});

test.run();
