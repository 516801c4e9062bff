// node-datachannel is found, or installed by the real npm. tools/test.ts builds the lock file first.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import manifest from "../../package.json" with { type: "json" };
import { loadNative, NATIVE_VERSION, type NativeOptions } from "./native.ts";

const test = suite("native", { deadline: 60_000 });

const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const said: string[] = [];

/** Options of a program that is installed alone, and of a user with their own cache. */
function alone(home: string, environment: NativeOptions["environment"] = {}) {
  return {
    base: pathToFileURL(join(home, "program.mjs")).href,
    lock: new URL("../dist/native/", import.meta.url),
    environment: {
      ...process.env,
      HOME: home,
      XDG_CACHE_HOME: join(home, "cache"),
      ...environment,
    },
    say: (text: string) => said.push(text),
  };
}

/** The names in a user's cache folder. */
function cached(home: string): string[] {
  return readdirSync(join(home, "cache", "lighthouse"));
}

const NAME = `node-datachannel-${NATIVE_VERSION}-${process.platform}-${process.arch}`;
const shared = temporaryFolder();

test.before.each(() => void said.splice(0));

test("npm installs it at the first need, which one line says, and not again", async () => {
  const native = await loadNative(alone(shared));
  assert.type(native.PeerConnection, "function");
  assert.is(said.length, 1);
  assert.match(said[0]!, `node-datachannel ${NATIVE_VERSION}`);
  assert.match(said[0]!, join(shared, "cache", "lighthouse", NAME));
  assert.is(await loadNative(alone(shared, { PATH: "/nowhere" })), native);
  assert.is(said.length, 1);
  assert.equal(cached(shared), [NAME]);
});

test("one that is broken is replaced", async () => {
  const home = temporaryFolder();
  const folder = join(home, "cache", "lighthouse", NAME);
  const binaries = join(folder, "node_modules", "@node-datachannel");
  mkdirSync(folder, { recursive: true });
  await loadNative(alone(home));
  rmSync(binaries, { recursive: true });
  await loadNative(alone(home));
  assert.is(readdirSync(binaries).length, 1);
  assert.equal(cached(home), [NAME]);
  assert.is(said.length, 2);
});

test("two that begin at the same time both get it", async () => {
  const home = temporaryFolder();
  await Promise.all([loadNative(alone(home)), loadNative(alone(home))]);
  assert.equal(cached(home), [NAME]);
});

test("one beside the program is used if its version fits, and another version is not", async () => {
  for (const [version, fits] of [[NATIVE_VERSION, true], ["0.32.9", false], ["1.33.4", false]]) {
    const home = temporaryFolder();
    mkdirSync(join(home, "node_modules"));
    if (fits) {
      symlinkSync(join(MODULES, "node-datachannel"), join(home, "node_modules/node-datachannel"));
    } else {
      const other = join(home, "node_modules/node-datachannel");
      mkdirSync(other);
      writeFileSync(join(other, "package.json"), JSON.stringify({ version, main: "index.js" }));
      writeFileSync(join(other, "index.js"), "module.exports = {};");
    }
    const cache = { XDG_CACHE_HOME: fits ? "/dev/null" : join(shared, "cache") };
    assert.type((await loadNative(alone(home, cache))).PeerConnection, "function");
  }
});

test("without npm, without a network and without a place to write, it says so", async () => {
  const cases: [NativeOptions["environment"], RegExp][] = [
    [
      { PATH: "/nowhere" },
      /which does WebRTC: npm is not found\. Install npm, and run this again$/,
    ],
    [{
      npm_config_registry: "http://127.0.0.1:9/",
      npm_config_cache: temporaryFolder(),
    }, /npm says: .*ECONNREFUSED.*Is there a network\?/],
    [
      { XDG_CACHE_HOME: "/dev/null" },
      /cannot write to \/dev\/null\/lighthouse \(ENOTDIR.*prepare once outside of the sandbox/,
    ],
  ];
  for (const [environment, message] of cases) {
    const home = temporaryFolder();
    const error = await failureOf(loadNative(alone(home, environment)));
    assert.match(error.message, message);
    assert.is(error.code, "unsupported");
    if (!environment!.XDG_CACHE_HOME) assert.equal(cached(home), []);
  }
});

test("it uses no folder that others can write to", async () => {
  const home = temporaryFolder();
  const cache = join(home, "cache", "lighthouse");
  mkdirSync(join(cache, NAME), { recursive: true });
  for (const folder of [join(cache, NAME), cache]) {
    chmodSync(folder, 0o777);
    const { code, message } = await failureOf(loadNative(alone(home)));
    assert.is(code, "bad-config");
    assert.match(message, /others can write to it/);
    assert.equal(said, []);
    rmSync(join(cache, NAME), { recursive: true, force: true });
  }
});

test("the package asks for the same version, and docs/install.md names it", () => {
  assert.is(manifest.peerDependencies["node-datachannel"], `^${NATIVE_VERSION}`);
  const text = readFileSync(new URL("../../docs/install.md", import.meta.url), "utf8");
  assert.match(text, `lighthouse-tunnel node-datachannel@${NATIVE_VERSION} `);
});

test.run();
