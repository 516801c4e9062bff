// The rule about imports: what it refuses, and what it lets through.
import * as assert from "uvu/assert";
import { wrongImports } from "./imports.ts";
import { suite } from "./testing/suite.ts";

const test = suite("imports");

const cases: [file: string, source: string, isWrong: boolean][] = [
  ["wire/a.ts", 'import { b } from "./b.ts";', false],
  ["wire/a.ts", 'import { b } from "../host/b.ts";', true],
  ["wire/a.ts", 'import { Buffer } from "node:buffer";', true],
  ["wire/a.ts", 'import "uvu";', true],
  ["wire/a.ts", 'import { CipherSuite } from "@hpke/core";', false],
  ["relay/relay.ts", 'import { CipherSuite } from "@hpke/core";', true],
  ["wire/a_test.ts", 'import { suite } from "../tools/testing/suite.ts";', false],
  ["relay/relay.ts", 'import { x } from "../wire/signal/envelope.ts";', false],
  ["relay/relay.ts", 'import { x } from "../wire/session/session.ts";', true],
  ["relay/relay.ts", 'import { AwsClient } from "aws4fetch";', true],
  ["relay/connections.ts", 'import { AwsClient } from "aws4fetch";', false],
  ["relay/main.ts", 'import { LambdaClient } from "@aws-sdk/client-lambda";', true],
  ["host/a.ts", 'import { x } from "../wire/mod.ts";', false],
  ["host/a.ts", 'import { x } from "../wire/session/frame.ts";', true],
  ["host/a.ts", 'import { x } from "../components/mod.ts";', true],
  ["host/commands/a.ts", 'import { x } from "../../wire/mod.ts";', false],
  ["components/a.ts", 'import { x } from "../wire/mod.ts";', false],
  ["components/a.ts", 'import { x } from "../host/a.ts";', true],
  ["components/a.ts", 'import { x } from "node:fs";', true],
  ["components/a.ts", 'export {\n  x,\n} from "../relay/relay.ts";', true],
  ["host/a.ts", 'import { x } from "./a_test.ts";', true],
  ["stack/a.ts", 'import { x } from "./b.ts";', false],
  ["stack/a.ts", 'import * as aws from "@pulumi/aws";', false],
  ["stack/a.ts", 'import { existsSync } from "node:fs";', false],
  ["stack/a.ts", 'import { handler } from "../relay/main.ts";', true],
  ["stack/a.ts", 'import { errorCodes } from "../wire/mod.ts";', true],
  ["stack/a.ts", 'import { LambdaClient } from "@aws-sdk/client-lambda";', true],
  ["stack/a.ts", 'import { x } from "./testing/engine.ts";', true],
  ["relay/main.ts", 'import { x } from "../stack/policy.ts";', true],
  ["host/a.ts", 'import { x } from "../stack/mod.ts";', true],
];
for (const [file, source, isWrong] of cases) {
  test(`${file}: ${source.replaceAll(/\s+/g, " ")} is ${isWrong ? "refused" : "let through"}`, () => {
    assert.is(wrongImports(new Map([[file, source]])).length > 0, isWrong);
  });
}

test.run();
