// Development part: what the sample backend has for pages that know nothing of a tunnel: a picture, a
// film, events, a form.
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { numberOf, readBody, type Route } from "./backend_route.ts";
import { readIvf, writeWebm } from "./webm.ts";

/** Twelve seconds, made by Chromium's VP8 encoder of a drawing. */
const FILM = new URL("./lighthouse.ivf", import.meta.url);
const FILM_LOOPS = 5;
const KiB = 1024;

const MAX_WISHES = 100;
const MAX_FORM = 4 * KiB;

/** A picture, a film, events, and a page with a form. */
export function mediaRoutes(): Record<string, Route> {
  const wishes: string[] = [];
  let film: Promise<Buffer<ArrayBuffer>> | undefined;
  return {
    "GET /media/picture.svg": (_request, response) => {
      response.writeHead(200, { "Content-Type": "image/svg+xml" }).end(PICTURE);
    },

    "GET /media/film.webm": async (request, response) => {
      sendRange(request, response, "video/webm", await (film ??= makeFilm()));
    },

    "GET /api/events": async (request, response) => {
      const interval = numberOf(request, "interval", { least: 10, most: 10_000, otherwise: 1000 });
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      for (let id = 1; request.method !== "HEAD"; id++) {
        response.write(`id: ${id}\ndata: ${new Date().toISOString()}\n\n`);
        await setTimeout(interval, undefined, { signal: gone.signal });
      }
      response.end();
    },

    "GET /wishes": (_request, response) => {
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      response.end(wishesPage(wishes));
    },
    "POST /wishes": async (request, response) => {
      const form = new URLSearchParams(String(await readBody(request, MAX_FORM)));
      wishes.unshift(form.get("wish") ?? "");
      wishes.splice(MAX_WISHES);
      // As web apps do, so that a reload does not send the form again.
      response.writeHead(303, { Location: "/wishes" }).end();
    },
  };
}

async function makeFilm(): Promise<Buffer<ArrayBuffer>> {
  const film = readIvf(await readFile(FILM));
  const frames = Array.from({ length: FILM_LOOPS }, () => film.frames).flat();
  return writeWebm({ ...film, frames }, 400 * KiB);
}

/** Answers with the part that is asked for (RFC 9110 §14), of which only the first form is known. */
function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  file: Uint8Array,
): void {
  const headers = { "Content-Type": type, "Accept-Ranges": "bytes" };
  const wish = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!wish) {
    response.writeHead(200, { ...headers, "Content-Length": file.length }).end(file);
    return;
  }
  const first = Number(wish[1]);
  const last = Math.min(wish[2] ? Number(wish[2]) : Infinity, file.length - 1);
  if (first > last) {
    response.writeHead(416, { "Content-Range": `bytes */${file.length}` }).end();
    return;
  }
  response.writeHead(206, {
    ...headers,
    "Content-Length": last - first + 1,
    "Content-Range": `bytes ${first}-${last}/${file.length}`,
  });
  response.end(file.subarray(first, last + 1));
}

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 90">
<path fill="#0c1830" d="M0 0h160v90H0z"/><path fill="#0a2a3a" d="M0 70h160v20H0z"/>
<path fill="#e8c860" d="m80 27 80-16v32z"/><path fill="#d8d8d8" d="m74 70 3-38h6l3 38z"/>
<path fill="#b03030" d="M75.5 42h9l.5 6h-10zM75 54h10l.5 6h-11zM75 20h10v4H75z"/>
<path fill="#fff0b0" d="M76 24h8v7h-8z"/>
</svg>
`;

function wishesPage(wishes: string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Wishes</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; margin: 1rem }</style>
<form method="post">
<label>A wish <input name="wish" required maxlength="100"></label> <button>Send</button>
</form>
<ul>
${wishes.map((wish) => `<li>${escape(wish)}</li>`).join("\n")}
</ul>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
