// Bodies of tunnel.fetch() in real browsers, as a backend behind the host receives them: bytes, sizes and
// the headers of a browser.
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Route } from "../local/backend_route.ts";
import { suite } from "../testing/suite.ts";
import { openConnected } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

const MiB = 1024 * 1024;
const METHODS = ["POST", "PUT", "PATCH", "DELETE"];

/** What the backend has received. */
interface Received {
  length?: string;
  encoding?: string;
  type?: string;
  bytes: number;
  sha256: string;
}

/** Answers with what it has received. */
const describe: Route = async (request, response) => {
  const bytes = await buffer(request);
  const { "content-length": length, "transfer-encoding": encoding, "content-type": type } =
    request.headers;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  response.end(JSON.stringify({ length, encoding, type, bytes: bytes.length, sha256 }));
};

/** Answers with the body, and its type. */
const echo: Route = (request, response) => {
  response.setHeader("content-type", request.headers["content-type"] ?? "none");
  response.setHeader("x-length", request.headers["content-length"] ?? "unknown");
  request.pipe(response);
};

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`bodies in ${name}`, { deadline: 60_000 });
  let page: Page;
  /** Headers of the last request to /headers. */
  let headers: NodeJS.Dict<string | string[]> = {};
  const note: Route = (request, response) => {
    ({ headers } = request);
    response.end();
  };

  withBridge(test, {
    browser: name,
    routes: {
      ...Object.fromEntries(METHODS.map((method) => [`${method} /describe`, describe])),
      "POST /echo": echo,
      "GET /headers": note,
      "POST /headers": note,
      "POST /moved": (request, response) => {
        request.resume().on("end", () => response.writeHead(307, { location: "/describe" }).end());
      },
      "POST /made": (_request, response) => {
        response.writeHead(303, { location: "/headers" }).end();
      },
    },
  }, async ({ browser, bridge }) => {
    ({ page } = await openConnected(browser, bridge.page.url));
  });

  for (
    const [kind, type] of [
      ["text", "text/plain;charset=UTF-8"],
      ["empty", "text/plain;charset=UTF-8"],
      ["String", "text/plain;charset=UTF-8"],
      ["query", "application/x-www-form-urlencoded;charset=UTF-8"],
      ["buffer", undefined],
      ["view", undefined],
      ["DataView", undefined],
      ["Blob", "text/css"],
      ["File", undefined],
    ] as const
  ) {
    test(`a body of the kind ${kind} arrives with its length, as itself and in a Request`, async () => {
      const answers = await page.evaluate(
        async (kind, methods) => {
          const bytes = new TextEncoder().encode("bödy".repeat(1000));
          const bodies = {
            text: "bödy",
            empty: "",
            String: new String("bödy") as string,
            query: new URLSearchParams({ a: "b c", d: "ü" }),
            buffer: bytes.buffer,
            view: bytes.subarray(7, 2000),
            DataView: new DataView(bytes.buffer, 9),
            Blob: new Blob([bytes, "x"], { type: "text/css" }),
            File: new File([bytes], "a"),
          };
          const body = bodies[kind];
          const content = new Uint8Array(await new Response(body).arrayBuffer());
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
          const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
          const tunnel = document.querySelector("lighthouse-tunnel")!;
          const received: Received[] = [];
          for (const method of methods) {
            const request = new Request("/describe", { method, body });
            received.push(
              await (await tunnel.fetch("/describe", { method, body })).json(),
              await (await tunnel.fetch(request)).json(),
            );
          }
          return { received, bytes: content.length, sha256 };
        },
        kind,
        METHODS,
      );
      const { received, bytes, sha256 } = answers;
      for (const each of received) {
        const expected: Received = { length: String(bytes), bytes, sha256 };
        assert.equal(each, type === undefined ? expected : { ...expected, type });
      }
    });
  }

  test("without a body, the length is 0", async () => {
    const received = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const answers = [];
      for (const method of ["POST", "PUT"]) {
        answers.push(await (await tunnel.fetch("/describe", { method })).json());
        answers.push(await (await tunnel.fetch(new Request("/describe", { method }))).json());
      }
      return answers.map(({ length, encoding = "none", bytes }) => [length, encoding, bytes]);
    });
    assert.equal(received, Array(4).fill(["0", "none", 0]));
  });

  test("a form's bytes are the platform's own, and its length is known", async () => {
    const { own, expected, length, size } = await page.evaluate(async () => {
      const form = new FormData();
      form.append('a"\n', "1\n2\r3\r\n");
      form.append("a", "ü\ud800");
      form.append("b", new File(["x\ny"], 'n"\r\n.txt', { type: "Text/CSV" }));
      form.append("c", new Blob(["z"]));
      form.append("d", new File([], ""));
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const answer = await tunnel.fetch("/echo", { method: "POST", body: form });
      const plain = async (response: Response) => {
        const boundary = response.headers.get("content-type")!.split("boundary=")[1]!;
        return (await response.text()).replaceAll(boundary, "B");
      };
      const [copy, length] = [answer.clone(), answer.headers.get("x-length")];
      return {
        own: await plain(answer),
        expected: await plain(new Response(form)),
        length,
        size: (await copy.arrayBuffer()).byteLength,
      };
    });
    assert.is(own, expected);
    assert.is(length, String(size));
  });

  test("a frame's form is one, too", async () => {
    const { field, size, length } = await page.evaluate(async () => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      const form = new (frame.contentWindow as unknown as typeof globalThis).FormData();
      form.set("field", "välue");
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const answer = await tunnel.fetch("/echo", { method: "POST", body: form });
      const [copy, length] = [answer.clone(), answer.headers.get("x-length")];
      const field = (await answer.formData()).get("field");
      return { field, size: (await copy.arrayBuffer()).byteLength, length };
    });
    assert.equal([field, length], ["välue", String(size)]);
  });

  test("3 MiB in a form, in a Request with a form, and in a Request go with their length", async () => {
    const received = await page.evaluate(async (size) => {
      const bytes = new Uint8Array(size).fill(7);
      const form = new FormData();
      form.set("file", new File([bytes], "a.bin"));
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const answers: Received[] = [];
      for (const body of [form, bytes, new Blob([bytes])]) {
        const init = { method: "POST", body };
        answers.push(await (await tunnel.fetch("/describe", init)).json());
        answers.push(await (await tunnel.fetch(new Request("/describe", init))).json());
      }
      return answers;
    }, 3 * MiB);
    for (const { length, encoding, bytes } of received) {
      assert.equal([length, encoding], [String(bytes), undefined]);
      assert.ok(bytes >= 3 * MiB && bytes < 3 * MiB + 1000, String(bytes));
    }
  });

  test("a long stream goes in chunks", async () => {
    const received: Received[] = await page.evaluate(async (size) => {
      const stream = () => new Blob([new Uint8Array(size)]).stream();
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const init = { method: "POST", body: stream() };
      const answers = [await (await tunnel.fetch("/describe", init)).json()];
      const request = new Request(
        "/describe",
        { ...init, body: stream(), duplex: "half" } as object,
      );
      // Firefox makes a text of it.
      if (request.headers.has("content-type")) return answers;
      return [...answers, await (await tunnel.fetch(request)).json()];
    }, 3 * MiB);
    assert.is(received.length, name === "firefox" ? 1 : 2);
    for (const { length, encoding, bytes } of received) {
      assert.equal([length, encoding, bytes], [undefined, "chunked", 3 * MiB]);
    }
  });

  test("a redirect that keeps the method repeats the body", async () => {
    const received: Received[] = await page.evaluate(async () => {
      const form = new FormData();
      form.set("file", new File(["x".repeat(1000)], "a.bin"));
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const init = { method: "POST", body: form };
      return [
        await (await tunnel.fetch("/moved", init)).json(),
        await (await tunnel.fetch(new Request("/moved", init))).json(),
      ];
    });
    for (const { length, encoding, bytes } of received) {
      assert.equal([length, encoding, bytes > 1000], [String(bytes), undefined, true]);
    }
  });

  test("the backend sees a browser, and an origin where something changes", async () => {
    const send = (path: string, method: string) =>
      page.evaluate(
        async (path, method) => {
          await document.querySelector("lighthouse-tunnel")!.fetch(path, { method });
          return [navigator.userAgent, ...navigator.languages];
        },
        path,
        method,
      );
    const [userAgent, language] = await send("/headers", "GET");
    assert.is(headers["user-agent"], userAgent);
    assert.is(headers.accept, "*/*");
    assert.is(headers["accept-language"]!.toString().split(",")[0], language);
    assert.equal([headers.origin, headers["sec-fetch-site"]], [undefined, undefined]);
    await send("/headers", "POST");
    assert.match(String(headers.origin), /^http:\/\//);
    assert.is(headers["sec-fetch-site"], "same-origin");
    const { url, redirected } = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const { url, redirected } = await tunnel.fetch("/made", { method: "POST", body: "x" });
      return { url, redirected };
    });
    assert.equal([headers.origin, headers["content-length"]], [undefined, undefined]);
    assert.equal([new URL("/headers", page.url()).href, true], [url, redirected]);
  });

  test.run();
}
