// Headers that only the host may set, in every spelling that a backend may read as one of them.
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { findOrInstall } from "../../tools/testing/debian_program.ts";
import { freePort } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import type { HeaderField } from "../../wire/mod.ts";
import { forwardTo } from "./forward.ts";
import { forwardable } from "./headers.ts";

const test = suite("headers", { deadline: 60_000 });

/** The signs of a field's name (RFC 9110 §5.6.2): no other name passes the wire. */
const SIGNS = [..."!#$%&'*+-.^_`|~"];

/** Names that only the host sets. */
const HOSTS = [
  "Lighthouse-Device",
  "Lighthouse-Device-Id",
  "Lighthouse-Anything-New",
  "Forwarded",
  "X-Forwarded",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "X-Forwarded-Prefix",
  "X-Forwarded-Port",
  "X-Real-IP",
  "Host",
  "Cookie",
  "Proxy",
  "Content-Length",
  "Transfer-Encoding",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Protocol",
  "Keep-Alive",
  "Proxy-Authorization",
];

/** The spellings of a name with one or two signs for its hyphens, or around it. */
function* spellings(name: string): Generator<string> {
  const parts = name.split("-");
  for (const cased of [parts, parts.map((part) => part.toUpperCase())]) {
    for (const one of SIGNS) {
      yield cased.join(one);
      yield cased.join("-") + one;
      yield one + cased.join("-");
      yield cased.join(one + one);
      for (const other of SIGNS) {
        yield cased.reduce((all, part, at) => all + (at % 2 ? one : other) + part);
      }
    }
  }
}

for (const name of HOSTS) {
  test(`no spelling of ${name} is forwarded`, () => {
    for (const spelling of spellings(name)) {
      assert.equal(forwardable([[spelling, "forged"]]), [], spelling);
    }
  });
}

test("names that only resemble them are forwarded", () => {
  const kept: HeaderField[] = [
    "Hosts",
    "Cookies",
    "X-Forward",
    "My-Lighthouse-Device",
    "Lighthouses",
    "X-Real-IPs",
    "Content_Lengths",
    "Sec-Fetch-Site",
    "X_Request_Id",
    "Authorization",
  ].map((name) => [name, "1"]);
  assert.equal(forwardable(kept), kept);
});

test("php -S sees the device that the host names, whatever the page sends", async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, "index.php"), "<?php echo json_encode($_SERVER);");
  const port = await freePort();
  const php = spawn(findOrInstall("php", "php-cli"), ["-S", `127.0.0.1:${port}`, "index.php"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    await new Promise<void>((resolve) =>
      php.stderr.on("data", (text) => /started/.test(String(text)) && resolve())
    );
    const backend = new URL(`http://127.0.0.1:${port}`);
    const { handler, close } = forwardTo({ prefix: "/", backend, as: "proxy" });
    const principal = { id: "phone-1", origin: "https://me.example", name: "phone" };
    const { signal } = new AbortController();
    for (const name of ["Lighthouse-Device-Id", "X-Forwarded-For", "Forwarded", "X-Real-IP"]) {
      const all: HeaderField[] = [...spellings(name)].map((spelling) => [spelling, "forged"]);
      for (let from = 0; from < all.length; from += 100) {
        const headers = all.slice(from, from + 100);
        const { body } = await handler(
          { method: "GET", target: "/", headers, body: null },
          { signal, principal },
        );
        const seen = await new Response(body).text();
        assert.not.match(seen, "forged");
        assert.is(JSON.parse(seen).HTTP_LIGHTHOUSE_DEVICE_ID, "phone-1");
        assert.match(JSON.parse(seen).HTTP_X_FORWARDED_FOR, /^100\./);
      }
    }
    await close();
  } finally {
    php.kill();
  }
});

test.run();
