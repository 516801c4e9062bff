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

/** Has a program find no address of any name. */
const OFFLINE = `import dns from "node:dns";
dns.lookup = (name, options, callback = options) => callback(new Error("getaddrinfo ENOTFOUND " + name));`;

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

test("what AWS refuses is named with its cure, and the same command then goes on", async () => {
  await using machine = await startMachine();
  const { account } = machine;
  const flags = [...FLAGS, "--no-install"];

  account.denied.add("iam:CreateRole");
  const first = await machine.setup(...flags);
  assert.is(first.code, 1);
  assert.match(first.errors, "these AWS credentials lack the right iam:CreateRole");
  account.denied.clear();

  account.takenFunctions.add("SignalingRelay");
  const second = await machine.setup(...flags);
  assert.is(second.code, 1);
  assert.match(second.errors, "Give this one another name: --function SignalingRelay2");

  const { code, output, errors } = await machine.setup(...flags, "--function", "SignalingRelay2");
  assert.is(code, 0, output + errors);
  assert.ok(account.resources.has("aws:lambda/function:Function SignalingRelay2"));
  assert.match(machine.messages(output).ready!, "lighthouse-host run starts the host");
  assert.match(output, '"event":"html"');
  const roles = account.changes.filter(({ action, type }) =>
    action === "create" && type === "aws:iam/role:Role"
  );
  assert.is(roles.length, 2, "the refused one, and the one that was made then");
  // The answers are kept, and so is what they have made.
  const { length } = account.changes;
  assert.is((await machine.setup("--yes", "--json", "--no-install")).code, 0);
  assert.is(account.changes.length, length);

  machine.environment.PULUMI_CONFIG_PASSPHRASE = "another";
  const wrong = await machine.setup("--yes");
  assert.is(wrong.code, 1);
  assert.match(wrong.errors, "the passphrase is not that of the state");
});

test("without the pulumi command and a network to get it, setup says how to install it", async () => {
  await using machine = await startMachine();
  machine.replaceCommand("pulumi", "#!/bin/sh\nexit 127\n");
  machine.environment.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(OFFLINE)}`;
  const { code, output, errors } = await machine.setup(...FLAGS);
  assert.is(code, 1);
  assert.match(output, "downloading the pulumi command from get.pulumi.com");
  assert.match(
    errors.replaceAll(/\s+/g, " "),
    /Cannot download .*: .*fetch failed\. .*docs\/install\/ says how/,
  );
});

test("after an interruption at any step, the same command goes on", async () => {
  await using machine = await startMachine();
  const { account } = machine;
  /** Holds back the making of a resource. Resolves when it has been asked for. */
  const hold = (type: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    account.beforeChange = (change) => {
      if (change.type !== type) return;
      resolve();
      return new Promise(() => {});
    };
    return promise;
  };

  // While npm installs.
  const npm = machine.replaceCommand("npm", "#!/bin/sh\nexec sleep 60\n");
  const installing = machine.start(...FLAGS);
  await installing.until(/"event":"installing"/);
  await installing.end("SIGINT");
  assert.match(installing.errors, "Stopped. Nothing is lost: the same command goes on from here");
  npm.restore();

  // While Pulumi deploys: by Ctrl-C, which reaches Pulumi too; and by a machine that loses its power.
  const isAtFunction = hold("aws:lambda/function:Function");
  const deploying = machine.atTerminal(...FLAGS.slice(0, -1));
  await isAtFunction;
  deploying.press("\x03");
  assert.is(await deploying.program.exited, 1);
  assert.match(deploying.screen(), "Stopped. Nothing is lost");

  const isAtStage = hold("aws:apigatewayv2/stage:Stage");
  const killed = machine.start(...FLAGS);
  await isAtStage;
  killed.child.kill("SIGKILL");
  const locked = await machine.setup(...FLAGS);
  assert.is(locked.code, 1);
  assert.match(locked.errors, "another run of Pulumi is at work on this stack");
  await machine.killPulumi();
  account.beforeChange = () => {};

  // While the service starts.
  const systemctl = machine.replaceCommand("systemctl", "#!/bin/sh\n");
  const starting = machine.start(...FLAGS);
  await starting.until(/"event":"installed"/);
  await starting.end("SIGINT");
  assert.match(starting.errors, "Stopped. Nothing is lost");
  systemctl.restore();

  const { code, output, errors } = await machine.setup(...FLAGS, "--no-wait");
  assert.is(code, 0, output + errors);
  assert.match(machine.messages(output).online!, "the host is online");
  assert.match(output, /"link":"https:\/\/you\.github\.io\/notes\/#lighthouse=/);
  const made = account.changes.filter(({ action, type }) =>
    action === "create" && type === "aws:lambda/function:Function"
  );
  assert.is(made.length, 2, "the interrupted one, and the one that was made then");
});

test.run();
