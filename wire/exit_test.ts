// A session that is over leaves no timer: the process ends by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";

const test = suite("exit");

/** Connects a page with a host and lets one request through; `host` and `page` are then in scope. */
const CONNECT = `
  import { sendRequest, serveRequest } from "./mod.ts";
  import { connectSessions } from "./testing/session_pair.ts";
  const handler = () => Promise.resolve({ status: 204, statusText: "", headers: [], body: null });
  const onStream = (stream) => serveRequest(stream, handler);
  const look = { look: 50, silent: 100 };
  const options = { liveness: { busy: look, idle: look, dead: 300 }, deadline: 300 };
  const { page, host, channels } = await connectSessions({
    page: options,
    host: { ...options, onStream },
  });
  await sendRequest(page, { method: "GET", target: "/", headers: [], body: null });
`;

for (
  const [what, script] of [
    ["close() by the page", "page.close();"],
    ["close() by the host", "host.close();"],
    ["the channel's end", "channels.page.close();"],
    ["silence", "channels.page.stalled = channels.host.stalled = true;"],
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
