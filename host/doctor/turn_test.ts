import { createSocket } from "node:dgram";
import { once } from "node:events";
import * as assert from "uvu/assert";
import { startCoturn } from "../../tools/testing/coturn.ts";
import { freePort } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { type IceUrl, parseIceUrl } from "../../wire/mod.ts";
import { sourceOf } from "../ice/sources.ts";
import { checkTurn } from "./turn.ts";

const test = suite("turn check", { deadline: 20_000 });

const RIGHT = { username: "u", credential: "p" };
const url = (text: string): IceUrl => parseIceUrl(text)!;

test("a server that gives an allocation is well, by UDP, TCP and TLS", async () => {
  await using turn = await startCoturn();
  const { address, port, tlsPort, ca } = turn;
  for (
    const server of [
      `turn:${address}:${port}`,
      `turn:${address}:${port}?transport=tcp`,
      `turns:${address}:${tlsPort}`,
    ]
  ) {
    const verdict = await checkTurn(url(server), RIGHT, ca);
    assert.is(verdict.outcome, "well", `${server}: ${JSON.stringify(verdict)}`);
  }
});

test("wrong credentials, a foreign certificate and a port without a server are told apart", async () => {
  await using turn = await startCoturn();
  const { address, port, tlsPort } = turn;
  for (const way of ["udp", "tcp"]) {
    const server = url(`turn:${address}:${port}?transport=${way}`);
    const verdict = await checkTurn(server, { ...RIGHT, credential: "wrong" });
    assert.is(verdict.outcome === "refused" && verdict.code, 401, way);
  }
  const foreign = await checkTurn(url(`turns:${address}:${tlsPort}`), RIGHT);
  assert.match(foreign.outcome === "unreachable" ? foreign.reason : "", /self-signed certificate/);
  const closed = await checkTurn(url(`turn:127.0.0.1:${await freePort()}?transport=tcp`), RIGHT);
  assert.match(closed.outcome === "unreachable" ? closed.reason : "", /ECONNREFUSED/);
});

test("a server that says nothing is unreachable", async () => {
  const silent = createSocket("udp4").bind(0, "127.0.0.1");
  await once(silent, "listening");
  const verdict = await checkTurn(url(`turn:127.0.0.1:${silent.address().port}`), RIGHT);
  assert.equal(verdict, { outcome: "unreachable", reason: "no answer" });
  silent.close();
});

test("coturn takes the credential of a shared secret, and none that is expired or of another secret", async () => {
  await using turn = await startCoturn({ secret: "north" });
  const server = url(`turn:${turn.address}:${turn.port}`);
  const ask = async (secret: string, now: number) => {
    const source = sourceOf({ urls: ["turn:x"], secret }, { fetch, now: () => now });
    const [{ username = "", credential = "" } = {}] = await source.renew(AbortSignal.timeout(1000));
    const verdict = await checkTurn(server, { username, credential });
    return verdict.outcome === "refused" ? verdict.code : verdict.outcome;
  };
  assert.is(await ask("north", Date.now()), "well");
  assert.is(await ask("south", Date.now()), 401);
  assert.is(await ask("north", Date.now() - 48 * 3_600_000), 401);
});

test.run();
