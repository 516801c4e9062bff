import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { LighthouseError } from "../../wire/mod.ts";
import {
  formatService,
  formatSetting,
  parseServices,
  type ServiceSettings,
} from "./service_config.ts";

const test = suite("service_config");

/** A folder with a file in it; its name has what shells and lists trip over. */
const folder = join(temporaryFolder(), "light house=1");
await mkdir(folder);
await mkdir(join(folder, "my scripts"));
await writeFile(join(folder, "file"), "");

const given: [settings: ServiceSettings, services: string[]][] = [
  [{ backend: "http://127.0.0.1:5000" }, ["/ → http://127.0.0.1:5000/"]],
  [{ backend: "https://h:8443/under/a/path/" }, ["/ → https://h:8443/under/a/path/"]],
  [{ backend: "http://[::1]:5000" }, ["/ → http://[::1]:5000/"]],
  [{ backend: "http://127.0.0.1/@scope/" }, ["/ → http://127.0.0.1/@scope/"]],
  [{ service: ["/=http://h"] }, ["/ → http://h/"]],
  [{ service: ["/notes=http://h/a=b"] }, ["/notes → http://h/a=b"]],
  [{ service: ["/a/b-c_d~e.f=HTTPS://h"] }, ["/a/b-c_d~e.f → https://h/"]],
  [{ service: [`/files=${folder}`] }, [`/files → ${folder}`]],
  [{ service: [`/files=${folder}/`] }, [`/files → ${folder}`]],
  [{ service: [`/files=${folder} scripts`] }, [`/files → ${folder} scripts`]],
  [{ service: [`/files=${folder}/   scripts `] }, [`/files → ${folder} scripts`]],
  [{ service: [`/files=${folder}/my scripts`] }, [`/files → ${folder}/my scripts`]],
  [{ service: [`/files=${folder}/my scripts scripts`] }, [`/files → ${folder}/my scripts scripts`]],
  [{ service: ["/here=."] }, [`/here → ${process.cwd()}`]],
  [{ service: ["/home=~"] }, [`/home → ${homedir()}`]],
  [{ service: ["/home=~/."] }, [`/home → ${homedir()}`]],
  [
    { backend: "http://h", service: ["/a=http://h", "/a/b=http://h", "/A=http://h"] },
    ["/ → http://h/", "/a → http://h/", "/a/b → http://h/", "/A → http://h/"],
  ],
];
for (const [settings, services] of given) {
  test(`parseServices() takes ${JSON.stringify(settings)}`, () => {
    assert.equal(parseServices(settings).map(formatService), services);
  });
}

const environments: [environment: Record<string, string>, services: string[]][] = [
  [{ LIGHTHOUSE_BACKEND: "http://h" }, ["/ → http://h/"]],
  [{ LIGHTHOUSE_SERVICES: "/a=http://h" }, ["/a → http://h/"]],
  [
    {
      LIGHTHOUSE_SERVICES: `/a=http://h, /b=${folder}\n\n  /c=http://h/c,`,
      LIGHTHOUSE_BACKEND: "",
    },
    ["/a → http://h/", `/b → ${folder}`, "/c → http://h/c"],
  ],
  [
    { LIGHTHOUSE_SERVICES: "/a=http://h", LIGHTHOUSE_BACKEND: "http://h/root" },
    ["/ → http://h/root", "/a → http://h/"],
  ],
];
for (const [environment, services] of environments) {
  test(`parseServices() takes ${JSON.stringify(environment)} from the environment`, () => {
    assert.equal(parseServices({}, environment).map(formatService), services);
    assert.equal(parseServices({ service: undefined }, environment).map(formatService), services);
  });
}

test("parseServices() takes a folder's scripts only with the option, and formatSetting() writes it", () => {
  const settings = [`/a=${folder}`, `/b=${folder} scripts`, `/c=${folder}/my scripts`];
  const services = parseServices({ service: settings });
  assert.equal(services, [
    { prefix: "/a", folder },
    { prefix: "/b", folder, scripts: true },
    { prefix: "/c", folder: `${folder}/my scripts` },
  ]);
  assert.equal(services.map(formatSetting), settings);
});

test("parseServices() looks at the environment only where no flag names a service", () => {
  const environment = {
    LIGHTHOUSE_BACKEND: "http://environment",
    LIGHTHOUSE_SERVICES: "/a=http://environment",
  };
  const of = (flags: ServiceSettings) => parseServices(flags, environment).map(formatService);
  assert.equal(of({ backend: "http://flag" }), ["/ → http://flag/"]);
  assert.equal(of({ service: ["/b=http://flag"] }), ["/b → http://flag/"]);
});

