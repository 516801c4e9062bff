import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { outputOf, run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";

const test = suite("site", { deadline: 30_000 });

const RELAY = "wss://abc123.execute-api.us-east-1.amazonaws.com/prod";
const PAGE = "https://me.github.io/notes/";
const ICONS = new URL("../site/files/icons/", import.meta.url).pathname;

/** A machine of its own: its settings, and a place for sites. */
async function setUp(
  settings: object = { relay: RELAY, page: PAGE, backend: "http://127.0.0.1:9" },
) {
  const home = temporaryFolder();
  await mkdir(join(home, "lighthouse"));
  await writeFile(join(home, "lighthouse", "config.json"), JSON.stringify(settings));
  const environment = { XDG_CONFIG_HOME: home, LIGHTHOUSE_STATE: join(home, "state") };
  const folder = join(home, "site");
  return {
    home,
    folder,
    environment,
    site: (...flags: string[]) => run(["site", folder, ...flags], environment),
    /** Runs the command with `--json`. */
    async write(...flags: string[]) {
      const { code, output, errors } = await run(["site", folder, "--json", ...flags], environment);
      assert.equal([code, errors], [0, ""]);
      return JSON.parse(output);
    },
    read: (path: string) => readFile(join(folder, path), "utf8"),
    config: async () => {
      const [line = ""] = (await readFile(join(folder, "sw.js"), "utf8")).split("\n");
      return JSON.parse(/^self\.lighthouseSite = (\{.*\});$/.exec(line)![1]!);
    },
  };
}

test("a site has all files, with relay, key and page of the settings", async () => {
  const at = await setUp();
  const result = await at.write();
  assert.equal(
    [result.event, result.folder, result.page, result.removed, result.kept],
    ["site-written", at.folder, PAGE, [], []],
  );
  const files = (await readdir(at.folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(at.folder.length + 1));
  for (
    const name of [
      "index.html",
      "404.html",
      "sw.js",
      ".nojekyll",
      "README.md",
      ".github/workflows/pages.yml",
      "lighthouse/shell.js",
      "lighthouse/reset.html",
      "lighthouse/manifest.webmanifest",
      "lighthouse/icon-192.png",
      "lighthouse/icon-512.png",
    ]
  ) {
    assert.ok(files.includes(name), name);
  }
  assert.equal(
    result.written.toSorted(),
    files.filter((name) => name !== ".lighthouse.json").sort(),
  );
  const page = await at.read("index.html");
  assert.is(page, await at.read("404.html"));
  const publicKey = (await run(["key"], at.environment)).output.trim();
  assert.match(page, `relay="${RELAY}" host-key="${publicKey}" worker="/notes/sw.js"`);
  assert.not.match(page, "stun=");
  const { version, files: own, service } = await at.config();
  assert.equal([version, service], [result.version, "/"]);
  for (const name of own) assert.ok(files.includes(name), name);
});

test("the page runs no inline script, styles by their hash, and connects to the relay only", async () => {
  const at = await setUp();
  await at.write();
  for (const name of ["index.html", "lighthouse/reset.html"]) {
    const page = await at.read(name);
    assert.not.match(page, /<script(?![^>]*\ssrc=)/);
    assert.not.match(page, /\sstyle=|\son\w+=|javascript:/);
    const [, policy = ""] = /Content-Security-Policy"\s+content="([^"]*)"/.exec(page) ?? [];
    for (const [, style] of page.matchAll(/<style[^>]*>([^]*?)<\/style>/g)) {
      const hash = createHash("sha256").update(style!).digest("base64");
      assert.match(policy, `'sha256-${hash}'`);
    }
    assert.not.match(policy, /unsafe|\*|http:|data:.*script|script-src[^;]*data:/);
    for (const part of ["default-src 'none'", "base-uri 'none'", "form-action 'none'"]) {
      assert.ok(policy.split("; ").includes(part), part);
    }
  }
  const [, policy = ""] = /Policy" content="([^"]*)"/.exec(await at.read("index.html"))!;
  const parts = policy.split("; ");
  assert.ok(parts.includes(`connect-src 'self' ${new URL(RELAY).origin} https:`));
  assert.ok(parts.includes(`frame-src ${PAGE}`));
  assert.ok(parts.includes("script-src 'self'"));
});

test("the same command again changes nothing, and another name a new version", async () => {
  const at = await setUp();
  const first = await at.write();
  assert.equal(await at.write(), { ...first, written: [] });
  assert.equal(await at.write("--update"), { ...first, written: [] });
  const named = await at.write("--name", "My notes");
  assert.is.not(named.version, first.version);
  assert.ok(named.written.includes("sw.js"));
  assert.is((await at.config()).version, named.version);
  // What nothing says anew stays.
  assert.equal(await at.write(), { ...named, written: [] });
});

test("--update needs no settings, and flags change what they name", async () => {
  const at = await setUp();
  const first = await at.write("--name", "Notes & <more>", "--stun", "none");
  const page = await at.read("index.html");
  assert.match(page, "<title>Notes &#38; &#60;more&#62;</title>");
  assert.match(page, 'stun="none"');
  await rm(join(at.home, "lighthouse"), { recursive: true });
  assert.equal((await at.write("--update")).written, []);
  const moved = await at.write("--update", "--page", "https://notes.example");
  assert.is(moved.page, "https://notes.example/");
  assert.is.not(moved.version, first.version);
  const now = await at.read("index.html");
  assert.match(now, 'worker="/sw.js"');
  assert.is(/host-key="\S+"/.exec(now)![0], /host-key="\S+"/.exec(page)![0]);
  const relayed = await at.write("--update", "--relay", "wss://other.example/prod");
  assert.is(relayed.page, "https://notes.example/");
  assert.match(await at.read("index.html"), /relay="wss:\/\/other.example\/prod".* stun="none"/);
});

test("an old site gets this program's files", async () => {
  const at = await setUp();
  const { version } = await at.write();
  // As an earlier version of the program would have left it.
  const record = JSON.parse(await at.read(".lighthouse.json"));
  const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
  for (const name of ["lighthouse/shell.js", "lighthouse/old.js"]) {
    await writeFile(join(at.folder, name), "old");
    record.files[name] = hashOf("old");
  }
  await writeFile(join(at.folder, ".lighthouse.json"), JSON.stringify(record));
  const updated = await at.write("--update");
  assert.equal(
    [updated.version, updated.written, updated.removed],
    [version, ["lighthouse/shell.js"], ["lighthouse/old.js"]],
  );
});

const SERVICES = { relay: RELAY, page: PAGE, service: ["/notes=5000", "/my-home=5001"] };

const shown: [
  title: string,
  settings: object,
  flags: string[],
  service: string | null,
  name: string,
][] = [
  ["the only service", { ...SERVICES, service: ["/my-notes=5000"] }, [], "/my-notes", "My notes"],
  ["all of several", SERVICES, [], null, "Lighthouse"],
  ["the one of --service", SERVICES, ["--service", "/my-home"], "/my-home", "My home"],
  ["any, without settings", { relay: RELAY, page: PAGE }, [], null, "Lighthouse"],
  ["the root", SERVICES, ["--service", "/notes", "--name", " Ann’s "], "/notes", "Ann’s"],
];
for (const [title, settings, flags, service, name] of shown) {
  test(`a site shows ${title}`, async () => {
    const at = await setUp(settings);
    await at.write(...flags);
    assert.is((await at.config()).service, service);
    const manifest = JSON.parse(await at.read("lighthouse/manifest.webmanifest"));
    assert.equal([manifest.name, manifest.start_url], [name, "/notes/"]);
    const recorded = (await at.config()).service;
    await at.write();
    assert.is((await at.config()).service, recorded);
  });
}

test("icons of the owner's take the place of the program's, and stay", async () => {
  const at = await setUp();
  await at.write();
  const svg = join(at.home, "mine.svg");
  await writeFile(svg, '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>');
  const flags = ["--icon", svg, "--icon", join(ICONS, "icon-512.png")];
  const { removed } = await at.write(...flags);
  assert.equal(removed, [
    "lighthouse/apple-touch-icon.png",
    "lighthouse/icon-192.png",
    "lighthouse/icon-maskable-512.png",
  ]);
  const { icons } = JSON.parse(await at.read("lighthouse/manifest.webmanifest"));
  assert.equal(icons, [
    { src: "/notes/lighthouse/icon.svg", sizes: "any", type: "image/svg+xml" },
    { src: "/notes/lighthouse/icon-512.png", sizes: "512x512", type: "image/png" },
  ]);
  assert.match(
    await at.read("index.html"),
    'rel="apple-touch-icon" href="/notes/lighthouse/icon-512.png"',
  );
  await rm(svg);
  assert.equal((await at.write()).written, []);
  assert.equal((await at.write("--update")).written, []);
});

test("the workflow runs GitHub's own actions by their commits, with no more rights than it needs", async () => {
  const at = await setUp();
  await at.write();
  const text = await at.read(".github/workflows/pages.yml");
  const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action!);
  assert.is(actions.length, 3);
  for (const action of actions) assert.match(action, /^actions\/[a-z-]+@[0-9a-f]{40}$/);
  assert.match(text, /^permissions: \{\}$/m);
  const rights = [...text.matchAll(/^ {6}(\S+): (?:read|write)$/gm)].map(([line]) => line.trim());
  assert.equal(rights, ["contents: read", "pages: write", "id-token: write"]);
});

test("the README says what one-origin mode means, and who shares the origin", async () => {
  const at = await setUp();
  await at.write();
  assert.match(
    await at.read("README.md"),
    /one-origin mode[\s\S]*every service[\s\S]*at github\.io/,
  );
  await at.write("--page", "https://notes.example/");
  assert.not.match(await at.read("README.md"), "Every other page");
  await at.write("--key-site", "https://keys.example/");
  const readme = await at.read("README.md");
  assert.match(readme, /two-origin mode[\s\S]*https:\/\/keys\.example\//);
  assert.not.match(readme, "one-origin mode");
});

test("with a key's site, the page has neither relay nor key, and its frame may be opened", async () => {
  const at = await setUp();
  await at.write("--key-site", "https://keys.example/keys/");
  const page = await at.read("index.html");
  assert.match(
    page,
    '<lighthouse-tunnel key-site="https://keys.example/keys/" worker="/notes/sw.js">',
  );
  assert.not.match(page, "abc123");
  assert.match(page, `frame-src ${PAGE} https://keys.example/keys/;`);
  assert.equal((await at.write("--update")).written, []);
});

test("a key's site knows relay, key and apps, and keeps them at an update", async () => {
  const at = await setUp();
  const apps = ["--app", "https://a.example/=/notes", "--app", "https://b.example/x/=/my-home"];
  const { written, page } = await at.write("--key", ...apps);
  assert.equal(page, null);
  for (const name of ["index.html", "key.js", ".github/workflows/pages.yml"]) {
    assert.ok(written.includes(name), name);
  }
  assert.not.ok(written.includes("sw.js"));
  const html = await at.read("index.html");
  assert.match(html, "abc123");
  assert.equal((await at.write("--update")).written, []);
  assert.equal((await at.write("--key")).written, []);
  await at.write("--update", "--app", "https://c.example/=/notes");
  const changed = await at.read("index.html");
  assert.match(changed, "https://c.example");
  assert.not.match(changed, "https://a.example");
  assert.match(await at.read("README.md"), "https://c.example reaches /notes");
  const { code, errors } = await at.site();
  assert.is(code, 2);
  assert.match(errors, "holds a key's site: name another folder");
});

test("people are told what to do next, and what one-origin mode means", async () => {
  const at = await setUp();
  const { output } = await at.site();
  assert.match(output, /^Wrote \d+ files to .*site \(version [0-9a-f]{12}\)\n\nNext: publish /);
  assert.match(output, "allowedOrigins must name https://me.github.io");
  assert.match(output, `lighthouse-host pair --page ${PAGE}`);
  assert.match(output, /One-origin mode: .* every other page at https:\/\/me\.github\.io/);
  assert.match((await at.site()).output, /^\S+ is up to date \(version [0-9a-f]{12}\)\n$/);
});

const small = join(ICONS, "apple-touch-icon.png");
test("with a key's site, the app is one service", async () => {
  const services = ["/a=http://127.0.0.1:9", "/b=http://127.0.0.1:9"];
  const at = await setUp({ relay: RELAY, page: PAGE, service: services });
  const flags = ["--key-site", "https://keys.example/"];
  const { code, errors } = await at.site(...flags);
  assert.is(code, 2);
  assert.match(errors, /--service is missing/);
  await at.write(...flags, "--service", "/b");
  assert.is((await at.config()).service, "/b");
});

const refused: [flags: string[], message: RegExp][] = [
  [["--page", "http://me.example/"], /--page http:\/\/me\.example\/ is not https/],
  [["--page", "here"], /--page is not a URL/],
  [["--page", "https://me.example/lighthouse/"], /the site's own folder/],
  [["--relay", "https://a.example"], /--relay is not a URL/],
  [["--service", "/other"], /--service \/other is no service of this host\. There is: \/$/m],
  [["--service", "notes"], /--service notes is not the path of a service, such as \/notes/],
  [["--service", "/", "--service", "/b"], /--service names more than one/],
  [["--name", " "], /--name is not a name of 1 to 60 characters/],
  [["--name", "x".repeat(61)], /--name is not a name of 1 to 60 characters/],
  [["--icon", "/nonexistent.png"], /--icon \/nonexistent\.png cannot be read/],
  [["--icon", small], /is 180 by 180 pixels: give a square one of 192 or more/],
  [["--icon", "package.json"], /--icon package\.json is neither PNG nor SVG/],
  [["--update"], /holds no site yet: leave --update out/],
  [["--app", "https://a.example/=/notes"], /--app is for a key's site: add --key/],
  [["--key"], /--app is missing: name each app/],
  [["--key", "--name", "A", "--app", "https://a.example/"], /--name is for an app's site/],
  [["--key", "--app", "notes"], /--app notes is not a site and its service/],
  [["--key-site", PAGE], /is of the app's own origin/],
  [["--key-site", "keys"], /--key-site is not a URL such as/],
  [["--for", "/notes"], /--for is for pair, not for site/],
];
for (const [flags, message] of refused) {
  test(`site ${flags.join(" ").slice(0, 60)} ends with 2 and writes nothing`, async () => {
    const at = await setUp();
    const { code, output, errors } = await at.site(...flags);
    assert.equal([code, output], [2, ""]);
    assert.match(errors, message);
    assert.not.ok((await readdir(at.home)).includes("site"));
  });
}

for (const folder of ["/proc/site", "/dev/null/site", `/tmp/${"x".repeat(300)}`]) {
  test(`site ${folder.slice(0, 20)} ends with 2, and says what to do`, async () => {
    const at = await setUp();
    const { code, errors } = await run(["site", folder], at.environment);
    assert.is(code, 2);
    assert.match(errors, /cannot be read or written: E\w+.* Name a folder that is yours/);
  });
}

test("without a page, a relay or a folder, site says how to name it", async () => {
  const at = await setUp({ backend: "http://127.0.0.1:9" });
  assert.match((await at.site("--relay", RELAY)).errors, "--page is missing: name where");
  assert.match((await at.site("--page", PAGE)).errors, "--relay is missing");
  assert.match((await run(["site"], at.environment)).errors, "FOLDER is missing");
  assert.match(
    await outputOf("help", "site"),
    /--service PATH +the service to which the site's root/,
  );
});

test.run();
