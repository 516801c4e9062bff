// A settings file that changes while the real program runs with it, by hand and by `services`.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { formatConfigSchema } from "../config/config_schema.ts";

const test = suite("live_config", { deadline: 60_000 });

const TEXT = `{
  // Nobody listens there.
  "relay": "ws://127.0.0.1:9/prod",
  "backend": "http://127.0.0.1:9", /* the notes */
  "stun": "none",
}
`;

async function setUp(text = TEXT) {
  const folder = temporaryFolder();
  const path = join(folder, "lighthouse", "config.json");
  await mkdir(join(folder, "lighthouse"));
  await writeFile(path, text);
  const environment = { XDG_CONFIG_HOME: folder, LIGHTHOUSE_STATE: join(folder, "state") };
  return {
    path,
    environment,
    async startHost(...flags: string[]) {
      const host = start(["run", "--json", ...flags], environment);
      await host.until(/"relay-unreachable"/);
      return host;
    },
    async status() {
      const { output } = await run(["status", "--json"], environment);
      return JSON.parse(output);
    },
  };
}

test("a change of the file is taken over, and a bad one is refused with its place", async () => {
  const at = await setUp();
  const host = await at.startHost();
  await writeFile(at.path, TEXT.replace(":9/prod", ":8/prod"));
  await host.until(/"settings-changed"/);
  assert.is((await at.status()).relay, "ws://127.0.0.1:8/prod");
  await host.until(/Cannot connect to ws:\/\/127\.0\.0\.1:8/);
  await writeFile(at.path, TEXT.replace('"none"', '"somewhere"'));
  const refused = await host.until(/"settings-refused"/);
  assert.match(JSON.parse(refused).message, `${at.path}:5:11: --stun: `);
  assert.is((await at.status()).relay, "ws://127.0.0.1:8/prod");
  await rm(at.path);
  await host.until(/"settings-refused".*--relay is missing/);
  await writeFile(at.path, TEXT);
  await host.until(/"settings-changed"/, 2);
  assert.is((await at.status()).relay, "ws://127.0.0.1:9/prod");
  await host.end();
});

test("services adds, replaces and removes in the file, whose comments stay, and the host follows", async () => {
  const at = await setUp();
  const host = await at.startHost();
  const services = async (...args: string[]) => {
    const { code, output, errors } = await run(["services", ...args], at.environment);
    return { code, text: output + errors };
  };
  assert.match((await services()).text, "/ → http://127.0.0.1:9/  does not answer\n");
  const added = await services("add", "/files=.");
  assert.is(
    added.text,
    `Added /files → ${process.cwd()}\nThe host that runs has taken it over\n`,
  );
  assert.equal(
    (await at.status()).services.map(({ service }: { service: string }) => service),
    ["/ → http://127.0.0.1:9/", `/files → ${process.cwd()}`],
  );
  const replaced = await services("add", "/files=http://127.0.0.1:7");
  assert.match(replaced.text, `in place of /files → ${process.cwd()}`);
  assert.match((await services("remove", "/")).text, "Removed / → http://127.0.0.1:9/");
  const text = await readFile(at.path, "utf8");
  assert.match(text, "// Nobody listens there.");
  assert.match(text, /"service": \[\s+"\/files=http:\/\/127\.0\.0\.1:7\/"\s+\]/);
  assert.not.match(text, '"backend"');
  const listed = await run(["services", "list", "--json"], at.environment);
  assert.equal(JSON.parse(listed.output), { service: "/files → http://127.0.0.1:7/", isUp: false });
  await host.end();
  assert.match((await services()).text, "/files → http://127.0.0.1:7/");
});

test("services refuses what cannot be, and the file stays", async () => {
  const at = await setUp();
  const refused: [args: string[], why: RegExp][] = [
    [["add", "files=."], /invalid path/],
    [["add", "/files=/nonexistent"], /does not exist/],
    [["add"], /services takes list, add PATH=URL/],
    [["list", "/x"], /services takes list/],
    [["drop", "/x"], /services takes list/],
    [["remove", "/x"], /no service at \/x\. There is: \/\n/],
    [["remove", "/"], /the only service/],
  ];
  for (const [args, why] of refused) {
    const { code, errors } = await run(["services", ...args], at.environment);
    assert.is(code, 2, args.join(" "));
    assert.match(errors, why);
  }
  assert.is(await readFile(at.path, "utf8"), TEXT);
});

test("a host whose services come from its command line is told apart", async () => {
  const at = await setUp();
  const host = await at.startHost("--backend", "http://127.0.0.1:6");
  const { output } = await run(
    ["services", "add", "/a=http://127.0.0.1:5", "--json"],
    at.environment,
  );
  const [added, taken] = output.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(added, { added: "/a → http://127.0.0.1:5/" });
  assert.equal(taken, { taken: false });
  await host.until(/"settings-changed"/);
  await host.end();
});

test("docs/config.schema.json is what the settings are checked by", async () => {
  const url = new URL("../../docs/config.schema.json", import.meta.url);
  assert.is(await readFile(url, "utf8"), formatConfigSchema());
});

test.run();