const bad: [settings: ServiceSettings, message: string | RegExp][] = [
  [{}, /--backend is missing: give --backend .*, or --service .*LIGHTHOUSE_BACKEND or/],
  [{ backend: "" }, "--backend is missing"],
  [{ service: [] }, "--backend is missing"],
  [{ backend: "127.0.0.1" }, "--backend is not a URL such as http://127.0.0.1:5000: 127.0.0.1."],
  [{ backend: "./public" }, "--backend is a path: give --service /=FOLDER or --service PREFIX=URL"],
  [{ backend: "/notes=http://h" }, "--backend is a path"],
  [{ backend: "ws://127.0.0.1:5000" }, "--backend is not a URL"],
  [{ backend: "file:///etc/passwd" }, "--backend is not a URL"],
  [{ backend: "http://127.0.0.1:99999" }, "--backend is not a URL"],
  [{ backend: "http://h/?a" }, "--backend must not have a query"],
  [{ service: ["/notes"] }, '--service has no "=": give PREFIX=URL or PREFIX=FOLDER'],
  [{ service: ["http://127.0.0.1:5000"] }, '--service has no "="'],
  [{ service: ["/notes="] }, "--service /notes leads nowhere: give /notes=URL or /notes=FOLDER"],
  [{ service: ["=http://h"] }, "--service  has an invalid path"],
  [{ service: ["notes=http://h"] }, "--service notes has an invalid path: it begins with"],
  [{ service: ["/notes/=http://h"] }, "--service /notes/ has an invalid path"],
  [{ service: ["//=http://h"] }, "has an invalid path"],
  [{ service: ["//notes=http://h"] }, "has an invalid path"],
  [{ service: ["/a//b=http://h"] }, "has an invalid path"],
  [{ service: ["/..=http://h"] }, "has an invalid path"],
  [{ service: ["/a/.b=http://h"] }, "has an invalid path"],
  [{ service: ["/a%20b=http://h"] }, "has an invalid path"],
  [{ service: ["/a b=http://h"] }, "has an invalid path"],
  [{ service: ["/a?b=http://h"] }, "has an invalid path"],
  [{ service: ["/\u00e4=http://h"] }, "has an invalid path"],
  [{ service: ["/a=ws://h"] }, "--service /a is not a URL such as http://127.0.0.1:5000: ws://h"],
  [{ service: ["/a=http://h?b"] }, "--service /a must not have a query"],
  [
    { service: [`/a=${folder}/none`] },
    `--service /a needs a folder or a URL, and ${folder}/none does not exist`,
  ],
  [
    { service: [`/a=${folder}/none scripts`] },
    `--service /a needs a folder or a URL, and ${folder}/none does not exist`,
  ],
  [
    { service: [`/a=${folder} scripts=yes`] },
    `--service /a needs a folder or a URL, and ${folder} scripts=yes does not exist`,
  ],
  [
    { service: [`/a=${folder}/file`] },
    `--service /a needs a folder or a URL, and ${folder}/file is a file`,
  ],
  [{ service: ["/a=http://h", "/a=http://i"] }, "/a is named twice"],
  [{ backend: "http://h", service: ["/=http://i"] }, "/ is named twice"],
];
for (const [settings, message] of bad) {
  test(`parseServices() refuses ${JSON.stringify(settings)}`, () => {
    assert.match(errorOf(settings), message);
  });
}

const secret = [
  "http://user:hunter2@127.0.0.1:99999",
  "http://user:hunter2%@127.0.0.1:5000",
  "http://user:a hunter2@127.0.0.1:5000",
  "http://user:1 hunter2 b@127.0.0.1:5000",
  "http://user:hunter2@127.0.0.1:5000 as=nobody",
  "http://user:hunter2@127.0.0.1:5000?query",
  "ftp://user:hunter2@127.0.0.1",
  "http://127.0.0.1?token=hunter2",
  "ftp://127.0.0.1#hunter2",
];
for (const url of secret) {
  test(`parseServices() does not repeat the secret in ${url}`, () => {
    assert.not.match(errorOf({ backend: url }), "hunter2");
    assert.not.match(errorOf({ service: [`/a=${url}`] }), "hunter2");
    assert.not.match(errorOf({ service: [url] }), "hunter2");
  });
}

test("parseServices() does not repeat a password whose comma ends a service", () => {
  const environment = { LIGHTHOUSE_SERVICES: "/a=http://user:hunter,2@h" };
  try {
    parseServices({}, environment);
  } catch (error) {
    return assert.not.match((error as Error).message, "hunter");
  }
  assert.unreachable("it was taken");
});

for (
  const text of [
    "user:hunter2@127.0.0.1",
    "user:hunter2@127.0.0.1:5000",
    "user:hunter2@127.0.0.1:5000/path as=proxy",
    ":hunter2@h",
    "http://h authorization=user:hunter2",
    "http://h authorization=hunter2",
    "http://h authorization=Bearer hunter2",
    "http://h authorization=Basic hunter2==",
    "http://h authorization=user: hunter2",
  ]
) {
  test(`parseServices() does not repeat the secret in ${text}`, () => {
    assert.not.match(errorOf({ backend: text }), "hunter2");
    assert.not.match(errorOf({ service: [`/a=${text}`] }), "hunter2");
  });
}

function errorOf(settings: ServiceSettings): string {
  try {
    parseServices(settings);
  } catch (error) {
    assert.instance(error, LighthouseError);
    assert.is((error as LighthouseError).code, "bad-config");
    return (error as LighthouseError).message;
  }
  return assert.unreachable("it was taken") as never;
}

test.run();
