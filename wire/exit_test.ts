// A session that is over leaves no timer: the process ends by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";

const test = suite("exit");

/** Connects a page with a host and lets one request through; `host` and `page` are then in scope. */
const CONNECT = `
  import { Session, sendRequest, serveRequest } from "./mod.ts";
  import { MemoryChannel } from "./testing/channel_pair.ts";
  const channels = MemoryChannel.pair();
  const handler = () => Promise.resolve({ status: 204, statusText: "", headers: [], body: null });
  const onStream = (stream) => serveRequest(stream, handler);
  const host = new Session(channels[1], { onStream, pingInterval: 50 });
  const page = new Session(channels[0], { pingInterval: 50 });
  await sendRequest(page, { method: "GET", target: "/", headers: [], body: null });
`;

for (
  const [what, script] of [
    ["close() by the page", "page.close();"],
    ["close() by the host", "host.close();"],
    ["the channel's end", "channels[0].close();"],
    ["silence", "channels[0].stalled = channels[1].stalled = true;"],
  ] as const
) {
  test(`after ${what} the process ends by itself`, async () => {
    const child = spawn(
      process.execPath,
      ["--input-type=module", "--eval", CONNECT + script],
      { cwd: import.meta.dirname, stdio: ["ignore", "ignore", "inherit"] },
    );
    const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
    const [code, signal] = await once(child, "exit");
    clearTimeout(timer);
    assert.is(signal, null, "it had to be killed");
    assert.is(code, 0);
  });
}

test.run();
