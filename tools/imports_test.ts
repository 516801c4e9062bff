// Tests the rules about imports.
import { posix } from "node:path";
import * as assert from "uvu/assert";
import { formatOwners, OWNERS, wrongImports } from "./imports.ts";
import { readSources } from "./sources.ts";
import { suite } from "./testing/suite.ts";

const test = suite("imports");

const cases: [file: string, source: string, isWrong: boolean][] = [
  ["wire/a.ts", 'import { b } from "./b.ts";', false],
  ["wire/a.ts", 'import { b } from "../host/b.ts";', true],
  ["wire/a.ts", 'import { Buffer } from "node:buffer";', true],
  ["wire/a.ts", 'import "uvu";', true],
  ["wire/a.ts", 'import { CipherSuite } from "@hpke/core";', true],
  ["relay/relay.ts", 'import { CipherSuite } from "@hpke/core";', true],
  ["wire/a_test.ts", 'import { suite } from "../tools/testing/suite.ts";', false],
  ["relay/relay.ts", 'import { x } from "../wire/signal/envelope.ts";', false],
  ["relay/relay.ts", 'import { x } from "../wire/session/session.ts";', true],
  ["relay/relay.ts", 'import { AwsClient } from "aws4fetch";', true],
  ["host/signalling/s3_object.ts", 'import { AwsV4Signer } from "aws4fetch";', false],
  ["relay/main.ts", 'import { LambdaClient } from "@aws-sdk/client-lambda";', true],
  ["relay/relay.ts", 'import process from "node:process";', true],
  ["host/a.ts", 'import { x } from "../wire/mod.ts";', false],
  ["host/a.ts", 'import { x } from "../wire/session/frame.ts";', true],
  ["host/a.ts", 'import { x } from "../components/mod.ts";', true],
  ["host/commands/a.ts", 'import { x } from "../../wire/mod.ts";', false],
  ["host/a.ts", 'import { join } from "node:path";', false],
  ["host/a.ts", 'import { DatabaseSync } from "node:sqlite";', true],
  ["host/control/lock.ts", 'import { DatabaseSync } from "node:sqlite";', false],
  ["host/a.ts", 'import { WebSocket } from "ws";', true],
  ["host/proxy/websocket.ts", 'import { WebSocket } from "ws";', false],
  ["host/proxy/a.ts", 'import type { IncomingMessage } from "node:http";', true],
  ["host/a.ts", 'import left from "left-pad";', true],
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
  // Dynamic imports.
  ["host/a.ts", 'await import("../components/mod.ts");', true],
  ["host/a.ts", 'await import("./b.ts");', false],
  ["host/a.ts", "await import(`ws`);", true],
  ["host/a.ts", "await import(name);", true],
  ["host/a.ts", "await import(`./${name}.ts`);", true],
  ["components/a.ts", 'function f() {\n  return import("simple-peer");\n}', true],
  ["host/a.ts", 'const { request } = process.getBuiltinModule("node:http");', true],
  ["host/a.ts", 'process.getBuiltinModule("node:os");', false],
  ["wire/a.ts", 'globalThis.process.getBuiltinModule("node:os");', true],
  ["host/a.ts", "process.getBuiltinModule(name);", true],
  ["host/a.ts", 'require("ws");', true],
  ["wire/a.ts", 'export type A = import("../host/a.ts").A;', true],
  ["wire/a.ts", 'export * from "node:fs";', true],
  // Platform globals.
  ["components/a.ts", 'indexedDB.open("x");', true],
  ["components/a.ts", 'globalThis.indexedDB.open("x");', true],
  ["components/identity/device_store.ts", 'indexedDB.open("x");', false],
  ["components/a.ts", "export interface A {\n  indexedDB: IDBFactory;\n}", false],
  // Comments and strings.
  ["wire/a.ts", '// import { x } from "../host/b.ts";', false],
  ["wire/a.ts", "const text = 'import { x } from \"node:fs\";';", false],
];
for (const [file, source, isWrong] of cases) {
  test(`${file}: ${source.replaceAll(/\s+/g, " ")} is ${isWrong ? "refused" : "let through"}`, () => {
    const lines = wrongImports(new Map([[file, source]]));
    // These sources hold only one of the owners.
    assert.is(lines.filter((line) => !line.includes("take it out of OWNERS")).length > 0, isWrong);
  });
}

test("a circle is refused, imports of types and import() included", () => {
  const lines = wrongImports(
    new Map([
      ["tools/a.ts", 'import { b } from "./b.ts";'],
      ["tools/b.ts", 'import type { C } from "./c.ts";'],
      ["tools/c.ts", 'await import("./a.ts");'],
      ["tools/d.ts", 'import { a } from "./a.ts";'],
    ]),
  );
  assert.equal(lines, ["tools/a.ts → tools/b.ts → tools/c.ts → tools/a.ts is a circle"]);
});

test("an owner that does not use its library or platform is refused", () => {
  const lines = wrongImports(new Map([["host/control/metrics.ts", "export {};"]]));
  assert.ok(
    lines.includes("host/control/metrics.ts does not use prom-client: take it out of OWNERS"),
  );
});

test("the sources keep the rules", async () => {
  assert.equal(wrongImports(await readSources()), []);
});

test("each owner's pattern is the path of a file", async () => {
  const files = [...(await readSources()).keys()];
  const missing = OWNERS.flatMap((owner) => owner.files)
    .filter((pattern) => !files.some((file) => posix.matchesGlob(file, pattern)));
  assert.equal(missing, []);
});

test("formatOwners() has a row for each owner, as wide as the others", () => {
  const lines = formatOwners().split("\n");
  assert.is(lines.length, OWNERS.length + 2);
  assert.is(new Set(lines.map((line) => line.length)).size, 1);
  assert.ok(formatOwners().includes("`host/control/metrics.ts`"));
});

test.run();
