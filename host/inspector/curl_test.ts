import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import type { HeaderField } from "../../wire/mod.ts";
import { curlCommand, type SentRequest } from "./curl.ts";

const test = suite("curl");

const run = promisify(execFile);

/** A request as a server got it. */
interface Got {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** Runs the command in a shell, with a server in place of the backend. */
async function got(
  { path = "/", method = "GET", headers = [], body, shell = "sh" }: {
    path?: string;
    method?: string;
    headers?: HeaderField[];
    body?: Uint8Array | string;
    shell?: string;
  },
): Promise<Got & { command: string; without: string[] }> {
  const seen = Promise.withResolvers<Got>();
  await using server = await listen(createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    seen.resolve({ method, url, headers, body: Buffer.concat(chunks) });
    response.end();
  }));
  const url = new URL(server.url + path);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const sent: SentRequest = { method, url, headers, body: bytes };
  const made = curlCommand(sent, (name) => name === "X-Api-Key");
  await run(shell, ["-c", made.command]);
  return { ...await seen.promise, ...made };
}

test("a plain GET is one short line", () => {
  const sent: SentRequest = { method: "GET", url: new URL("http://127.0.0.1:3000/a"), headers: [] };
  assert.is(curlCommand(sent, () => false).command, "curl http://127.0.0.1:3000/a");
});

test("a request reaches the backend as it was", async () => {
  const { method, url, headers, body } = await got({
    path: "/a%20b?x=[1]&y={2}&z='$(id)'&q=%27",
    method: "PUT",
    headers: [["X-Text", `it's "$HOME" \`id\` \\ !`], ["X-Empty", ""], ["Host", "other"]],
    body: 'it\'s\n"$(id)" `id` \\ grün\n',
  });
  assert.equal([method, url], ["PUT", "/a%20b?x=[1]&y={2}&z=%27$(id)%27&q=%27"]);
  assert.is(headers["x-text"], `it's "$HOME" \`id\` \\ !`);
  assert.is(headers["x-empty"], "");
  assert.match(headers["host"] as string, /^127\.0\.0\.1:/);
  assert.is(headers["content-type"], undefined);
  assert.is(body.toString(), 'it\'s\n"$(id)" `id` \\ grün\n');
});

for (const method of ["GET", "HEAD", "POST", "DELETE", "PATCH"]) {
  test(`${method} without a body is ${method} in bash, too`, async () => {
    assert.is((await got({ method, shell: "bash" })).method, method);
  });
}

test("a GET may have a body, and a POST its own type", async () => {
  assert.is((await got({ body: "a" })).method, "GET");
  const { headers, method } = await got({
    method: "POST",
    body: "@file",
    headers: [["Content-Type", "text/x-a"]],
  });
  assert.equal([method, headers["content-type"], headers["content-length"]], [
    "POST",
    "text/x-a",
    "5",
  ]);
});

for (
  const [what, bytes] of [
    ["all bytes", Uint8Array.from({ length: 256 }, (_, at) => at)],
    ["what ends a paste", "\x1b[201~\nid\n"],
    ["what turns text around", "a\u202eb\u2028c"],
    ["no bytes", ""],
  ] as const
) {
  test(`a body of ${what} arrives, and nothing in the command acts on a terminal`, async () => {
    const { body, command } = await got({ method: "POST", body: bytes });
    assert.is(body.compare(Buffer.from(bytes)), 0);
    assert.not.match(command, /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/u);
  });
}

test("secrets, the tunnel's own headers and unprintable ones are left out", async () => {
  const { headers, command, without } = await got({
    headers: [["X-Api-Key", "hush"], ["Lighthouse-Device", "k4h7"], ["X-Odd", "a\x9bb"], [
      "X-A",
      "b",
    ]],
  });
  assert.equal(without, ["X-Api-Key", "X-Odd"]);
  assert.not.match(command, /hush|k4h7|\x9b/);
  assert.equal([headers["x-a"], headers["x-api-key"], headers["x-odd"]], [
    "b",
    undefined,
    undefined,
  ]);
});

test("a Unix socket and an unknown certificate are named", () => {
  const url = new URL("https://localhost/");
  const sent: SentRequest = {
    method: "GET",
    url,
    headers: [],
    socketPath: "/run/my app",
    insecure: true,
  };
  const { command } = curlCommand(sent, () => false);
  assert.is(
    command.replaceAll(" \\\n ", ""),
    "curl https://localhost/ --unix-socket '/run/my app' --insecure",
  );
});

test.run();
