import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as assert from "uvu/assert";
import { failureOf } from "../../wire/testing/failure.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type Backend, type BackendOptions, startBackend } from "./backend.ts";
import type { Note } from "./backend_notes.ts";

const test = suite("backend");

/** Runs a backend on a file in a new folder for as long as `use` takes. */
async function withBackend(
  use: (backend: Backend, file: string) => Promise<void>,
  { content, routes }: { content?: string; routes?: BackendOptions["routes"] } = {},
): Promise<void> {
  const file = join(temporaryFolder(), "notes.json");
  if (content !== undefined) await writeFile(file, content);
  await using backend = await startBackend({ file, routes });
  await use(backend, file);
}

function post(url: string, body: BodyInit): Promise<Response> {
  return fetch(url, { method: "POST", body });
}

function postNote(backend: Backend, text: unknown): Promise<Response> {
  return post(`${backend.url}/api/notes`, JSON.stringify({ text }));
}

async function listNotes(backend: Backend): Promise<Note[]> {
  return await (await fetch(`${backend.url}/api/notes`)).json();
}

async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  return (await response.json()).error;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Whether a TCP connection to the address opens. */
function reachable(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

test("startBackend() listens on 127.0.0.1 and on no other address of this machine", async () => {
  await withBackend(async ({ port }) => {
    assert.ok(await reachable("127.0.0.1", port));
    const interfaces = Object.entries(networkInterfaces());
    const others = interfaces.flatMap(([name, list = []]) =>
      list.filter(({ address }) => address !== "127.0.0.1")
        .map(({ address, scopeid }) => scopeid ? `${address}%${name}` : address)
    );
    // Where 127/8 is local, 127.0.0.2 is this machine, too, so the list is never empty.
    for (const address of [...others, "127.0.0.2", "::1"]) {
      assert.not(await reachable(address, port), `reachable on ${address}`);
    }
  });
});

test("startBackend() says which port is in use", async () => {
  await withBackend(async ({ port }, file) => {
    const error = await failureOf(startBackend({ file, port }));
    assert.is(error.message, `Cannot start the backend: port ${port} is in use`);
  });
});

test("a missing file is an empty list", async () => {
  await withBackend(async (backend) => assert.equal(await listNotes(backend), []));
});

for (
  const [title, content, why] of [
    ["no JSON", "[{", /in JSON/],
    ["no list", '{"a":1}', /it is not a list/],
    ["a wrong note", '[{"id":"1","text":"a","created":""},{"id":"2","text":5}]', /\[1\]\.text/],
    ["null among them", "[null]", /\[0\]\.id/],
  ] as const
) {
  test(`a file with ${title} is refused with its name, and stays unchanged`, async () => {
    await withBackend(async (_backend, good) => {
      const file = `${good}.bad`;
      await writeFile(file, content);
      const { message } = await failureOf(startBackend({ file }));
      assert.ok(message.startsWith(`Cannot read the notes in ${file}: `), message);
      assert.match(message, why);
      assert.match(message, /Repair the file, or delete it/);
      assert.is(await readFile(file, "utf8"), content);
    });
  });
}

test("notes are added, trimmed, listed oldest first and deleted", async () => {
  await withBackend(async (backend) => {
    const answer = await postNote(backend, "  first é 🗼\n");
    assert.is(answer.status, 201);
    const first: Note = await answer.json();
    assert.is(first.text, "first é 🗼");
    assert.ok(Math.abs(Date.parse(first.created) - Date.now()) < 5000);
    const second: Note = await (await postNote(backend, "second")).json();
    assert.equal(await listNotes(backend), [first, second]);

    const url = `${backend.url}/api/notes/${first.id}`;
    const deleted = await fetch(url, { method: "DELETE" });
    assert.is(deleted.status, 204);
    assert.is(await deleted.text(), "");
    assert.equal(await listNotes(backend), [second]);

    const again = await fetch(url, { method: "DELETE" });
    assert.is(again.status, 404);
    assert.match((await errorOf(again)).message, first.id);
  });
});

test("notes survive a restart, and no temporary file remains", async () => {
  await withBackend(async (backend, file) => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => postNote(backend, `note ${i}`)));
    const notes = await listNotes(backend);
    assert.is(new Set(notes.map(({ text }) => text)).size, 20);
    await backend.close();
    assert.equal(JSON.parse(await readFile(file, "utf8")), notes);
    assert.equal(await readdir(join(file, "..")), ["notes.json"]);
    await using next = await startBackend({ file });
    assert.equal(await listNotes(next), notes);
  });
});

