// What becomes of a host's policy, user and role when the registry changes, or the program's version: the
// user has a key that nobody can make again, and the policy may be attached by hand to what Pulumi does not
// know. The rules of Pulumi's engine and of the AWS provider are written out here.
// https://www.pulumi.com/docs/iac/concepts/options/aliases/
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import type { CreatedResource } from "./testing/mocks.ts";
import { type PulumiRun, runProgram } from "./testing/pulumi_process.ts";

const test = suite("host access", { deadline: 60_000 });

const ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/0a1b-2c3d";

/** Runs the program with users and roles. */
async function deploy(settings: Record<string, unknown> = {}): Promise<PulumiRun> {
  const all = {
    allowedOrigins: ["https://you.github.io"],
    hostUser: true,
    hostRoleFor: ANCHOR,
    ...settings,
  };
  const texts = Object.entries(all).map(([name, value]) => [
    `lighthouse:${name}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const run = await runProgram({ "aws:region": "eu-central-1", ...Object.fromEntries(texts) });
  assert.equal([run.code, run.complaints], [0, []]);
  return run;
}

/** The access of hosts: `type name`, without the relay's own role. */
function accessOf(resources: CreatedResource[]): Map<string, CreatedResource> {
  const access = resources.filter(({ type, name }) =>
    /^aws:(iam|rolesanywhere)/.test(type) && name !== "lighthouse-relay"
  );
  return new Map(access.map((one) => [`${one.type} ${one.name}`, one]));
}

/** What the engine does to the hosts' access of an earlier deployment. */
function changesOf(before: CreatedResource[], { mocks, options }: PulumiRun) {
  const old = accessOf(before);
  const changes = { kept: [] as string[], replaced: [] as string[], created: [] as string[] };
  for (const [key, { type, inputs }] of accessOf(mocks.created)) {
    const { aliases, ignoreChanges } = options.get(key)!;
    const names = [key, ...aliases.map((alias) => `${type} ${alias}`)];
    const known = names.find((name) => old.has(name));
    const previous = known && old.get(known)!;
    if (known) old.delete(known);
    if (!previous) changes.created.push(key);
    // The provider cannot change these in place.
    else if (
      ["description", "name", "path", "user", "role", "policyArn"].some((property) =>
        type !== "aws:iam/role:Role" && !ignoreChanges.includes(property) &&
        // The name of a user or policy has its first name, whatever the resource is called since.
        stable(previous.inputs[property]) !== stable(inputs[property])
      )
    ) changes.replaced.push(key);
    else changes.kept.push(key);
  }
  return { ...changes, deleted: [...old.keys()] };
}

/** The mocks name AWS's own resources by the program's names; AWS keeps the first. */
function stable(value: string | undefined): string | undefined {
  return value?.replace(/lighthouse-host-\w+/, "lighthouse-host");
}

/** All access of the first host. */
const FIRST = [
  "aws:iam/policy:Policy lighthouse-host",
  "aws:iam/role:Role lighthouse-host",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment lighthouse-host",
  "aws:iam/user:User lighthouse-host",
  "aws:iam/userPolicyAttachment:UserPolicyAttachment lighthouse-host",
  "aws:rolesanywhere/profile:Profile lighthouse-host",
];

/** What version 0.1 created for a host: names of its own in a bucket, and a description with the function. */
function earlier(name: string, description: string): CreatedResource[] {
  const policyArn = `arn:aws:iam::123456789012:policy/${name}`;
  return [
    { type: "aws:iam/policy:Policy", name, inputs: { description } },
    { type: "aws:iam/user:User", name, inputs: { forceDestroy: true } },
    {
      type: "aws:iam/userPolicyAttachment:UserPolicyAttachment",
      name,
      inputs: { user: name, policyArn },
    },
    { type: "aws:iam/role:Role", name, inputs: {} },
    {
      type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      name,
      inputs: { role: name, policyArn },
    },
    { type: "aws:rolesanywhere/profile:Profile", name, inputs: {} },
  ];
}

const ofEnvironment = earlier("lighthouse-host", "Registers a Lighthouse host with SignalingRelay");
const ofBucket = ["desk", "pi"].flatMap((host) =>
  earlier(
    `lighthouse-host-${host}`,
    `Registers the Lighthouse host ${host} for SignalingRelay`,
  )
);
const ofPi = FIRST.map((key) => `${key}-pi`);

const environment = deploy();
const bucket = deploy({ registry: "s3" });
const buckets = deploy({ registry: "s3", hosts: ["desk", "pi"] });

const cases: [
  what: string,
  before: () => Promise<CreatedResource[]>,
  after: Promise<PulumiRun>,
  changes: Partial<ReturnType<typeof changesOf>>,
][] = [
  ["a change to the bucket", created(environment), bucket, { kept: FIRST }],
  ["a change back", created(bucket), environment, { kept: FIRST }],
  ["a change to several hosts", created(environment), buckets, { kept: FIRST, created: ofPi }],
  ["a change back from those", created(buckets), environment, { kept: FIRST, deleted: ofPi }],
  ["another function", created(environment), deploy({ functionName: "Relay2" }), { kept: FIRST }],
  ["an update of version 0.1", () => Promise.resolve(ofEnvironment), environment, { kept: FIRST }],
  ["an update of 0.1 with a bucket", () => Promise.resolve(ofBucket), buckets, {
    kept: [...FIRST, ...ofPi],
  }],
  ["an update of 0.1 to a bucket", () => Promise.resolve(ofEnvironment), buckets, {
    kept: FIRST,
    created: ofPi,
  }],
];
for (const [what, before, after, changes] of cases) {
  test(`${what} keeps the first host's policy, user and role`, async () => {
    const found = changesOf(await before(), await after);
    const sorted = Object.fromEntries(
      Object.entries({ kept: [], replaced: [], created: [], deleted: [], ...changes })
        .map(([kind, keys]) => [kind, [...keys].sort()]),
    );
    for (const kind of ["kept", "replaced", "created", "deleted"] as const) found[kind].sort();
    assert.equal(found, sorted);
  });
}

function created(run: Promise<PulumiRun>): () => Promise<CreatedResource[]> {
  return async () => (await run).mocks.created;
}

test("the outputs name the same user and policy under both registries", async () => {
  const names = ({ outputs }: PulumiRun) => [
    outputs.hostUserName,
    outputs.hostPolicyArn,
    outputs.hostRoleArn,
  ];
  assert.equal(names(await bucket), names(await environment));
  assert.equal(names(await buckets), names(await environment));
});

test.run();
