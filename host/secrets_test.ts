// No secret leaves its place: everything that a host's whole life has printed, stored, and been called
// with is searched, from the first pairing to a revoked device.
import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { startBridge } from "../tools/local/bridge.ts";
import { run, start } from "../tools/testing/program.ts";
import { suite } from "../tools/testing/suite.ts";
import { temporaryFolder } from "../tools/testing/temporary_folder.ts";
import {
  type Acceptance,
  DEFAULT_HOST,
  formatProtocols,
  formatSendSignal,
  parsePairingFragment,
  parseRelayMessage,
  sendRequest,
  type Signal,
  toBase64url,
} from "../wire/mod.ts";
import { endPeers } from "./peers/peer.ts";
import { accepted, outcomeOf, TestDevice } from "./testing/access.ts";
import { TestPage } from "./testing/page.ts";

const test = suite("secrets", { deadline: 60_000 });

/** A text in the forms in which it may turn up. */
function formsOf(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  return ["base64url", "base64", "hex", "latin1"].map((form) =>
    buffer.toString(form as BufferEncoding).replace(/=+$/, "")
  );
}

test("no secret is in a log, an error, an argument, or a file but its own", async () => {
  const folder = temporaryFolder();
  const state = join(folder, "state");
  const environment = { LIGHTHOUSE_STATE: state, XDG_CONFIG_HOME: folder };
  const page = "https://me.github.io/notes/";
  /** What was printed, and the command lines. */
  const seen: string[] = [];
  const signals: string[] = [];
  {
    await using bridge = await startBridge({ propagation: 100, state, isPublic: false });
    const host = bridge.startHost(["--page", page]);
    await host.until("online");
    const pairing = start(["pair", "--json"], { ...environment, LIGHTHOUSE_PAGE: page });
    const { link } = JSON.parse(await pairing.until(/"pairing"/));
    seen.push(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }));

    const { hostKey, secret, admission } = parsePairingFragment(new URL(link).hash)!;
    const protocols = formatProtocols({ host: DEFAULT_HOST, value: admission! });
    const device = await TestDevice.create({ publicKey: hostKey });
    device.sender = { kind: "pairing", secret };
    const origin = bridge.page.origins[0]!;
    const ask = async (data: unknown): Promise<Signal | undefined> => {
      const socket = new WebSocket(bridge.gateway.url, protocols, { origin });
      await new Promise((resolve) => socket.on("open", resolve));
      const answered = new Promise((resolve) => socket.once("message", resolve));
      socket.send(formatSendSignal({ data }));
      const text = String(await answered);
      signals.push(JSON.stringify(data), text);
      socket.terminate();
      const message = parseRelayMessage(text);
      return message.kind === "signal" ? message.data as Signal : undefined;
    };
    let answer: Acceptance | undefined;
    await using connected = await TestPage.connect(async (sdp) => {
      const said = await device.offer(ask, { sdp, origin, name: "my phone" });
      answer = accepted(said);
      return answer;
    });
    const tagKey = answer!.tagKey!;
    assert.match(await pairing.until(/"paired"/), "my phone");
    const session = await connected.startSession();
    const request = { method: "GET", target: "/api/notes", headers: [], body: null };
    assert.is((await sendRequest(session, request)).status, 200);
    await host.until("device-paired");

    // Whatever else may be asked, and go wrong.
    const other = await TestDevice.create({ publicKey: hostKey });
    other.sender = device.sender;
    assert.is(outcomeOf(await other.offer(ask, { origin })), "pairing-used");
    await device.use(tagKey);
    assert.is(outcomeOf(await device.offer(ask, { origin: "https://x.example" })), "wrong-origin");
    assert.is(outcomeOf(await device.offer(ask, { origin }, 1)), "clock-skew");
    await ask({ type: "sealed-offer", v: 1, tag: toBase64url(secret), link });
    for (const args of [["devices"], ["devices", "--json"], ["revoke", "my phone"], ["key"]]) {
      const { output, errors } = await run(args, environment);
      seen.push(output, errors);
    }
    await host.until("device-revoked");
    await connected.closed;
    session.close();
    assert.is(outcomeOf(await device.offer(ask, { origin })), "device-revoked");
    const nobody = await run(
      ["run", "--relay", `${bridge.gateway.url}?${link}`, "--backend", "http://h"],
      environment,
    );
    assert.is(nobody.code, 2);
    seen.push(nobody.output, nobody.errors);
    await host.stop();
    seen.push(...host.lines.map((line) => JSON.stringify(line)), host.errors);
    seen.push(...pairing.lines.filter((line) => !line.includes('"event":"pairing"')));

    const jwk = JSON.parse(await readFile(join(state, "host.key"), "utf8"));
    const secrets: [name: string, forms: string[], place: RegExp][] = [
      ["the host's private key", formsOf(Buffer.from(jwk.d, "base64url")), /host\.key$/],
      ["the pairing's secret", formsOf(secret), /^$/],
      ["the pairing's admission", [admission!], /^$/],
      [
        "the admission key",
        [((await readFile(join(state, "admission.key"), "utf8")).trim()).trim()],
        /admission\.key$/,
      ],
      ["the device's admission", [answer!.admission!], /^$/],
      ["the link", [link.split("#lighthouse=")[1]], /^$/],
      ["the device's tag key", formsOf(tagKey), /devices\/[\da-f]{24}\.json$/],
    ];
    const files = await filesUnder(folder);
    assert.ok([...files.keys()].some((path) => path.endsWith("host.key")));
    for (const [name, forms, place] of secrets) {
      for (const form of forms) {
        for (const text of seen) assert.not.ok(text.includes(form), `${name} was printed: ${text}`);
        // What the page itself has sent in the clear just now, to try it, is no leak.
        const onRelay = signals.filter((text) => !text.includes('"link"'));
        for (const text of onRelay) assert.not.ok(text.includes(form), `${name} was sent`);
        for (const [path, text] of files) {
          if (!place.test(path)) assert.not.ok(text.includes(form), `${name} is in ${path}`);
        }
      }
    }
    assert.ok(seen.join().includes("device-paired") && signals.length >= 12);
  }
});

// A try of the test page that has failed (see TestPage.connect) holds the process without it.
test.after(() => endPeers());

/** All files' contents, by their paths. */
async function filesUnder(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path, (await readFile(path)).toString("latin1"));
  }
  return files;
}

test.run();
