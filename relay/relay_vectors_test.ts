// The vectors of what the relay makes of a message (docs/connecting.md).
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { readVectors } from "../wire/testing/read_vectors.ts";
import { relay } from "./relay.ts";

const test = suite("relay vectors");

const { connections, relayed } = readVectors<{
  connections: Record<string, string>;
  relayed: {
    name: string;
    sender: string;
    text: string;
    /** Connections that are closed. */
    gone?: string[];
    /** Who gets what; or what the sender is told, and about which receiver. */
    to?: string;
    message?: unknown;
    error?: string;
    errorTo?: string;
  }[];
}>("envelopes.json");

for (const { name, sender, text, gone = [], to, message, error, errorTo } of relayed) {
  test(name, async () => {
    const delivered: { to: string; text: string }[] = [];
    const result = await relay(
      { kind: "message", connectionId: sender, body: text },
      { lookup: (host) => Promise.resolve(connections[host]), allowedOrigins: [] },
      (to, text) => {
        if (gone.includes(to)) return Promise.resolve("gone");
        delivered.push({ to, text });
        return Promise.resolve("delivered");
      },
    );
    assert.equal(result, { statusCode: 200 });
    assert.is(delivered.length, 1);
    const [only] = delivered;
    const body = JSON.parse(only!.text);
    if (error === undefined) return assert.equal([only!.to, body], [to, message]);
    assert.is(only!.to, sender);
    assert.equal(Object.keys(body), ["error"]);
    assert.equal([body.error.code, body.error.to], [error, errorTo]);
    assert.type(body.error.message, "string");
  });
}

test.run();