test("a note that cannot be written is not listed, and the next one works", async () => {
  await withBackend(async (_backend, file) => {
    const folder = `${file}.folder`;
    await using backend = await startBackend({ file: join(folder, "notes.json") });
    await writeFile(folder, ""); // a file in the folder's place
    const answer = await postNote(backend, "lost");
    assert.is(answer.status, 500);
    assert.match((await errorOf(answer)).message, /Cannot answer: /);
    assert.equal(await listNotes(backend), []);
    await rm(folder);
    assert.is((await postNote(backend, "kept")).status, 201);
    assert.is((await listNotes(backend)).length, 1);
  });
});

for (
  const [title, body, message] of [
    ["no JSON", "hello", /send JSON such as/],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), /send JSON such as/],
    ["null", "null", /as a string in "text"/],
    ["no text", "{}", /as a string in "text"/],
    ["a number as text", '{"text":5}', /as a string in "text"/],
    ["white space", '{"text":" \\n "}', /it is empty; write 1 to 2000/],
    ["2001 characters", JSON.stringify({ text: "x".repeat(2001) }), /2001 characters; write 1 to/],
  ] as const
) {
  test(`a note with ${title} gets 400, and the next good one works`, async () => {
    await withBackend(async (backend) => {
      const answer = await post(`${backend.url}/api/notes`, body);
      assert.is(answer.status, 400);
      assert.match(answer.headers.get("content-type")!, "application/json");
      const error = await errorOf(answer);
      assert.is(error.code, "bad_note");
      assert.match(error.message, message);
      assert.is((await postNote(backend, "x".repeat(2000))).status, 201);
      assert.is((await listNotes(backend)).length, 1);
    });
  });
}

test("a body over 16 KiB gets 413, and the connection stays usable", async () => {
  await withBackend(async (backend) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (bytes: number) =>
      new Promise<{ status?: number; reused: boolean }>((resolve, reject) => {
        const sent = httpRequest(`${backend.url}/api/notes`, { method: "POST", agent });
        sent.on("error", reject);
        sent.on("response", (response) => {
          response.resume();
          response.on("close", () => {
            const { statusCode: status } = response;
            // The agent gets the connection back once the request has been sent completely.
            if (sent.writableFinished) setImmediate(resolve, { status, reused: sent.reusedSocket });
            else {sent.on("finish", () =>
                setImmediate(resolve, { status, reused: sent.reusedSocket }));}
          });
        });
        sent.end(JSON.stringify({ text: "a" }).padEnd(bytes));
      });
    try {
      assert.equal(await send(16 * 1024), { status: 201, reused: false });
      assert.equal(await send(16 * 1024 + 1), { status: 413, reused: true });
      assert.equal(await send(4 * 1024 * 1024), { status: 413, reused: true });
      assert.equal(await send(100), { status: 201, reused: true });
    } finally {
      agent.destroy();
    }
  });
});

test("the 501st note gets 409 until one is deleted", async () => {
  const notes = Array.from({ length: 499 }, (_, i) => ({ id: `${i}`, text: "n", created: "" }));
  await withBackend(async (backend) => {
    const answers = await Promise.all([postNote(backend, "a"), postNote(backend, "b")]);
    assert.equal(answers.map(({ status }) => status).sort(), [201, 409]);
    const refused = answers.find(({ status }) => status === 409)!;
    assert.match((await errorOf(refused)).message, /500 already; delete some first/);
    await fetch(`${backend.url}/api/notes/7`, { method: "DELETE" });
    assert.is((await postNote(backend, "c")).status, 201);
    assert.is((await listNotes(backend)).length, 500);
  }, { content: JSON.stringify(notes) });
});

