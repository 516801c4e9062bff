import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { parseCommandLine } from "../cli/parse.ts";
import { parseConfig, toSettings } from "./config.ts";
import { readConfigFile } from "./config_file.ts";
import { parseIceSetting, withoutSecrets } from "./ice_servers.ts";

const test = suite("ice servers in settings");

const STATIC = { urls: ["turn:a"], username: "u", credential: "p4ssw0rd" };
const SHARED = { urls: ["turn:a", "turns:a:443"], secret: "s3cret" };
const CLOUDFLARE = { cloudflare: "0123abcd", token: "t0ken" };
const ALL = [{ urls: ["stun:a"] }, STATIC, SHARED, CLOUDFLARE];
const GOOD = { relay: "wss://abc.example/prod", backend: "http://127.0.0.1:5000" };

const parse = (value: unknown) => parseIceSetting(JSON.stringify(value), "--ice-servers");

test("all forms of an entry are read, and URLs may be one text", () => {
  assert.equal(parse(ALL), ALL);
  assert.equal(parse([{ ...SHARED, urls: "turn:a" }]), [{ ...SHARED, urls: ["turn:a"] }]);
  assert.equal(parse([]), []);
});

for (
  const [what, value, message] of [
    ["no list", {}, /expected a list|no list of up to 8/],
    ["nine entries", Array(9).fill(STATIC), /no list of up to 8 entries/],
    ["a text", ["turn:a"], /entry 1: expected an object/],
    ["TURN without credential", [{ urls: "turn:a" }], /entry 1\.username: expected a string/],
    ["a wrong URL", [STATIC, { ...STATIC, urls: "http://a" }], /entry 2\.urls: .*"http:\/\/a"/],
    ["a wrong URL with a secret", [{ ...SHARED, urls: ["turn:a:0"] }], /urls: .*"turn:a:0"/],
    ["an empty secret", [{ ...SHARED, secret: "" }], /secret: expected 1 to 512/],
    ["a token without a key", [{ token: "t0ken" }], /entry 1 has the members token: expected/],
    ["a key that is a path", [{ ...CLOUDFLARE, cloudflare: "../x" }], /no id of a TURN key/],
    ["secret and credential", [{ ...STATIC, secret: "s3cret" }], /entry 1 has the members/],
  ] as [string, unknown, RegExp][]
) {
  test(`a setting with ${what} is refused without its secrets`, () => {
    assert.throws(() => parse(value), (error: { code: string; message: string }) => {
      assert.is(error.code, "bad-config");
      assert.match(error.message, message);
      assert.not.match(error.message, /p4ssw0rd|s3cret|t0ken\b(?!:)/);
      return true;
    });
  });
}

test("a text that is no JSON is refused without showing it", () => {
  assert.throws(
    () => parseIceSetting('[{"secret":"s3cret', "--ice-servers"),
    (error: Error) =>
      /--ice-servers is no JSON/.test(error.message) && !/s3cret/.test(error.message),
  );
});

test("a file is read if only its owner can read it", async () => {
  const path = join(temporaryFolder(), "servers.json");
  assert.throws(() => parseConfig({ ...GOOD, "ice-servers": path }), /does not exist/);
  await writeFile(path, JSON.stringify(ALL), { mode: 0o600 });
  assert.equal(parseConfig({ ...GOOD, "ice-servers": path }).iceServers, ALL);
  await chmod(path, 0o644);
  assert.throws(() => parseConfig({ ...GOOD, "ice-servers": path }), /others can read: chmod 600/);
});

test("the environment has the list or the path", () => {
  const environment = { LIGHTHOUSE_ICE_SERVERS: JSON.stringify(ALL) };
  assert.equal(parseConfig(GOOD, environment).iceServers, ALL);
  assert.is(parseConfig(GOOD).iceServers, undefined);
});

test("a command line holds no list", () => {
  const line = ["run", "--ice-servers", JSON.stringify(ALL)];
  assert.throws(() => parseCommandLine(line), /takes the path of a file: all users/);
});

test("the settings file has the list itself, and is then for its owner only", async () => {
  const path = join(temporaryFolder(), "config.json");
  const write = (servers: unknown) =>
    writeFile(path, JSON.stringify({ ...GOOD, "ice-servers": servers }), { mode: 0o600 });
  await write(ALL);
  const { settings } = await readConfigFile(path);
  const config = parseConfig({}, {}, settings);
  assert.equal(config.iceServers, ALL);
  assert.equal(parseConfig(toSettings(config)).iceServers, ALL);
  await chmod(path, 0o644);
  await readConfigFile(path).then(
    () => assert.unreachable("did not refuse"),
    ({ message }) => assert.match(message, /holds a password, and others can read it: chmod 600/),
  );
  for (const wrong of [7, ["turn:a"], {}]) {
    await write(wrong);
    await readConfigFile(path).then(
      () => assert.unreachable("did not refuse"),
      ({ message }) =>
        assert.match(message, /"ice-servers": expected a list of servers, or the path/),
    );
  }
});

test("withoutSecrets() keeps servers and names only", () => {
  assert.not.match(JSON.stringify(withoutSecrets(ALL)), /p4ssw0rd|s3cret|t0ken/);
  assert.match(JSON.stringify(withoutSecrets(ALL)), /turns:a:443.*0123abcd/);
});

test.run();
