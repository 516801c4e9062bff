import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { IdleConnections } from "./idle_connections.ts";
import type { GatewayEvent } from "./event.ts";

const test = suite("idle connections");

const MINUTE = 60_000;

/** Has an instance see events, and gives the connections that it closes at each. */
function instance(registered: Record<string, string> = {}) {
  const idle = new IdleConnections();
  const lookups: string[] = [];
  return {
    lookups,
    async see(event: GatewayEvent, now: number): Promise<string[]> {
      const closed: string[] = [];
      await idle.sweep(
        event,
        (host) => {
          lookups.push(host);
          return host === "down" ? Promise.reject(new Error()) : Promise.resolve(registered[host]);
        },
        (id) => Promise.resolve(void closed.push(id)),
        now,
      );
      return closed;
    },
  };
}

function opened(connectionId: string, ...protocols: string[]): GatewayEvent {
  return { kind: "connect", connectionId, protocols };
}

function message(connectionId: string): GatewayEvent {
  return { kind: "message", connectionId, body: "{}" };
}

test("a connection that was silent for two minutes is closed at the next event", async () => {
  const { see } = instance();
  await see(opened("page="), 0);
  assert.equal(await see(message("other="), 2 * MINUTE - 1), []);
  assert.equal(await see(message("other="), 2 * MINUTE), ["page="]);
  assert.equal(await see(message("other="), 9 * MINUTE), []);
});

test("a message keeps a connection for two minutes more", async () => {
  const { see } = instance();
  await see(opened("page="), 0);
  await see(message("page="), MINUTE);
  assert.equal(await see(message("other="), 2 * MINUTE), []);
  assert.equal(await see(message("other="), 3 * MINUTE), ["page="]);
});

test("a connection that has ended is not closed", async () => {
  const { see } = instance();
  await see(opened("page="), 0);
  await see({ kind: "disconnect", connectionId: "page=" }, MINUTE);
  assert.equal(await see(message("other="), 9 * MINUTE), []);
});

test("a connection that carries a session is left to the gateway", async () => {
  const { see } = instance();
  await see(opened("page="), 0);
  const data = { type: "relayed", v: 1, ct: "" };
  const body = JSON.stringify({ action: "sendSignal", data });
  await see({ kind: "message", connectionId: "page=", body }, MINUTE);
  await see(message("page="), MINUTE);
  assert.equal(await see(message("other="), 9 * MINUTE), []);
});

test("a registered host may be silent", async () => {
  const { see, lookups } = instance({ laptop: "one=", pi: "two=" });
  await see(opened("one="), 0);
  await see(opened("two=", "lighthouse", `admit.pi.${"A".repeat(22)}`), 0);
  await see(opened("three=", "lighthouse", "admit.pi"), 0);
  assert.equal(await see(message("other="), 9 * MINUTE), ["three="]);
  assert.equal(lookups, ["laptop", "pi", "pi"]);
});

test("where the registry does not answer, nobody is closed", async () => {
  const { see } = instance();
  await see(opened("page=", "admit.down"), 0);
  assert.equal(await see(message("other="), 9 * MINUTE), []);
});

test("one event closes three, the longest silent ones first", async () => {
  const { see } = instance();
  for (let at = 0; at < 5; at++) await see(opened(`${at}=`), at);
  await see(message("0="), 10);
  assert.equal(await see(message("other="), 9 * MINUTE), ["1=", "2=", "3="]);
  assert.equal(await see(message("other="), 9 * MINUTE), ["4=", "0="]);
});

test("an instance remembers a thousand", async () => {
  const { see } = instance();
  for (let at = 0; at < 1001; at++) await see(opened(`${at}=`), 0);
  assert.equal(await see(message("other="), 9 * MINUTE), ["1=", "2=", "3="]);
});

test.run();