test("GET /api/stream sends ten lines, one each 250 ms", async () => {
  await withBackend(async (backend) => {
    const started = performance.now();
    const response = await fetch(`${backend.url}/api/stream`);
    assert.match(response.headers.get("content-type")!, "text/plain");
    const times: number[] = [];
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      times.push(performance.now() - started);
      text += chunk;
    }
    assert.is(text, Array.from({ length: 10 }, (_, i) => `line ${i + 1} of 10\n`).join(""));
    assert.is(times.length, 10);
    assert.ok(times[0]! < 1000, `first after ${times[0]} ms`);
    assert.ok(times[9]! - times[0]! > 2000, `last ${times[9]! - times[0]!} ms after the first`);
  });
});

test("GET /api/stream takes lines and interval", async () => {
  await withBackend(async ({ url }) => {
    const response = await fetch(`${url}/api/stream?lines=3&interval=0`);
    assert.is(await response.text(), "line 1 of 3\nline 2 of 3\nline 3 of 3\n");
  });
});

for (const bytes of [0, 1, 65_536, 65_537, undefined]) {
  test(`GET /api/download of ${bytes ?? "default"} bytes has the announced hash`, async () => {
    await withBackend(async ({ url }) => {
      const query = bytes === undefined ? "" : `?bytes=${bytes}`;
      const size = bytes ?? 5 * 1024 * 1024;
      const response = await fetch(`${url}/api/download${query}`);
      assert.is(response.headers.get("content-length"), `${size}`);
      const body = new Uint8Array(await response.arrayBuffer());
      assert.is(body.length, size);
      const hash = await (await fetch(`${url}/api/hash${query}`)).json();
      assert.equal(hash, { bytes: size, sha256: sha256(body) });
    });
  });
}

test("a download's bytes do not repeat, and a shorter download is a prefix of a longer one", async () => {
  await withBackend(async ({ url }) => {
    const get = async (bytes: number) =>
      Buffer.from(await (await fetch(`${url}/api/download?bytes=${bytes}`)).arrayBuffer());
    const long = await get(300_000);
    assert.ok((await get(100_001)).equals(long.subarray(0, 100_001)));
    const blocks = Array.from(
      { length: 292 },
      (_, i) => long.toString("hex", i * 1024, i * 1024 + 1024),
    );
    assert.is(new Set(blocks).size, 292);
  });
});

