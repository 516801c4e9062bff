import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { adaptPolicies, type PolicyOptions } from "./policy.ts";

const test = suite("policy");

const SCRIPTS = ["https://me.example/lighthouse/inject.js", "https://me.example/sw.js"];
const SAVE = "https://me.example/.lighthouse/save";
const ADDED = SCRIPTS.join(" ");
const OWN = "object-src data: blob:";

/** The policies and the nonce that become of an app's. */
function adapted(policy: string | null, options: Partial<PolicyOptions> = {}) {
  const headers = new Headers(policy === null ? {} : { "content-security-policy": policy });
  const nonce = adaptPolicies(headers, {
    scripts: SCRIPTS,
    save: SAVE,
    isFramed: false,
    backends: [],
    makeNonce: () => "OWN",
    ...options,
  });
  const policies = headers.get("content-security-policy")!.split(", ");
  return { policies, nonce };
}

test("an app without a policy gets one against plugins only", () => {
  assert.equal(adapted(null), { policies: [OWN], nonce: undefined });
});

for (
  const [what, policy, expected, nonce] of [
    ["'self'", "script-src 'self'", `script-src 'self' ${ADDED}`],
    ["'none'", "script-src 'none'", `script-src ${ADDED}`],
    ["no source", "script-src", `script-src ${ADDED}`],
    ["'unsafe-inline'", "script-src 'unsafe-inline'", `script-src 'unsafe-inline' ${ADDED}`],
    ["a nonce", "script-src 'nonce-A'", "script-src 'nonce-A'", "A"],
    ["a nonce in upper case", "Script-Src 'NONCE-A'", "script-src 'NONCE-A'", "A"],
    [
      "a nonce and 'strict-dynamic'",
      "script-src 'strict-dynamic' 'nonce-A' https:",
      "script-src 'strict-dynamic' 'nonce-A' https:",
      "A",
    ],
    ["a hash", "script-src 'sha256-x='", "script-src 'sha256-x=' 'nonce-OWN'", "OWN"],
    [
      "a hash and 'unsafe-inline'",
      "script-src 'unsafe-inline' 'sha384-x'",
      "script-src 'unsafe-inline' 'sha384-x' 'nonce-OWN'",
      "OWN",
    ],
    [
      "'strict-dynamic'",
      "script-src 'strict-dynamic'",
      "script-src 'strict-dynamic' 'nonce-OWN'",
      "OWN",
    ],
    [
      "default-src",
      "default-src 'self'; img-src *",
      `default-src 'self'; img-src *; script-src 'self' ${ADDED}`,
    ],
    [
      "script-src-elem",
      "script-src 'self'; script-src-elem 'nonce-A'",
      "script-src 'self'; script-src-elem 'nonce-A'",
      "A",
    ],
    [
      "a directive that comes twice",
      "script-src 'self'; script-src *",
      `script-src 'self' ${ADDED}`,
    ],
    ["no word about scripts", "img-src 'self'", "img-src 'self'"],
  ] as const
) {
  test(`a policy with ${what} lets the script in`, () => {
    assert.equal(adapted(policy), { policies: [expected, OWN], nonce });
  });
}

for (
  const [policy, expected] of [
    ["frame-src 'none'", `frame-src ${SAVE}`],
    ["frame-src https://other.example", `frame-src https://other.example ${SAVE}`],
    ["child-src 'none'", `child-src 'none'; frame-src ${SAVE}`],
    ["frame-src 'self'", "frame-src 'self'"],
    [
      "frame-src *; default-src 'none'; script-src *",
      `frame-src *; default-src 'none'; script-src * ${ADDED}`,
    ],
  ] as const
) {
  test(`${policy} lets in what saves a file`, () => {
    assert.is(adapted(policy).policies[0], expected);
  });
}

test("several policies all let the script in, by one nonce", () => {
  assert.equal(adapted("script-src 'self', script-src 'nonce-A', default-src 'nonce-B'"), {
    policies: [
      `script-src 'self' ${ADDED}`,
      "script-src 'nonce-A'",
      `default-src 'nonce-B'; frame-src 'nonce-B' ${SAVE}; script-src 'nonce-B' 'nonce-A'`,
      OWN,
    ],
    nonce: "A",
  });
});

test("policies that only report are adapted, too, and report nothing", () => {
  const name = "content-security-policy-report-only";
  const headers = new Headers({ [name]: "script-src 'nonce-A'; report-uri /report; report-to x" });
  const options = { scripts: SCRIPTS, save: SAVE, isFramed: false, backends: [] };
  assert.is(adaptPolicies(headers, options), "A");
  assert.is(headers.get(name), "script-src 'nonce-A'");
});

test("a policy that only reports to somewhere is gone", () => {
  assert.equal(adapted("report-uri https://other.example/").policies, [OWN]);
});

test("frame-ancestors makes way for the shell's frame only", () => {
  const policy = "frame-ancestors 'none'; img-src *";
  assert.equal(adapted(policy).policies, [policy, OWN]);
  assert.equal(adapted(policy, { isFramed: true }).policies, [
    "img-src *",
    `${OWN}; frame-ancestors 'self'`,
  ]);
});

test("forms stay in the site where that is a part of its origin", () => {
  const { policies } = adapted("form-action *", { forms: "https://me.example/repo/" });
  assert.equal(policies, ["form-action *", `${OWN}; form-action https://me.example/repo/`]);
});

for (
  const [policy, expected] of [
    ["img-src http://127.0.0.1:5000", "img-src http://127.0.0.1:5000 'self'"],
    ["connect-src ws://localhost:5000/socket", "connect-src ws://localhost:5000/socket 'self'"],
    ["img-src 'self' 127.0.0.1:5000", "img-src 'self' 127.0.0.1:5000"],
    ["img-src http://127.0.0.1:50001", "img-src http://127.0.0.1:50001"],
    ["frame-ancestors http://127.0.0.1:5000", "frame-ancestors http://127.0.0.1:5000"],
  ] as const
) {
  test(`a backend that names itself means this site: ${policy}`, () => {
    const backends = ["127.0.0.1:5000", "localhost:5000"];
    assert.equal(adapted(policy, { backends }).policies, [expected, OWN]);
  });
}

test("a document with an origin of its own, which has no worker, may load nothing", () => {
  const own = "default-src data: blob: 'unsafe-inline' 'unsafe-eval'; " +
    `${OWN}; form-action 'none'`;
  assert.equal(adapted("sandbox allow-scripts").policies, ["sandbox allow-scripts", own]);
  const forms = "https://me.example/repo/";
  assert.equal(adapted("sandbox", { forms }).policies, ["sandbox", own]);
  const policy = "sandbox allow-scripts allow-same-origin";
  assert.equal(adapted(policy).policies, [policy, OWN]);
});

test("each nonce of its own is another", () => {
  const nonces = [1, 2].map(() => adapted("script-src 'sha256-x'", { makeNonce: undefined }).nonce);
  assert.match(nonces[0]!, /^[\w+/]{24}$/);
  assert.is.not(nonces[0], nonces[1]);
});

test.run();
