// `lighthouse-host setup` from AWS credentials to a page that reaches the backend, and back. AWS, Pulumi's
// command and systemd are stand-ins; packages, program, relay, host and browser are real.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startSiteServer } from "../local/site_server.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { codeLines, readCode } from "../testing/terminal.ts";
import { until } from "../testing/until.ts";
import { fetchText, launchBrowser, openConnected } from "./browser.ts";
import { startMachine } from "./setup_machine.ts";

const test = suite("setup", { deadline: 120_000 });

const FLAGS = ["--page", "https://you.github.io/notes/", "--backend", "9", "--yes", "--json"];

test("a dry run says what would be made and what that costs, and makes nothing", async () => {
  await using machine = await startMachine("real");
  const { code, output, errors } = await machine.setup(...FLAGS, "--dry-run");
  assert.is(code, 0, output + errors);
  const { plan, cost } = machine.messages(output);
  assert.match(plan!, "AWS account 123456789012, region eu-central-1: 18 to make");
  assert.match(output, /"A month with the host always online .* costs about \$0\.0/);
  assert.match(cost!, "No alarms and no budget");
  assert.equal(machine.account.changes, []);
  assert.equal(machine.settings(), { stun: "none", quic: "off" });
  assert.is(machine.serviceLog(), undefined);
});

test("at a terminal, answers lead to a page that reaches the backend, and destroy leads back", async () => {
  await using machine = await startMachine();
  await using backend = await listen(createServer((request, response) => {
    response.end(`mine: ${request.url}`);
  }));
  const folder = join(machine.home, "notes");
  await mkdir(folder);
  await using site = await startSiteServer({ folder, path: "/notes/" });
  const page = `${site.origin}/notes/`;

  const first = machine.atTerminal();
  await first.answer(/Where will your page be.*\?/, page);
  await first.answer(/In which AWS region.*\[eu-central-1\]/, "");
  await first.answer(/Which backend.*\?/, "http://127.0.0.1:1x");
  await first.answer(/Which backend.*\?/, String(backend.port));
  await first.answer(/Mail address.*\?/, "me@example.com");
  await first.answer(/Folder for a ready site.*\?/, folder);
  await first.answer(/: \d+ to make[^]*Go on\?/, "");
  await first.program.until(/#lighthouse=/);
  await until(() => codeLines(first.program.lines).length === 23);
  const link = readCode(codeLines(first.program.lines));
  assert.ok(link.startsWith(`${page}#lighthouse=`));
  assert.match(first.screen(), "this machine needs no AWS credentials");

  const browser = await launchBrowser();
  try {
    const opened = await openConnected(browser, link);
    assert.is(await first.program.exited, 0, first.screen());
    assert.equal(await fetchText(opened.page, "/a"), { status: 200, text: "mine: /a" });
    assert.equal(opened.troubles, []);
  } finally {
    await browser.close();
  }
  const { relay, registry, host, email } = machine.settings();
  assert.equal([relay, registry, host, email], [
    machine.account.gateway.url,
    "relay",
    "laptop",
    undefined,
  ]);

  const key = await machine.key();
  const { length } = machine.account.changes;
  const again = machine.atTerminal();
  await again.answer(/Keep these answers\?/, "");
  assert.is(await again.program.exited, 0, again.screen());
  assert.match(again.screen(), "28 as they are");
  assert.match(again.screen(), "ready: a device is paired");
  assert.is(machine.account.changes.length, length);
  assert.is(await machine.key(), key);

  const undo = machine.atTerminal("--destroy");
  await undo.answer(/Delete the relay .* 123456789012\?/, "y");
  assert.is(await undo.program.exited, 0, undo.screen());
  assert.equal([...machine.account.resources], []);
  assert.is(machine.serviceLog(), undefined);
  assert.not.ok(existsSync(machine.project));
  assert.is(machine.settings().relay, undefined);
  assert.is(await machine.key(), key);
});

test.run();
