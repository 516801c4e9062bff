// A device says what terminals act on, wherever it can say something: none of it reaches the output of the
// program as it is.
import { createServer } from "node:http";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { startBridge } from "../tools/local/bridge.ts";
import { listen } from "../tools/testing/listen.ts";
import { pairingLink, run, start } from "../tools/testing/program.ts";
import { suite } from "../tools/testing/suite.ts";
import {
  formatSendSignal,
  LighthouseError,
  parsePairingFragment,
  parseRelayMessage,
  sendRequest,
  type Signal,
} from "../wire/mod.ts";
import { endPeers } from "./peers/peer.ts";
import { accepted, TestDevice } from "./testing/access.ts";
import { TestPage } from "./testing/page.ts";

const test = suite("hostile text", { deadline: 60_000 });

/** Clears a screen, sets a title, turns text around, forges a line with a level, and has no width. */
const HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\u2066\r\n<2>forged\u2028\x7f\u200b\u{e0041}";
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const modes: [what: string, flags: string[], environment: Record<string, string>, head: RegExp][] =
  [
    ["text", [], { NO_COLOR: "1" }, /^\d\d:\d\d:\d\d {2}[·●▲✗] /],
    ["JSON", ["--json"], {}, /^\{"time":/],
    ["the journal", [], { JOURNAL_STREAM: "8:1" }, /^<[3467]>(?!.*\n)/],
  ];
for (const [what, flags, environment, head] of modes) {
  test(`what a device says reaches the log as escapes: ${what}`, async () => {
    await using bridge = await startBridge({ propagation: 100, isPublic: false });
    // With a public service, the relay lets pages in without an admission.
    const all = ["run", ...bridge.hostFlags(), "--log-level", "debug", "--public", "/", ...flags];
    const host = start(all, { ...bridge.hostEnvironment, ...environment });
    await host.until(/online: /);
    const origin = bridge.page.origins[0]!;
    const link = await pairingLink(bridge.state, origin);
    const { hostKey, secret } = parsePairingFragment(new URL(link).hash)!;
    const device = await TestDevice.create({ publicKey: hostKey });
    device.sender = { kind: "pairing", secret };
    const ask = async (data: unknown): Promise<Signal | undefined> => {
      const socket = new WebSocket(bridge.gateway.url, { origin });
      await new Promise((resolve) => socket.on("open", resolve));
      const answered = new Promise((resolve) => socket.once("message", resolve));
      socket.send(formatSendSignal({ data }));
      const message = parseRelayMessage(String(await answered));
      socket.terminate();
      return message.kind === "signal" ? message.data as Signal : undefined;
    };
    await using page = await TestPage.connect(async (sdp) =>
      accepted(await device.offer(ask, { sdp, origin, name: `my ${HOSTILE} phone` }))
    );
    const session = await page.startSession();
    for (
      const target of [`/api/notes/${HOSTILE}`, `/api/notes/\u202e\u009b${"\u200b".repeat(3_000)}`]
    ) {
      const request = { method: "GET", target, headers: [], body: null };
      await sendRequest(session, request).catch(() => {});
    }
    // With "closed", the log has no reason.
    session.close(new LighthouseError("aborted", `bye ${HOSTILE}`));
    await host.until(/bye /);
    const shown = await Promise.all(
      [["devices"], ["devices", "--json"], ["status"], ["status", "--json"], ["logs"], [
        "logs",
        "--json",
      ]].map(async (args) => await run(args, { LIGHTHOUSE_STATE: bridge.state, NO_COLOR: "1" })),
    );
    await host.end();
    for (const line of host.lines) {
      assert.match(line, head);
      assert.not.match(line, UNSAFE);
      assert.ok(line.length < 6_000, `${line.length} characters`);
    }
    assert.match(host.lines.join("\n"), "\\u001b[2J");
    for (const { output, errors } of shown) {
      assert.not.match((output + errors).replaceAll("\n", ""), UNSAFE);
      assert.not.match(output, /^<2>/m);
    }
  });
}

test("what a relay says reaches the terminal as escapes", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(400, { "x-amzn-errortype": "x" }).end(HOSTILE);
  });
  await using served = await listen(server);
  const flags = [
    "--relay",
    `ws://127.0.0.1:${served.port}/prod`,
    "--backend",
    "http://127.0.0.1:9",
  ];
  const host = start(["run", ...flags, "--stun", "none"], { NO_COLOR: "1" });
  await host.until(/▲ /, 2);
  for (const line of host.lines) assert.not.match(line, UNSAFE);
  await host.end();
});

// A try of the test page that has failed (see TestPage.connect) holds the process without it.
test.after(() => endPeers());

test.run();
