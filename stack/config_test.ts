// Settings: what is taken, what the defaults are, and the exact words for what is refused.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { parseConfig, parseSettings, settingNames } from "./config.ts";
import { readYaml } from "./testing/yaml.ts";
import { KEY } from "./testing/host_key.ts";

const test = suite("stack config");

const ORIGIN = "https://you.github.io";

const DEFAULTS = {
  allowedOrigins: [ORIGIN],
  functionName: "SignalingRelay",
  logRetentionDays: 14,
  email: undefined,
  monthlyBudget: 1,
  throttleBurst: 20,
  throttleRate: 10,
  connectRate: 200,
  reservedConcurrency: undefined,
  hostUser: false,
  hostRoleFor: undefined,
  relayBoundary: undefined,
  registry: "lambda-env",
  hosts: ["laptop"],
  hostKeys: [],
  publicRegistry: false,
};

test("parseSettings() fills in the defaults", () => {
  assert.equal(parseSettings({ allowedOrigins: [ORIGIN] }), DEFAULTS);
});

test("parseConfig() reads each setting from its text", () => {
  const texts: Record<string, string> = {
    allowedOrigins: `["${ORIGIN}","http://localhost:8080"]`,
    functionName: "relay-2",
    logRetentionDays: "365",
    email: "owner@example.com",
    monthlyBudget: "5",
    throttleBurst: "100",
    throttleRate: "50",
    connectRate: "20",
    reservedConcurrency: "3",
    hostUser: "true",
    hostRoleFor: "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/Laptop_1a2b",
    relayBoundary: "arn:aws:iam::123456789012:policy/boundaries/relay-1a2b",
    registry: "s3",
    hosts: '["laptop","pi"]',
    publicRegistry: "true",
  };
  assert.equal(parseConfig((name) => texts[name]), {
    allowedOrigins: [ORIGIN, "http://localhost:8080"],
    functionName: "relay-2",
    logRetentionDays: 365,
    email: "owner@example.com",
    monthlyBudget: 5,
    throttleBurst: 100,
    throttleRate: 50,
    connectRate: 20,
    reservedConcurrency: 3,
    hostUser: true,
    hostRoleFor: "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/Laptop_1a2b",
    relayBoundary: "arn:aws:iam::123456789012:policy/boundaries/relay-1a2b",
    registry: "s3",
    hosts: ["laptop", "pi"],
    hostKeys: [],
    publicRegistry: true,
  });
});

/** Lists as people type them where `pulumi new` or `pulumi config set` takes plain text. */
const typed: [text: string, origins: string[]][] = [
  [ORIGIN, [ORIGIN]],
  [`${ORIGIN},http://localhost:8080`, [ORIGIN, "http://localhost:8080"]],
  [` ${ORIGIN} , http://localhost:8080 `, [ORIGIN, "http://localhost:8080"]],
];
for (const [text, origins] of typed) {
  test(`parseConfig() takes the list "${text}"`, () => {
    const get = (name: string) => name === "allowedOrigins" ? text : undefined;
    assert.equal(parseConfig(get).allowedOrigins, origins);
  });
}

test("parseConfig() takes hosts and keys as plain text, too", () => {
  const texts: Record<string, Record<string, string>> = {
    hosts: { registry: "s3", hosts: "desk, pi" },
    hostKeys: { registry: "relay", hostKeys: KEY },
  };
  const parse = (setting: string) =>
    parseConfig((name) => ({ allowedOrigins: ORIGIN, ...texts[setting] })[name]);
  assert.equal(parse("hosts").hosts, ["desk", "pi"]);
  assert.equal(parse("hostKeys").hostKeys, [`laptop=${KEY}`]);
});