test("a download waits for a slow reader", async () => {
  let sent = 0;
  await withBackend(async ({ port }) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.write("GET /api/download?bytes=1073741824 HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.pause(); // the kernel's buffers fill, then the backend must wait
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 500));
    sent = process.memoryUsage().arrayBuffers - before;
    socket.destroy();
  });
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes waited in memory`);
});

for (
  const query of [
    "download?bytes=1073741825",
    "download?bytes=-1",
    "download?bytes=1e3",
    "hash?bytes=",
    "stream?lines=0",
    "stream?lines=1001",
    "stream?interval=10001",
  ]
) {
  test(`GET /api/${query} gets 400 with the bounds`, async () => {
    await withBackend(async ({ url }) => {
      const response = await fetch(`${url}/api/${query}`);
      assert.is(response.status, 400);
      assert.match((await errorOf(response)).message, /give a whole number from \d+ to \d+$/);
    });
  });
}

test("POST /api/upload answers the count and hash of a streamed body", async () => {
  await withBackend(async ({ url }) => {
    const chunks = Array.from({ length: 40 }, () => randomBytes(100_000));
    const answer = await fetch(`${url}/api/upload`, {
      method: "POST",
      body: Readable.toWeb(Readable.from(chunks)),
      duplex: "half",
    } as RequestInit);
    assert.equal(await answer.json(), {
      bytes: 4_000_000,
      sha256: sha256(Buffer.concat(chunks)),
    });
    const empty = await post(`${url}/api/upload`, "");
    assert.equal(await empty.json(), { bytes: 0, sha256: sha256(new Uint8Array()) });
  });
});

for (const path of ["notes", "stream", "download?bytes=1000000", "hash?bytes=10"]) {
  test(`HEAD /api/${path} answers as GET does, without a body`, async () => {
    await withBackend(async ({ url }) => {
      const started = performance.now();
      const head = await fetch(`${url}/api/${path}`, { method: "HEAD" });
      assert.is(head.status, 200);
      assert.is(await head.text(), "");
      assert.ok(performance.now() - started < 1000);
      const get = await fetch(`${url}/api/${path}`);
      await get.body?.cancel();
      for (const name of ["content-type", "content-length"]) {
        assert.is(head.headers.get(name), get.headers.get(name));
      }
    });
  });
}

for (
  const [method, path, allow] of [
    ["PUT", "/api/notes", "GET, HEAD, POST"],
    ["GET", "/api/notes/1", "DELETE"],
    ["GET", "/api/upload", "POST"],
    ["POST", "/api/download", "GET, HEAD"],
  ] as const
) {
  test(`${method} ${path} gets 405 with Allow: ${allow}`, async () => {
    await withBackend(async ({ url }) => {
      const response = await fetch(url + path, { method });
      assert.is(response.status, 405);
      assert.is(response.headers.get("allow"), allow);
      assert.match((await errorOf(response)).message, `use one of ${allow}`);
    });
  });
}

for (const path of ["/", "/api", "/api/notes/", "/api/notes/1/2", "/api/notes%2f", "//"]) {
  test(`GET ${path} gets 404 in JSON`, async () => {
    await withBackend(async ({ url }) => {
      const response = await fetch(url + path);
      assert.is(response.status, 404);
      assert.is((await errorOf(response)).code, "not_found");
    });
  });
}

test("incomplete requests leave the backend running", async () => {
  await withBackend(async (backend) => {
    const heads = [
      "POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart",
      "POST /api/notes HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{",
      "GET /api/download?bytes=100000000 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /api/stream HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /api/hash?bytes=100000000 HTTP/1.1\r\nHost: a\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
      "no HTTP\r\n\r\n",
    ];
    for (const head of heads) {
      const socket = connect({ host: "127.0.0.1", port: backend.port });
      socket.on("error", () => {});
      await new Promise((resolve) => socket.write(head, resolve));
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.resetAndDestroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.is((await postNote(backend, "alive")).status, 201);
  });
});

test("routes from the options work, precede built-in ones, and may fail", async () => {
  const routes: BackendOptions["routes"] = {
    "GET /items/:id": (request, response) => void response.end(`item ${request.url}`),
    "GET /api/:name": (_request, response) => void response.writeHead(418).end(),
    "GET /fails": () => Promise.reject(new Error("out of oil")),
    "GET /breaks": (_request, response) => {
      response.write("half");
      throw new Error("after the head");
    },
  };
  await withBackend(async (backend) => {
    const { url } = backend;
    assert.is(await (await fetch(`${url}/items/7?a=b`)).text(), "item /items/7?a=b");
    assert.is((await fetch(`${url}/api/notes`)).status, 418);
    assert.is((await postNote(backend, "built-in")).status, 201);
    const failed = await fetch(`${url}/fails`);
    assert.is(failed.status, 500);
    assert.equal(await errorOf(failed), { code: "internal", message: "Cannot answer: out of oil" });
    await failureOf(fetch(`${url}/breaks`).then((response) => response.text()));
    assert.is((await fetch(`${url}/items/8`)).status, 200);
  }, { routes });
});

test("requests holds the last 1000, newest last", async () => {
  await withBackend(async ({ url, requests }) => {
    await fetch(`${url}/first?a=1`, { method: "PATCH" });
    assert.equal(requests, [{ method: "PATCH", path: "/first?a=1" }]);
    for (let i = 0; i < 1000; i += 50) {
      await Promise.all(Array.from({ length: 50 }, async () => {
        await (await fetch(`${url}/next`)).text();
      }));
    }
    await (await fetch(`${url}/last`)).text();
    assert.is(requests.length, 1000);
    assert.equal(requests.at(0), { method: "GET", path: "/next" });
    assert.equal(requests.at(-1), { method: "GET", path: "/last" });
  });
});

test("close() ends open requests, and may be called twice", async () => {
  await withBackend(async (backend) => {
    const response = await fetch(`${backend.url}/api/stream`);
    await backend.close();
    await backend.close();
    await failureOf(response.text());
    assert.not(await reachable("127.0.0.1", backend.port));
  });
});

test.run();
