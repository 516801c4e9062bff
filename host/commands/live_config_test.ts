// A settings file that changes while the real program runs with it, by hand and by `services`.
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { createCertificate } from "../../tools/testing/certificate.ts";
import { listen } from "../../tools/testing/listen.ts";
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

test("passwords are shown nowhere, and a changed one is taken over", async () => {
  const backend = "http://user:hunter2@127.0.0.1:9";
  const at = await setUp(TEXT.replace("http://127.0.0.1:9", backend));
  await chmod(at.path, 0o600);
  const host = await at.startHost();
  const seen: string[] = [];
  const call = async (...args: string[]) => {
    const { output, errors } = await run(args, at.environment);
    seen.push(output, errors);
    return output;
  };
  const shown = "/ → http://127.0.0.1:9/ (with a password)";
  assert.match(await call("services"), `${shown}  does not answer`);
  const { settings } = JSON.parse(await call("status", "--json"));
  assert.equal(settings.service, ["/=http://127.0.0.1:9/"]);
  assert.match(await call("status"), shown);
  assert.match(await call("doctor", "--json"), `${shown} takes no connection`);
  await call("logs", "--lines", "100");
  await call("install", "--print");
  const added = await call("services", "add", "/=http://user:hunter3@127.0.0.1:9");
  assert.is(added, `Added ${shown}, in place of ${shown}\nThe host that runs has taken it over\n`);
  assert.match(await readFile(at.path, "utf8"), '"/=http://user:hunter3@127.0.0.1:9/"');
  assert.is((await stat(at.path)).mode & 0o777, 0o600);
  await call("services", "add", "/b=3000");
  await call("services", "remove", "/");
  await chmod(at.path, 0o644);
  await writeFile(at.path, TEXT.replace("http://127.0.0.1:9", backend));
  await host.until(/"settings-refused".*holds a password, and others can read it/);
  await host.end();
  for (const text of [...seen, ...host.lines, host.errors]) assert.not.match(text, "hunter");
});

test("a backend's port may be a number in the settings file", async () => {
  const at = await setUp(TEXT.replace('"http://127.0.0.1:9"', "9"));
  assert.match((await run(["services"], at.environment)).output, "/ → http://localhost:9/");
  await writeFile(at.path, TEXT.replace('"http://127.0.0.1:9"', "[9]"));
  const { errors } = await run(["services"], at.environment);
  assert.match(
    errors,
    `${at.path}:4:14: "backend": expected a text or a port, found a value of type`,
  );
});

test("services and status say why a backend does not answer, and what to do", async () => {
  await using server = await listen(createServer(createCertificate()));
  const at = await setUp(TEXT.replace("http://127.0.0.1:9", `https://127.0.0.1:${server.port}`));
  const host = await at.startHost();
  const said = /\/ {2}its certificate comes from no authority .*: give the service ca=FILE, /;
  assert.match((await run(["services"], at.environment)).output, said);
  assert.match((await run(["status"], at.environment)).output, said);
  const [{ isUp, trouble, cure }] = (await at.status()).services;
  assert.equal([isUp, typeof trouble, typeof cure], [false, "string", "string"]);
  await host.end();
});

test("services takes options as further arguments, and removes what is wrong", async () => {
  const at = await setUp();
  const args = ["services", "add", "/a=https://h", "as=proxy", "insecure"];
  const { output } = await run(args, at.environment);
  assert.is(output, "Added /a → https://h/ as=proxy insecure\n");
  const text = await readFile(at.path, "utf8");
  assert.match(
    text,
    /"service": \[\s+"\/=http:\/\/127\.0\.0\.1:9",\s+"\/a=https:\/\/h\/ as=proxy insecure"/,
  );
  await writeFile(at.path, text.replace("insecure", "ca=/nonexistent.pem"));
  const failed = await run(["services", "add", "/b=3000"], at.environment);
  assert.is(failed.code, 2);
  assert.match(failed.errors, "--service /a: ca needs a file, and /nonexistent.pem does not exist");
  const removed = await run(["services", "remove", "/a"], at.environment);
  assert.is(removed.output, "Removed /a\n");
  const unquoted = await run(["run", "--backend", "3000", "as=proxy"], at.environment);
  assert.match(unquoted.errors, "Unexpected argument: as=proxy. Quote a backend with its options");
});

test("a certificate that is not checked is said at the start and by doctor", async () => {
  const at = await setUp(TEXT.replace("http://127.0.0.1:9", "https://127.0.0.1:9 insecure"));
  const host = await at.startHost();
  const warned = JSON.parse(await host.until(/"event":"insecure"/));
  assert.is(warned.level, "warn");
  assert.match(warned.message, "the certificate of https://127.0.0.1:9, for /, is not checked");
  const { output } = await run(["doctor", "--json"], at.environment);
  const found = output.trim().split("\n").map((line) => JSON.parse(line));
  const { ok, message, cure } = found.find(({ check }) => check === "certificate");
  assert.is(ok, null);
  assert.match(message, "the certificate of https://127.0.0.1:9 is not checked (insecure)");
  assert.match(cure, "ca=FILE");
  await host.end();
});

test("docs/config.schema.json is what the settings are checked by", async () => {
  const url = new URL("../../docs/config.schema.json", import.meta.url);
  assert.is(await readFile(url, "utf8"), formatConfigSchema());
});

test.run();
