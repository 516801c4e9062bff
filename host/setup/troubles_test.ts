import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { explainTrouble } from "./troubles.ts";

const test = suite("troubles");

/** Errors as Pulumi's AWS provider and its engine word them, and what is to be said. */
const CASES: [trouble: string, explained: RegExp][] = [
  [
    "creating IAM Role (lighthouse-relay-1a2b3c4): operation error IAM: CreateRole, https response error " +
    "StatusCode: 403, RequestID: 6f1c9d5e, api error AccessDenied: User: arn:aws:iam::123456789012:user/dev " +
    "is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/lighthouse-relay",
    /lack the right iam:CreateRole\. .* goes on from here \(creating IAM Role/,
  ],
  [
    "creating Lambda Function (SignalingRelay): operation error Lambda: CreateFunction, https response error " +
    "StatusCode: 409, RequestID: 6f1c9d5e, ResourceConflictException: Function already exist: SignalingRelay",
    /has a Lambda SignalingRelay in this region already.*--function SignalingRelay2/,
  ],
  [
    "creating CloudWatch Logs Log Group (/aws/lambda/SignalingRelay): operation error CloudWatch Logs: " +
    "CreateLogGroup, ResourceAlreadyExistsException: The specified log group already exists",
    /log group \/aws\/lambda\/SignalingRelay is there already.*--function NAME.*aws logs delete-log-group --log-group-name \/aws\/lambda\/SignalingRelay\. Then/,
  ],
  [
    "creating IAM Role (lighthouse): EntityAlreadyExists: Role with name lighthouse already exists.",
    /has lighthouse in IAM already/,
  ],
  [
    "operation error STS: api error ExpiredToken: The security token included in the request is expired",
    /have expired meanwhile/,
  ],
  ["error: getting secrets manager: incorrect passphrase", /not that of the state/],
  [
    "Could not automatically download and install resource plugin 'pulumi-resource-aws' at version v7.48.0",
    /cannot download its AWS plugin\. Is there a network\?/,
  ],
  [
    "error: something new\nwith details",
    /^Cannot deploy: error: something new\. Then run the same/,
  ],
];
for (const [trouble, explained] of CASES) {
  test(`${trouble.slice(0, 60)}… is explained`, () => {
    assert.match(explainTrouble([trouble], ""), explained);
    assert.match(explainTrouble([], trouble), explained);
  });
}

test("what AWS says goes before what follows from it, and colours go", () => {
  const follow = "<{%reset%}>update failed<{%reset%}>";
  const explained = explainTrouble([follow, CASES[1]![0]], "exit status 255");
  assert.match(explained, /Lambda SignalingRelay/);
  assert.is(
    explainTrouble(["<{%fg 1%}>error:<{%reset%}> broken."], ""),
    "Cannot deploy: error: broken. Then run the same command again: it goes on from here",
  );
});

test.run();