test("Pulumi.yaml declares each setting, and its defaults are parseConfig()'s", async () => {
  const { config } = await readYaml("Pulumi.yaml");
  assert.equal(Object.keys(config), [...settingNames]);
  const textOf = (name: string) => {
    const value = config[name].default;
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  const get = (name: string) => name === "allowedOrigins" ? `["${ORIGIN}"]` : textOf(name);
  assert.equal(parseConfig(get), DEFAULTS);
  for (const name of settingNames) assert.ok(config[name].description, name);
});

for (
  const origin of [
    "https://you.github.io",
    "https://notes.example.com:8443",
    "https://xn--bcher-kva.example",
    "http://localhost",
    "http://localhost:3000",
    "http://127.0.0.1:8080",
  ]
) {
  test(`the origin ${origin} is taken`, () => {
    assert.equal(parseSettings({ allowedOrigins: [origin] }).allowedOrigins, [origin]);
  });
}

const EXAMPLE = `give the origins of your pages, such as ["${ORIGIN}"]`;

/** Each bad value of `allowedOrigins`, and why it is refused. */
const badOrigins: [value: unknown, message: string][] = [
  [undefined, `allowedOrigins: it is missing; ${EXAMPLE}`],
  [ORIGIN, `allowedOrigins: it is not a list; ${EXAMPLE}`],
  [[], `allowedOrigins: it is empty; ${EXAMPLE}`],
  [[ORIGIN, 7], "allowedOrigins[1]: it is not text"],
  [[""], `allowedOrigins[0]: an empty text is no origin such as ${ORIGIN}`],
  [["you.github.io"], `allowedOrigins[0]: you.github.io is no origin such as ${ORIGIN}`],
  [["null"], `allowedOrigins[0]: null is no origin such as ${ORIGIN}`],
  [["ftp://a.example"], `allowedOrigins[0]: ftp://a.example is no origin such as ${ORIGIN}`],
  [["https:a.example"], `allowedOrigins[0]: https:a.example is no origin such as ${ORIGIN}`],
  [["*"], "allowedOrigins[0]: * has a wildcard; list each origin"],
  [
    ["https://*.github.io"],
    "allowedOrigins[0]: https://*.github.io has a wildcard; list each origin",
  ],
  [
    ["http://you.github.io"],
    "allowedOrigins[0]: http://you.github.io is not https; only localhost and 127.0.0.1 may do without",
  ],
  [
    ["http://localhost.example"],
    "allowedOrigins[0]: http://localhost.example is not https; only localhost and 127.0.0.1 may do without",
  ],
  [[`${ORIGIN}/`], `allowedOrigins[0]: ${ORIGIN}/ ends with a slash; leave it out`],
  [
    [ORIGIN, `${ORIGIN}/notes`],
    `allowedOrigins[1]: ${ORIGIN}/notes has more than an origin; leave ${ORIGIN}`,
  ],
  [[`${ORIGIN}?a`], `allowedOrigins[0]: ${ORIGIN}?a has more than an origin; leave ${ORIGIN}`],
  [[`${ORIGIN}/#a`], `allowedOrigins[0]: ${ORIGIN}/#a has more than an origin; leave ${ORIGIN}`],
  [
    ["https://me:pw@a.example"],
    "allowedOrigins[0]: https://me:pw@a.example has a user name or a password",
  ],
  [["https://a,b.example"], "allowedOrigins[0]: https://a,b.example has no usual host name"],
  [
    ["https://You.GitHub.io"],
    `allowedOrigins[0]: https://You.GitHub.io is sent by browsers as ${ORIGIN}; use that`,
  ],
  [
    ["https://a.example:443"],
    "allowedOrigins[0]: https://a.example:443 is sent by browsers as https://a.example; use that",
  ],
  [
    ["https://bücher.example"],
    "allowedOrigins[0]: https://bücher.example is sent by browsers as https://xn--bcher-kva.example; use that",
  ],
  [[ORIGIN, ORIGIN], `allowedOrigins[1]: ${ORIGIN} is in the list twice`],
  [
    Array.from({ length: 200 }, (_, index) => `https://a${1000 + index}.example`),
    "allowedOrigins: 4399 bytes together are more than 3500",
  ],
];
for (const [value, message] of badOrigins) {
  test(`the origins ${JSON.stringify(value)?.slice(0, 60)} are refused`, () => {
    assert.is(messageOf(() => parseSettings({ allowedOrigins: value })), `Cannot use ${message}`);
  });
}

/** Each bad text of another setting, and why it is refused. */
const badTexts: [name: string, text: string, why: string][] = [
  ["functionName", "", '"" is not 1 to 64 letters, digits, hyphens or underscores'],
  ["functionName", "a b", '"a b" is not 1 to 64 letters, digits, hyphens or underscores'],
  [
    "logRetentionDays",
    "15",
    "15 is none of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
  ],
  [
    "logRetentionDays",
    "forever",
    '"forever" is none of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653',
  ],
  ["email", "owner", '"owner" is not an e-mail address'],
  ["email", "a@b.example, c@d.example", '"a@b.example, c@d.example" is not an e-mail address'],
  ["monthlyBudget", "0", "0 is not a whole number from 1 to 1000000"],
  ["monthlyBudget", "1.5", "1.5 is not a whole number from 1 to 1000000"],
  ["throttleBurst", "0", "0 is not a whole number from 1 to 5000"],
  ["connectRate", "0", "0 is not a whole number from 1 to 500"],
  ["connectRate", "501", "501 is not a whole number from 1 to 500"],
  ["throttleRate", "-1", "-1 is not a whole number from 1 to 10000"],
  ["throttleRate", "fast", '"fast" is not a whole number from 1 to 10000'],
  ["reservedConcurrency", "0", "0 switches the relay off; give 1 or more, or -1 for none"],
  ["reservedConcurrency", "-2", "-2 is not a whole number from 1 to 1000"],
  ["hostUser", "yes", '"yes" is neither true nor false'],
  ["hostUser", "1", "1 is neither true nor false"],
  [
    "hostRoleFor",
    "me",
    '"me" is the ARN of no trust anchor of IAM Roles Anywhere, and of no IAM role or user',
  ],
  [
    "hostRoleFor",
    "arn:aws:iam::123456789012:root",
    '"arn:aws:iam::123456789012:root" is the ARN of no trust anchor of IAM Roles Anywhere, and of no IAM role or user',
  ],
  [
    "relayBoundary",
    "arn:aws:iam::123456789012:role/relay",
    '"arn:aws:iam::123456789012:role/relay" is the ARN of no IAM policy',
  ],
  ["registry", "dynamodb", '"dynamodb" is none of "lambda-env", "s3" and "relay"'],
  ["registry", "S3", '"S3" is none of "lambda-env", "s3" and "relay"'],
  ["hosts", "7", 'it is not a list; give names such as ["laptop"]'],
  ["hosts", "pi", "names are for the registry s3; lambda-env has one host"],
  ["hosts", '["pi"]', "names are for the registry s3; lambda-env has one host"],
  ["publicRegistry", "true", "it is for the registries s3 and relay"],
  ["publicRegistry", "yes", '"yes" is neither true nor false'],
  ["hostKeys", `["${KEY}"]`, "keys are for the registry relay"],
];
for (const [name, text, why] of badTexts) {
  test(`${name} ${JSON.stringify(text)} is refused`, () => {
    const get = (asked: string) => {
      if (asked === "allowedOrigins") return `["${ORIGIN}"]`;
      return asked === name ? text : undefined;
    };
    assert.is(messageOf(() => parseConfig(get)), `Cannot use ${name}: ${why}`);
  });
}

/** Each bad list of hosts for the registry `s3`, and why it is refused. */
const badHosts: [hosts: unknown, why: string][] = [
  [["Pi"], 'hosts[0]: "Pi" is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens'],
  [["pi", ""], 'hosts[1]: "" is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens'],
  [["a/b"], 'hosts[0]: "a/b" is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens'],
  [[7], "hosts[0]: 7 is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens"],
  [["pi", "pi"], "hosts[1]: pi is in the list twice"],
  [Array.from({ length: 101 }, (_, at) => `h${at}`), "hosts: 101 are more than 100"],
];
for (const [hosts, why] of badHosts) {
  test(`the hosts ${JSON.stringify(hosts).slice(0, 60)} are refused`, () => {
    const settings = { allowedOrigins: [ORIGIN], registry: "s3", hosts };
    assert.is(messageOf(() => parseSettings(settings)), `Cannot use ${why}`);
  });
}

test("with the registry relay, the keys name the hosts, and a key without a name is the laptop's", () => {
  const common = { allowedOrigins: [ORIGIN], registry: "relay" };
  const { hosts, hostKeys } = parseSettings({ ...common, hostKeys: [KEY, `pi=${KEY}`] });
  assert.equal(hosts, ["laptop", "pi"]);
  assert.equal(hostKeys, [`laptop=${KEY}`, `pi=${KEY}`]);
});

/** Each bad setting of the registry `relay`, and why it is refused. */
const badKeys: [settings: object, why: string][] = [
  [{}, "hostKeys: the registry relay needs the host's key; lighthouse-host key prints it"],
  [{ hostKeys: KEY }, "hostKeys: it is not a list of hosts' keys; lighthouse-host key prints it"],
  [{ hostKeys: [7] }, "hostKeys[0]: it is not text"],
  [
    { hostKeys: [`Pi=${KEY}`] },
    'hostKeys[0]: "Pi" is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens',
  ],
  [{ hostKeys: [KEY, `laptop=${KEY}`] }, "hostKeys[1]: laptop is in the list twice"],
  // No point of the curve; a compressed point; another encoding.
  ...[`B${"A".repeat(86)}`, KEY.slice(0, 44), `laptop=${KEY}=`, "pi="].map((
    key,
  ): [object, string] => [
    { hostKeys: [key] },
    "hostKeys[0]: it ends with no host's public key; lighthouse-host key prints it",
  ]),
  [
    { hostKeys: Array.from({ length: 30 }, (_, at) => `h${at}=${KEY}`) },
    "hostKeys: 2749 characters are more than 2500",
  ],
  [
    { hostKeys: [KEY], hosts: ["pi"] },
    "hosts: names are for the registry s3; with relay, hostKeys names the hosts",
  ],
  [
    { hostKeys: [KEY], hostUser: true },
    "hostUser: with the registry relay, hosts need no rights in AWS",
  ],
  [
    { hostKeys: [KEY], hostRoleFor: "arn:aws:iam::123456789012:role/laptop" },
    "hostRoleFor: with the registry relay, hosts need no rights in AWS",
  ],
];
for (const [settings, why] of badKeys) {
  test(`with the registry relay, ${JSON.stringify(settings).slice(0, 60)} is refused: ${why}`, () => {
    const all = { allowedOrigins: [ORIGIN], registry: "relay", ...settings };
    assert.is(messageOf(() => parseSettings(all)), `Cannot use ${why}`);
  });
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}

test.run();
