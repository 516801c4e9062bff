// The servers that listen on the laptop itself: the control socket, and the inspector.
import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Monitor } from "../../../host/control/monitor.ts";
import { serveControl } from "../../../host/control/server.ts";
import { askHost, controlPath } from "../../../host/control/socket.ts";
import { Exchanges } from "../../../host/inspector/exchanges.ts";
import { startInspector } from "../../../host/inspector/server.ts";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import type { Target } from "../target.ts";

/** Time for an answer, in milliseconds: a follower's has no end. */
const ANSWER_MS = 200;

/** Sends bytes to a server. @returns What it answers, until it ends or pauses. */
async function ask(address: { path: string } | { port: number }, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", ...address });
  let answer = "";
  const timer = setTimeout(resolve, ANSWER_MS);
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
    if (answer.includes("\r\n\r\n")) setTimeout(resolve, 5);
  });
  socket.on("error", () => {}).on("close", resolve);
  socket.end(bytes, "latin1");
  await promise;
  clearTimeout(timer);
  socket.destroy();
  return answer;
}

const REQUESTS = [
  "GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "GET /logs?lines=3&follow=yes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "POST /settings HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
];

export const controlSocket: Target = {
  name: "control-socket",
  invariant: "Whatever bytes come to the control socket, the next status is answered.",
  async start(stack) {
    const state = join(temporaryFolder(), "state");
    stack.use(
      await serveControl({
        state,
        monitor: new Monitor(),
        metrics: { send: (response) => Promise.resolve(void response.end("")) },
        devices: () => [],
        describe: () => Promise.resolve({}),
        settings: () => ({}),
      }),
    );
    return async (draw) => {
      await ask({ path: controlPath(state) }, draw.mutateText(draw.pick(REQUESTS)));
      const answer = await askHost(state, "/status");
      assert.is(answer?.statusCode, 200);
      answer?.resume();
    };
  },
};

const FILES = /^GET \/(?:inspector\.(?:js|css))?(?:[?#]| )/;

export const inspector: Target = {
  name: "inspector",
  invariant: "Without its token, the inspector gives nothing but its three files.",
  async start(stack) {
    const exchanges = new Exchanges();
    const handler = () => Promise.reject(new Error("A replay without the token"));
    const server = stack.use(
      await startInspector({ exchanges, handler, sentOf: () => undefined, port: 0 }),
    );
    const port = Number(new URL(server.url).port);
    const token = new URLSearchParams(new URL(server.url).hash.slice(1)).get("token")!;
    const wrong = token.slice(1) + (token[0] === "A" ? "B" : "A");
    const requests = [
      "GET /api/exchanges",
      "POST /api/exchanges/1/replay",
      "PUT /api/bodies",
      "GET /",
    ];
    return async (draw) => {
      const head = `${draw.pick(requests)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `Authorization: Bearer ${wrong}\r\nConnection: close\r\n\r\n`;
      const text = draw.mutateText(head);
      if (text.includes(token)) return;
      const answer = await ask({ port }, text);
      const isGiven = / 200 OK\r\n/.test(answer) &&
        !/content-type: text\/(?:html|javascript|css)/i.test(answer);
      assert.not.ok(
        isGiven && !FILES.test(text),
        `${JSON.stringify(text)}: ${answer.slice(0, 200)}`,
      );
    };
  },
};
