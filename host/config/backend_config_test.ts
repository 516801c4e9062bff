import { chmod, mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { createCertificate } from "../../tools/testing/certificate.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { LighthouseError } from "../../wire/mod.ts";
import {
  type BackendConfig,
  formatService,
  formatSetting,
  keyOf,
  parseServices,
  withoutPassword,
} from "./service_config.ts";

const test = suite("backend_config");

const folder = join(temporaryFolder(), "light, house 100%");
await mkdir(folder);
const { cert, key } = createCertificate();
const ca = join(folder, "certificate.pem");
await writeFile(ca, `A comment\n${cert}${key}`);
const encoded = folder.replace("%", "%25").replaceAll(" ", "%20").replace(",", "%2C");
const token = join(folder, "token");
await writeFile(token, "Bearer abc\n", { mode: 0o600 });

/** Parses one service. */
function parse(target: string): BackendConfig {
  return parseServices({ service: [`/a=${target}`] })[0] as BackendConfig;
}

function errorOf(target: string): string {
  try {
    parse(target);
  } catch (error) {
    assert.instance(error, LighthouseError);
    assert.is((error as LighthouseError).code, "bad-config");
    return (error as LighthouseError).message;
  }
  return assert.unreachable(`${target} was taken`) as never;
}

const addresses: [text: string, url: string][] = [
  ["3000", "http://localhost:3000/"],
  [":3000", "http://localhost:3000/"],
  ["3000/", "http://localhost:3000/"],
  ["3000/api", "http://localhost:3000/api"],
  [":3000/api/", "http://localhost:3000/api/"],
  ["80", "http://localhost/"],
  ["1", "http://localhost:1/"],
  ["65535", "http://localhost:65535/"],
  ["localhost:3000", "http://localhost:3000/"],
  ["LOCALHOST:3000", "http://localhost:3000/"],
  ["127.0.0.1:3000", "http://127.0.0.1:3000/"],
  ["127.0.0.1:3000/path", "http://127.0.0.1:3000/path"],
  ["[::1]:3000", "http://[::1]:3000/"],
  ["[::1]:3000/api", "http://[::1]:3000/api"],
  ["[::ffff:127.0.0.1]:3000", "http://[::ffff:7f00:1]:3000/"],
  ["myhost:3000", "http://myhost:3000/"],
  ["my-host.local:3000", "http://my-host.local:3000/"],
  ["my_host:3000", "http://my_host:3000/"],
  ["0.0.0.0:3000", "http://localhost:3000/"],
  ["http://0.0.0.0:8000/", "http://localhost:8000/"],
  ["[::]:3000/api", "http://localhost:3000/api"],
  ["https://*:8443", "https://localhost:8443/"],
  ["https://ha.local:8123", "https://ha.local:8123/"],
  ["http://unix/", "http://unix/"],
];
for (const [text, url] of addresses) {
  test(`${text} means ${url}, for --service and --backend`, () => {
    assert.equal(parse(text), { prefix: "/a", backend: new URL(url) });
    assert.equal(parseServices({ backend: text }), [{ prefix: "/", backend: new URL(url) }]);
    assert.equal(parse(`${text} as=proxy`), {
      prefix: "/a",
      backend: new URL(url),
      as: "proxy",
    });
  });
}

test("a port alone is a backend in each place", () => {
  const expected = [{ prefix: "/", backend: new URL("http://localhost:3000/") }];
  assert.equal(parseServices({ backend: "3000" }), expected);
  assert.equal(parseServices({}, { LIGHTHOUSE_BACKEND: "3000" }), expected);
  assert.equal(parseServices({}, { LIGHTHOUSE_SERVICES: "/=3000" }), expected);
  assert.equal(parseServices({}, {}, { backend: "3000" }), expected);
});

const sockets: [text: string, socketPath: string, url: string, written?: string][] = [
  ["unix:/run/app.sock", "/run/app.sock", "http://localhost/"],
  ["unix:/run/app.sock:/api", "/run/app.sock", "http://localhost/api"],
  ["unix:/run/app.sock:/", "/run/app.sock", "http://localhost/", "unix:/run/app.sock"],
  ["unix:///run/app.sock", "/run/app.sock", "http://localhost/", "unix:/run/app.sock"],
  ["UNIX:/run/app.sock", "/run/app.sock", "http://localhost/", "unix:/run/app.sock"],
  ["unix:/run/my%20app%3A1.sock:/a%20b", "/run/my app:1.sock", "http://localhost/a%20b"],
  ["unix:/run/%C3%A4.sock", "/run/ä.sock", "http://localhost/", "unix:/run/ä.sock"],
  ["unix:/run/100%25.sock", "/run/100%.sock", "http://localhost/"],
  ["unix:~/app.sock", join(homedir(), "app.sock"), "http://localhost/", ""],
  ["unix:app.sock", join(process.cwd(), "app.sock"), "http://localhost/", ""],
];
for (const [text, socketPath, url, written = text] of sockets) {
  test(`${text} is the socket ${socketPath} with ${url}`, () => {
    const config = parse(text);
    assert.equal(config, { prefix: "/a", backend: new URL(url), socketPath });
    if (written) assert.is(formatSetting(config), `/a=${written}`);
    assert.equal(parse(formatSetting(config).slice(3)), config);
  });
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

const passwords: [text: string, pair: string, written?: string][] = [
  ["http://user:password@h/", "user:password"],
  ["https://user:password@h:8123/api", "user:password"],
  ["http://user@h/", "user:"],
  ["http://:password@h/", ":password"],
  ["http://us%20er:p%40ss%3A%2F%25%23%2C@h/", "us er:p@ss:/%#,"],
  ["http://%C3%BCser:p%C3%A4ss@h/", "üser:päss"],
  ["http://üser:päss@h/", "üser:päss", "http://%C3%BCser:p%C3%A4ss@h/"],
  ["http://user:a:b@h/", "user:a:b", "http://user:a%3Ab@h/"],
];
for (const [text, pair, written = text] of passwords) {
  test(`${text} logs in as ${pair}, and is written back`, () => {
    const config = parse(text);
    const backend = new URL(text);
    backend.username = backend.password = "";
    assert.equal(config, { prefix: "/a", backend, authorization: basic(pair) });
    assert.is(formatSetting(config), `/a=${written}`);
    assert.is(formatService(config), `/a → ${backend} (with a password)`);
    assert.is(formatSetting(withoutPassword(config)), `/a=${backend}`);
  });
}

test("options follow a backend, in any order, and are written back", () => {
  const config = parse(
    `  https://ha.local:8123   authorization=${encoded}/token ca=${encoded}/certificate.pem as=proxy `,
  );
  assert.is(config.as, "proxy");
  assert.is(config.authorization, "Bearer abc");
  assert.is(config.tls?.ca?.trim(), cert.trim());
  assert.equal(config.files, { ca, authorization: token });
  const target =
    `https://ha.local:8123/ as=proxy ca=${encoded}/certificate.pem authorization=${encoded}/token`;
  assert.is(formatSetting(config), `/a=${target}`);
  assert.is(formatService(config), `/a → ${target}`);
  assert.equal(parse(target), config);
  assert.is(withoutPassword(config), config);
});

test("options follow a backend in each place where services are given", () => {
  const target = "https://ha.local:8123 as=local insecure";
  const backend = {
    backend: new URL("https://ha.local:8123"),
    as: "local",
    tls: { insecure: true },
  };
  const root = [{ prefix: "/", ...backend }];
  assert.equal(parseServices({ backend: target }), root);
  assert.equal(parseServices({ service: [`/=${target}`] }), root);
  assert.equal(parseServices({}, { LIGHTHOUSE_BACKEND: target }), root);
  assert.equal(parseServices({}, {}, { backend: target }), root);
  assert.equal(parseServices({}, {}, { service: [`/=${target}`] }), root);
  const services = `/=${target},/b=3000 as=proxy\n/c=unix:/run/c.sock:/c as=proxy`;
  assert.equal(parseServices({}, { LIGHTHOUSE_SERVICES: services }), [
    ...root,
    { prefix: "/b", backend: new URL("http://localhost:3000"), as: "proxy" },
    {
      prefix: "/c",
      backend: new URL("http://localhost/c"),
      socketPath: "/run/c.sock",
      as: "proxy",
    },
  ]);
  assert.is(formatSetting(parse(target)), "/a=https://ha.local:8123/ as=local insecure");
});

test("a file of authorization may be named without a path", async () => {
  await writeFile(join(folder, "a login"), "user:password", { mode: 0o600 });
  const before = process.cwd();
  process.chdir(folder);
  try {
    assert.is(parse("http://h authorization=a%20login").authorization, basic("user:password"));
  } finally {
    process.chdir(before);
  }
});

test("paths of files are those of folders: relative to here, ~ for the home", () => {
  const environment = { HOME: folder, LIGHTHOUSE_BACKEND: "https://h ca=~/certificate.pem" };
  const [service] = parseServices({}, environment) as BackendConfig[];
  assert.is(service!.files?.ca, ca);
});

test("a key differs wherever services do, and is the same for the same", () => {
  const texts = [
    "http://h",
    "http://u:1@h",
    "http://u:2@h",
    "http://h as=proxy",
    "http://h as=local",
    "https://h",
    "https://h insecure",
    `https://h ca=${encoded}/certificate.pem`,
    "unix:/run/a.sock",
    "unix:/run/b.sock",
    "unix:/run/a.sock:/api",
  ];
  assert.is(new Set(texts.map((text) => keyOf(parse(text)))).size, texts.length);
  for (const text of texts) assert.is(keyOf(parse(text)), keyOf(parse(text)));
});

test("a changed file gives another key", async () => {
  const path = join(folder, "changing");
  await writeFile(path, "user:1", { mode: 0o600 });
  const text = `http://h authorization=${encoded}/changing`;
  const before = keyOf(parse(text));
  await writeFile(path, "user:2");
  assert.is.not(keyOf(parse(text)), before);
});

const headers: [contents: string, value: string][] = [
  ["user:password", basic("user:password")],
  ["user:password\n", basic("user:password")],
  ["user:password\r\n\r\n", basic("user:password")],
  ["user:pass word ", basic("user:pass word ")],
  ["John Doe:hunter2", basic("John Doe:hunter2")],
  ["user:a:b", basic("user:a:b")],
  ["üser:päss", basic("üser:päss")],
  ["user:", basic("user:")],
  ["\uFEFFuser:password", basic("user:password")],
  ["Bearer abc.def", "Bearer abc.def"],
  ["bearer a:b", "bearer a:b"],
  ["Basic dTpw", "Basic dTpw"],
  ["Token abc", "Token abc"],
  ["Authorization: Bearer abc", "Bearer abc"],
  ["authorization:Custom a:b\n", "Custom a:b"],
];
for (const [contents, value] of headers) {
  test(`a file with ${JSON.stringify(contents)} gives ${value}`, async () => {
    const path = join(folder, "header");
    await writeFile(path, contents, { mode: 0o600 });
    const config = parse(`http://h authorization=${encoded}/header`);
    assert.is(config.authorization, value);
    assert.not.match(formatService(config), value);
  });
}

const wrongHeaders: [contents: string, why: string][] = [
  ["", "is empty"],
  ["\n", "is empty"],
  ["hunter2", "has neither a colon nor a scheme"],
  ["user:hunter2\nuser:hunter3", "has more than one line"],
  ["user:hunt\ter2", "has more than one line, or control characters"],
  ["X-Api-Key: hunter2", "has a header, and not Authorization"],
  ["Authorization: hunter2", "has neither a colon nor a scheme"],
  ["Bearer hünter2", "has neither a colon nor a scheme"],
];
for (const [contents, why] of wrongHeaders) {
  test(`a file with ${JSON.stringify(contents)} is refused, and not repeated`, async () => {
    const path = join(folder, "header");
    await writeFile(path, contents, { mode: 0o600 });
    const message = errorOf(`http://h authorization=${encoded}/header`);
    assert.match(message, `--service /a: authorization is in ${path}, which ${why}`);
    assert.not.match(message, /h[uü]nt/);
  });
}

for (const mode of [0o644, 0o640, 0o604, 0o660, 0o620]) {
  test(`a file of authorization with mode ${mode.toString(8)} is refused`, async () => {
    const path = join(folder, "open");
    await writeFile(path, "user:hunter2");
    await chmod(path, mode);
    const message = errorOf(`http://h authorization=${encoded}/open`);
    assert.match(message, `--service /a: authorization is in ${path}, which others can read`);
    assert.match(message, `chmod 600 ${path}`);
  });
}

await writeFile(join(folder, "key"), key);
await writeFile(
  join(folder, "broken"),
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
);

const bad: [target: string, message: string][] = [
  ["0", "--service /a: 0 is not a port, 1 to 65535"],
  ["65536", "--service /a: 65536 is not a port, 1 to 65535. A folder's path begins with ./"],
  [":99999/api", "99999 is not a port"],
  ["localhost:99999", "99999 is not a port"],
  ["localhost:", "--service /a needs a folder or a URL, and "],
  ["3000x", "/3000x does not exist"],
  ["./3000", "/3000 does not exist"],
  ["3000?a", "must not have a query"],
  ["3000 photos", "has the unknown option photos. There is as=local or as=proxy, ca=FILE"],
  ["http://h asproxy", "has the unknown option asproxy. There is"],
  ["http://h az=proxy", "has the unknown option az. Did you mean as?"],
  ["http://h insecur", "has the unknown option insecur. Did you mean insecure?"],
  ["http://h As=proxy", "has the unknown option As. Did you mean as?"],
  ["http://h as", "has as: give as=local or as=proxy"],
  ["http://h as=", "has as=: give as=local or as=proxy"],
  ["http://h as=Proxy", "has as=Proxy: give as=local or as=proxy"],
  ["http://h as=proxy as=proxy", "has the option as twice"],
  ["https://h insecure insecure", "has the option insecure twice"],
  ["https://h insecure=yes", "has insecure=yes: give insecure"],
  ["https://h ca=", "has ca=: give ca=FILE"],
  ["https://h ca", "has ca: give ca=FILE"],
  ["http://h authorization", "has authorization: give authorization=FILE"],
  [`https://h ca=${encoded}/certificate.pem insecure`, "has both ca and insecure"],
  [`http://h ca=${encoded}/certificate.pem`, "has the option ca, which is for https"],
  ["http://h insecure", "has the option insecure, which is for https"],
  ["unix:/run/a.sock insecure", "has the option insecure, which is for https"],
  ["3000 insecure", "has the option insecure, which is for https"],
  [
    `http://u:p@h authorization=${encoded}/token`,
    "has both a password in its URL and authorization",
  ],
  ["http://u%3Av:p@h", "has a user name with a colon"],
  ["http://u:a%0Ab@h", "has a control character"],
  ["http://u:a%zz@h", 'has a "%" in its user or password'],
  ["https://h ca=/nonexistent.pem", "a: ca needs a file, and /nonexistent.pem does not exist"],
  ["https://h ca=/etc/hosts/x.pem", "ca needs a file, and /etc/hosts/x.pem does not exist"],
  [`https://h ca=${encoded}`, `ca needs a file, and ${folder} is a folder`],
  ["https://h ca=/dev/null", "ca needs a file, and /dev/null is no regular file"],
  ["https://h ca=100%.pem", 'a: ca has a "%" that encodes nothing: write it %25'],
  [`https://h ca=${encoded}/token`, `ca needs a PEM file, and ${token} has no BEGIN CERTIFICATE`],
  [`https://h ca=${encoded}/key`, `${folder}/key has no BEGIN CERTIFICATE`],
  [`https://h ca=${encoded}/broken`, `a certificate in ${folder}/broken is malformed`],
  ["http://h authorization=/nonexistent", "authorization needs a file, and /nonexistent does not"],
  ["unix:", "names no socket"],
  ["unix:/run/a.sock:api", "after unix:/run/a.sock: comes a path such as /api"],
  ["unix:/run/a:1.sock", "A colon in a name is written %3A"],
  ["unix:/run/a.sock:/b:/c", "A colon in a name is written %3A"],
  ["unix:/run/a%.sock", 'has a "%" that encodes nothing'],
  ["unix:/run/a%00.sock", 'has a "%" that encodes nothing'],
  ["unix:/run/my app.sock", "has the unknown option app.sock"],
  ["unix:/run/a.sock:/?b", "must not have a query"],
  [`unix:/${"x".repeat(107)}`, "the socket's path is longer than 107 bytes"],
  ["::1:3000", "::1:3000. An IPv6 address is in brackets: [::1]:5000"],
  ["fe80::1", "An IPv6 address is in brackets"],
  ["http://h:80x", "is not a URL such as http://127.0.0.1:5000: http://h:…. A port"],
  ["http://h:99999", "is not a URL such as http://127.0.0.1:5000: http://h:99999. A port"],
  ["http://unix:/run/a.sock:/api", "is a Unix socket: give unix:/run/app.sock, without http://"],
  [`${folder} as=proxy`, `${folder} as=proxy does not exist. A folder has no option but scripts`],
  [`./${"x".repeat(300)}`, "cannot be read: ENAMETOOLONG"],
  ["./a\0b", "cannot be read: "],
  [`https://h ca=/${"x".repeat(300)}`, "cannot be read: ENAMETOOLONG"],
];
for (const [target, message] of bad) {
  test(`parseServices() refuses /a=${target.slice(0, 60)}: ${message.slice(0, 40)}`, () => {
    assert.match(errorOf(target), message);
  });
}

test("a folder with the name of a port is one by its path", async () => {
  await mkdir(join(folder, "3000"));
  assert.equal(parseServices({ service: [`/a=${folder}/3000`] }), [
    { prefix: "/a", folder: join(folder, "3000") },
  ]);
});

test("a name may have spaces and signs, percent-encoded", () => {
  const config = parse("3000 name=Caf%C3%A9%20%25 as=proxy");
  assert.is(config.name, "Café %");
  assert.equal(parse(formatSetting(config).slice(3)), config);
});

for (const name of ["%20", "a%0Ab", "%E2%80%AE", "a".repeat(65), "%"]) {
  test(`the name ${name} is refused`, () => {
    assert.match(errorOf(`3000 name=${name}`), /--service \/a(?:: name)? has /);
  });
}

test.run();
