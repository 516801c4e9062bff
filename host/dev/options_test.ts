import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { thrownBy } from "../../wire/testing/failure.ts";
import { formatService } from "../config/service_config.ts";
import { type DevFlags, parseDevOptions } from "./options.ts";

const test = suite("options of dev");

const folder = temporaryFolder();
await mkdir(join(folder, "site"));
await writeFile(join(folder, "site", "index.html"), "");
await mkdir(join(folder, "files"));

const targets: [target: string, service: string, name: string][] = [
  ["3000", "/ → http://localhost:3000/", "localhost:3000"],
  ["localhost:8000/api", "/ → http://localhost:8000/api", "localhost:8000"],
  ["http://127.0.0.1:5000", "/ → http://127.0.0.1:5000/", "127.0.0.1:5000"],
  ["3000 as=proxy name=Notes", "/ → http://localhost:3000/ as=proxy name=Notes", "Notes"],
  [`${folder}/site`, `/ → ${folder}/site scripts`, "site"],
  [`${folder}/files`, `/ → ${folder}/files`, "files"],
  [`${folder}/files scripts`, `/ → ${folder}/files scripts`, "files"],
  ["~/site", `/ → ${folder}/site scripts`, "site"],
];
for (const [target, service, name] of targets) {
  test(`dev ${target.replace(folder, "…")} is one service, called ${name}`, () => {
    for (
      const options of [
        parseDevOptions(target, {}, { HOME: folder }),
        parseDevOptions(undefined, { backend: target }, { HOME: folder }),
      ]
    ) {
      assert.equal(options.services.map(formatService), [service]);
      assert.is(options.name, name);
    }
  });
}

test("the real host's variables and files do not count", () => {
  const environment = {
    LIGHTHOUSE_BACKEND: "9",
    LIGHTHOUSE_SERVICES: "/a=9",
    LIGHTHOUSE_RELAY: "x",
  };
  assert.match(thrownBy(() => parseDevOptions(undefined, {}, environment)).message, /no backend/);
  const { services } = parseDevOptions("3000", {}, environment);
  assert.is(services.length, 1);
});

test("several services stand beside the backend", () => {
  const service = ["/api=8000", `/files=${folder}/files`];
  const one = parseDevOptions("3000", { service });
  assert.equal(one.services.map(({ prefix }) => prefix), ["/", "/api", "/files"]);
  assert.equal([one.name, one.shown?.prefix], ["localhost:3000", "/"]);
  const other = parseDevOptions(undefined, { service });
  assert.equal(other.services.map(({ prefix }) => prefix), ["/api", "/files"]);
  assert.equal([other.name, other.shown], ["Lighthouse dev", undefined]);
  const single = parseDevOptions(undefined, { service: ["/api=8000"] });
  assert.equal([single.name, single.shown?.prefix], ["localhost:8000", "/api"]);
});

test("the ports are 4600 to 4609, or the one that is named", () => {
  const { ports } = parseDevOptions("3000", {});
  assert.equal([ports.length, ports[0], ports.at(-1)], [10, 4600, 4609]);
  assert.equal(parseDevOptions("3000", { port: "8080" }).ports, [8080]);
  assert.is(parseDevOptions("3000", { inspect: "9000" }).inspect, 9000);
});

test("pages are ports, hosts and URLs, with the path of the page", () => {
  const origin = [
    "5173",
    "localhost:5173",
    "http://app.localhost:80/a/b",
    "https://me.github.io/x/",
  ];
  const { pages } = parseDevOptions("3000", { origin });
  assert.equal(pages.map(({ href }) => href), [
    "http://localhost:5173/",
    "http://localhost:5173/",
    "http://app.localhost/a/b",
    "https://me.github.io/x/",
  ]);
});

const wrong: [why: string, target: string | undefined, flags: DevFlags, message: RegExp][] = [
  ["nothing", undefined, {}, /no backend: name one, as in dev 3000/],
  ["two backends", "3000", { backend: "4000" }, /--backend and the argument/],
  ["two services at the root", "3000", { service: ["/=4000"] }, /named twice/],
  [
    "a folder that is missing",
    "./nowhere",
    {},
    /the argument needs a folder or a URL, and .*nowhere/,
  ],
  ["a port that is none", "99999", {}, /the argument: 99999 is not a port/],
  ["a wrong option", "3000 as=x", {}, /as=local or as=proxy/],
  ["a wrong port", "3000", { port: "x" }, /--port is not a port/],
  ["a wrong inspector", "3000", { inspect: "99999" }, /--inspect is not a port/],
  ["an origin that is none", "3000", { origin: ["me"] }, /--origin is not an origin such as/],
  ["an origin with a query", "3000", { origin: ["http://localhost/?a"] }, /query or a fragment/],
  ["an origin of a file", "3000", { origin: ["file:///a"] }, /not an origin/],
  ["an origin that is not secure", "3000", { origin: ["http://192.168.1.5"] }, /not secure.*https/],
];
for (const [why, target, flags, message] of wrong) {
  test(`${why} is refused`, () => {
    const error = thrownBy(() => parseDevOptions(target, flags));
    assert.is(error.code, "bad-config");
    assert.match(error.message, message);
  });
}

test.run();
