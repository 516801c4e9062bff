// `lighthouse-host init` as a user runs it: the built program, a relay, and AWS's control plane.
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { type ControlPlane, failNext, startControlPlane } from "../../tools/local/control_plane.ts";
import { startObjectStore } from "../../tools/local/object_store.ts";
import { run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { toBase64url } from "../../wire/mod.ts";
import { readIdentity } from "../access/host_key.ts";
import { startTestRelay, type TestRelay } from "../testing/relay.ts";

const test = suite("init", { deadline: 30_000 });

const POLICY = "arn:aws:iam::123456789012:policy/lighthouse-host-1a2b3c4";

interface Setup extends AsyncDisposable {
  relay: TestRelay;
  controlPlane: ControlPlane;
  /** The settings file. */
  path: string;
  environment: Record<string, string>;
  /** What Pulumi prints. */
  outputs: string;
}

async function setUp(): Promise<Setup> {
  await using stack = new AsyncDisposableStack();
  const relay = stack.use(await startTestRelay());
  const controlPlane = stack.use(
    await startControlPlane({ function: relay.function, propagation: 50 }),
  );
  const home = temporaryFolder();
  const parts = stack.move();
  return {
    relay,
    controlPlane,
    path: join(home, "lighthouse", "config.json"),
    environment: {
      XDG_CONFIG_HOME: home,
      AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    },
    outputs: JSON.stringify({
      webSocketUrl: relay.url.href,
      functionName: "SignalingRelay",
      region: "us-east-1",
      hostPolicyArn: POLICY,
      throttles: "100/5",
      page: "<lighthouse-tunnel>",
    }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function settingsOf(path: string): Promise<unknown> {
  const { $schema, ...settings } = JSON.parse(await readFile(path, "utf8"));
  assert.is($schema, "./config.schema.json");
  return settings;
}

test("init - writes the settings, checks relay and rights, and run needs nothing more", async () => {
  await using at = await setUp();
  const backend = ["--backend", "http://127.0.0.1:5000", "--stun", "none"];
  const args = ["init", "-", ...backend, "--json"];
  const { code, output, errors } = await run(args, at.environment, at.outputs);
  assert.is(errors, "");
  assert.is(code, 0);
  const lines = output.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.map(({ event, check }) => check ?? event), [
    "config-written",
    "relay",
    "lambda:GetFunctionConfiguration",
    "lambda:UpdateFunctionConfiguration",
    "ready",
  ]);
  assert.is(lines[0].path, at.path);
  assert.equal(await settingsOf(at.path), {
    relay: at.relay.url.href,
    function: "SignalingRelay",
    region: "us-east-1",
    throttles: "100/5",
    stun: "none",
    service: ["/=http://127.0.0.1:5000/"],
  });
  assert.is((await stat(at.path)).mode & 0o777, 0o600);
  assert.is(at.relay.function.environment.LAPTOP_ID, "init", "nobody was registered");

  const host = start(["run", "--json"], at.environment);
  await host.until(/"event":"online"/);
  assert.is((await host.end()).code, 0);
});

test("init with a file says what it does for people, and what to do next", async () => {
  await using at = await setUp();
  const file = `${at.path}.outputs`;
  await mkdir(dirname(file));
  await writeFile(file, at.outputs);
  const { code, output } = await run(["init", file], at.environment);
  assert.is(code, 0);
  assert.match(output, `wrote ${at.path}`);
  assert.match(output, `${at.relay.url.host} answers`);
  assert.match(output, "lambda:UpdateFunctionConfiguration is allowed on function SignalingRelay");
  assert.match(output, "ready: lighthouse-host run --backend http://127.0.0.1:5000");
});

test("init again keeps what it is not told, and replaces services by those that it is", async () => {
  await using at = await setUp();
  const first = ["init", "-", "--backend", "http://127.0.0.1:1", "--stun", "none"];
  await run(first, at.environment, at.outputs);
  await run(["init", "-"], at.environment, at.outputs.replace("us-east-1", "eu-west-1"));
  const kept = {
    relay: at.relay.url.href,
    function: "SignalingRelay",
    throttles: "100/5",
    stun: "none",
  };
  assert.equal(await settingsOf(at.path), {
    ...kept,
    region: "eu-west-1",
    service: ["/=http://127.0.0.1:1/"],
  });
  await run(["init", "-", "--service", "/here=."], at.environment, at.outputs);
  const service = [`/here=${process.cwd()}`];
  assert.equal(await settingsOf(at.path), { ...kept, region: "us-east-1", service });
});

for (const operation of ["GetFunctionConfiguration", "UpdateFunctionConfiguration"] as const) {
  test(`init without lambda:${operation} names the statement and the policy, and ends with 1`, async () => {
    await using at = await setUp();
    const resource = "arn:aws:lambda:us-east-1:123456789012:function:SignalingRelay";
    at.controlPlane.faults.answer = failNext(operation, 1, {
      status: 403,
      code: "AccessDeniedException",
      message: `User: arn:aws:iam::123456789012:user/laptop is not authorized to perform: ` +
        `lambda:${operation} on resource: ${resource} because no identity-based policy allows it`,
    });
    const { code, output } = await run(["init", "-", "--json"], at.environment, at.outputs);
    assert.is(code, 1);
    const lines = output.trim().split("\n").map((line) => JSON.parse(line));
    const failed = lines.find(({ event }) => event === "check-failed");
    assert.is(failed.check, `lambda:${operation}`);
    const statement = JSON.parse(/\{.*\}/.exec(failed.message)![0]);
    assert.equal(statement, {
      Effect: "Allow",
      Action: ["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"],
      Resource: resource,
    });
    assert.is(lines.at(-1).policyArn, POLICY);
    assert.not.ok(lines.some(({ event }) => event === "ready"));
  });
}

test("init on a stack with the S3 registry tries out its rights, and run leaves when it ends", async () => {
  await using at = await setUp();
  await using store = await startObjectStore({
    bucket: "lighthouse-registry",
    keys: { "local": "local", "local-access-key": "local-secret-key" },
  });
  const environment = { ...at.environment, AWS_ENDPOINT_URL_S3: store.endpoint };
  const hosts = { desk: { policyArn: `${POLICY}-desk` }, pi: { policyArn: `${POLICY}-pi` } };
  const stack = { registry: "s3", bucket: store.bucket, hosts };
  const outputs = JSON.stringify({ ...JSON.parse(at.outputs), ...stack });
  const none = await run(["init", "-"], environment, outputs);
  assert.is(none.code, 2);
  assert.match(none.errors, "--host laptop is none of the stack's hosts, which are desk, pi");

  const args = [
    "init",
    "-",
    "--host",
    "pi",
    "--backend",
    "http://127.0.0.1:5000",
    "--stun",
    "none",
  ];
  const { code, output } = await run([...args, "--json"], environment, outputs);
  assert.is(code, 0, output);
  const lines = output.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.map(({ event, check }) => check ?? event), [
    "config-written",
    "relay",
    "s3:PutObject",
    "s3:GetObject",
    "ready",
  ]);
  const { registry, bucket, host } = await settingsOf(at.path) as Record<string, string>;
  assert.equal([registry, bucket, host], ["s3", store.bucket, "pi"]);
  assert.is(JSON.parse(store.read("hosts/pi.json")!).connectionId, undefined);

  // The relay of this test knows no bucket.
  const { relay } = at;
  const environmentOfRelay = { REGISTRY_BUCKET: store.bucket, AWS_ENDPOINT_URL_S3: store.endpoint };
  relay.function.setEnvironment({ ...relay.function.environment, ...environmentOfRelay }, {
    staleFor: 0,
  });
  const running = start(["run", "--json"], environment);
  const line = JSON.parse(await running.until(/"event":"online"/));
  assert.is(JSON.parse(store.read("hosts/pi.json")!).connectionId, line.connectionId);
  assert.is((await running.end()).code, 0);
  assert.is(JSON.parse(store.read("hosts/pi.json")!).connectionId, undefined);

  store.faults.answer = () => ({ status: 403, code: "AccessDenied" });
  const refused = await run([...args, "--json"], environment, outputs);
  assert.is(refused.code, 1);
  const last = JSON.parse(refused.output.trim().split("\n").at(-1)!);
  assert.is(last.policyArn, `${POLICY}-pi`);

  // Back on a stack without, nothing of it stays.
  await run(["init", "-"], environment, at.outputs);
  const { registry: gone, bucket: too, host: as } = await settingsOf(
    at.path,
  ) as typeof at.environment;
  assert.equal([gone, too, as], [undefined, undefined, undefined]);
});

test("init on a stack with the registry relay checks that the relay knows the host's key, without AWS", async () => {
  await using at = await setUp();
  await using store = await startObjectStore({
    bucket: "lighthouse-registry",
    keys: { "local-access-key": "local-secret-key" },
  });
  const state = join(temporaryFolder(), "state");
  const { publicKey } = await readIdentity(state);
  const { function: lambda } = at.relay;
  lambda.setEnvironment({
    ...lambda.environment,
    REGISTRY_BUCKET: store.bucket,
    AWS_ENDPOINT_URL_S3: store.endpoint,
    HOST_KEYS: `pi=${toBase64url(publicKey)}`,
  }, { staleFor: 0 });
  const { XDG_CONFIG_HOME } = at.environment;
  const init = (outputs: object, ...args: string[]) =>
    run(
      ["init", "-", "--backend", "5000", "--stun", "none", ...args],
      { XDG_CONFIG_HOME: XDG_CONFIG_HOME! },
      JSON.stringify({
        ...JSON.parse(at.outputs),
        hostPolicyArn: "",
        registry: "relay",
        ...outputs,
      }),
    );

  const hosts = { pi: { policyArn: "" }, desk: { policyArn: "" } };
  const well = await init({ hosts }, "--host", "pi", "--state", state);
  assert.is(well.code, 0, well.output);
  assert.match(well.output, /● \S+ answers\n.*● ready: lighthouse-host run\n$/);
  const { registry, host, bucket, region } = await settingsOf(at.path) as Record<string, string>;
  assert.equal([registry, host, bucket, region], ["relay", "pi", undefined, undefined]);

  const unknown = await init({ hosts }, "--host", "tv", "--state", state);
  assert.is(unknown.code, 2);
  assert.match(unknown.errors, /are pi, desk: .*setting hostKeys, with the key that/);
  const without = await init({ hosts }, "--host", "desk", "--state", state);
  assert.is(without.code, 1);
  assert.match(without.output, /lighthouse-host key prints.*hostKeys, as desk=KEY, and deploy it/);
  assert.not.match(without.output, /policy|AWS/);
  assert.equal(at.controlPlane.calls, []);
});

test("init without credentials says so once, and has written the settings", async () => {
  await using at = await setUp();
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...environment } = at.environment;
  const { code, output } = await run(["init", "-"], environment, at.outputs);
  assert.is(code, 1);
  assert.is(output.match(/Check the AWS credentials/g)?.length, 1);
  assert.ok(await settingsOf(at.path));
});

test("init with a relay that is not there says so, and checks the rights all the same", async () => {
  await using at = await setUp();
  const outputs = at.outputs.replace(at.relay.url.href, "ws://127.0.0.1:9/prod");
  const { code, output } = await run(["init", "-"], at.environment, outputs);
  assert.is(code, 1);
  assert.match(output, "Cannot connect to ws://127.0.0.1:9/prod");
  assert.match(output, "lambda:UpdateFunctionConfiguration is allowed");
});

const refused: [what: string, args: string[], input: string, message: RegExp][] = [
  ["nothing", ["init", "-"], "", /the stack's outputs are empty: give what pulumi stack output/],
  ["no JSON", ["init", "-"], "no such stack", /are not a JSON object/],
  ["a list", ["init", "-"], "[]", /are not a JSON object/],
  [
    "an S3 registry without its bucket",
    ["init", "-"],
    '{"webSocketUrl":"wss://a.example","functionName":"f","region":"us-east-1","registry":"s3"}',
    /outputs have no bucket/,
  ],
  ["another stack", ["init", "-"], '{"bucket":"b"}', /outputs have no webSocketUrl/],
  ["no source", ["init"], "", /Cannot init: FILE\|- is missing\nSee lighthouse-host help init/],
  ["a file that is not there", ["init", "/nonexistent"], "", /\/nonexistent cannot be read/],
  ["two sources", ["init", "-", "-"], "", /Unexpected argument: -/],
  [
    "a URL that is none",
    ["init", "-"],
    '{"webSocketUrl":"https://a.example","functionName":"f","region":"us-east-1"}',
    /--relay is not a URL/,
  ],
  [
    "a bad service",
    ["init", "-", "--service", "here"],
    '{"webSocketUrl":"wss://a.example","functionName":"f","region":"us-east-1"}',
    /--service has no "="/,
  ],
];
for (const [what, args, input, message] of refused) {
  test(`init with ${what} ends with 2 and writes nothing`, async () => {
    await using at = await setUp();
    const { code, output, errors } = await run(args, at.environment, input);
    assert.is(code, 2);
    assert.is(output, "");
    assert.match(errors, message);
    assert.is(await stat(at.path).catch(({ code }) => code), "ENOENT");
  });
}

const wrongFiles: [text: string, message: RegExp][] = [
  ["{", /config\.json:1:2: this is not valid JSON: close brace expected/],
  ['{\n  "relay": "a" "b"\n}', /config\.json:2:16: this is not valid JSON: comma expected/],
  ["", /config\.json:1:1: this is not valid JSON/],
  ["7", /config\.json:1:1: expected an object/],
  [
    '{"rely":"wss://a.example"}',
    /config\.json:1:2: "rely" is not a setting. Did you mean relay\?/,
  ],
  ['{"colour":"red"}', /config\.json:1:2: "colour" is not a setting. There is relay, function/],
  ['{\n  // mine\n  "relay": 7\n}', /config\.json:3:12: "relay": expected a text, found a value/],
  ['{"public":"/"}', /config\.json:1:11: "public": expected a list of texts, found "\/"/],
  ['{"service":["/a=b", 7]}', /config\.json:1:21: "service": expected a list of texts/],
  [
    '{"registry":"s4"}',
    /config\.json:1:13: "registry": expected "lambda-env" or "s3" or "relay", found "s4"/,
  ],
  ['{"stun":"none", "stun":"none"}', /config\.json:1:17: "stun" is there twice/],
];
for (const [text, message] of wrongFiles) {
  test(`a settings file with ${text} is refused by init and run, and stays`, async () => {
    await using at = await setUp();
    await mkdir(dirname(at.path));
    await writeFile(at.path, text);
    for (const args of [["init", "-"], ["run"]]) {
      const { code, errors } = await run(args, at.environment, at.outputs);
      assert.is(code, 2);
      assert.match(errors, message);
    }
    assert.is(await readFile(at.path, "utf8"), text);
  });
}

test("a settings file with a password is refused while others can read it", async () => {
  await using at = await setUp();
  await mkdir(dirname(at.path));
  const relay = at.relay.url.href;
  await writeFile(at.path, JSON.stringify({ relay, backend: "http://user:hunter2@127.0.0.1:9" }));
  for (const mode of [0o644, 0o640]) {
    await chmod(at.path, mode);
    for (const args of [["run"], ["services"], ["install", "--print"], ["init", "-"]]) {
      const { code, output, errors } = await run(args, at.environment, at.outputs);
      assert.is(code, 2);
      assert.match(errors, `${at.path} holds a password, and others can read it: chmod 600 `);
      assert.not.match(output + errors, "hunter2");
    }
  }
  await chmod(at.path, 0o600);
  assert.is((await run(["services"], at.environment)).code, 0);
  // Without a password, the file may be readable.
  await writeFile(at.path, JSON.stringify({ relay, backend: "http://127.0.0.1:9/@scope" }));
  await chmod(at.path, 0o644);
  assert.is((await run(["services"], at.environment)).code, 0);
});

test("a settings file is refused while others can write to it, or replace it", async () => {
  await using at = await setUp();
  const folder = dirname(at.path);
  await mkdir(folder);
  await writeFile(at.path, JSON.stringify({ relay: at.relay.url.href, backend: "http://h" }));
  for (const [path, mode] of [[at.path, 0o646], [folder, 0o777]] as const) {
    await chmod(path, mode);
    const { code, errors } = await run(["services"], at.environment);
    assert.is(code, 2);
    assert.match(errors, new RegExp(`others can .*chmod go-w ${path}`));
    await chmod(path, 0o700);
  }
  assert.is((await run(["services"], at.environment)).code, 0);
});

test("init writes a password to a file of the owner's, and warns of the command line once", async () => {
  await using at = await setUp();
  const backend = ["--backend", "http://user:hunter2@127.0.0.1:9 as=proxy"];
  const { code, output, errors } = await run(["init", "-", ...backend], at.environment, at.outputs);
  assert.is(code, 0);
  assert.match(errors, /^warning: other users of this machine can read the password .*\n$/);
  assert.not.match(output + errors, "hunter2");
  assert.is((await stat(at.path)).mode & 0o777, 0o600);
  const { service } = await settingsOf(at.path) as { service: string[] };
  assert.equal(service, ["/=http://user:hunter2@127.0.0.1:9/ as=proxy"]);
  const printed = await run(["install", "--print"], at.environment);
  assert.is(printed.code, 0);
  assert.not.match(printed.output + printed.errors, "hunter2");
});

test.run();
