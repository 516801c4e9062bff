// Development part: the sample backend's parts for pages that do not know the tunnel: picture, film,
// events and form.
import express, { type Router } from "express";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { createBrotliDecompress } from "node:zlib";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { allowOnly, numberOf } from "./backend_route.ts";

/**
 * A drawing of 60 s in VP8, one cluster a second. A Void element pads each cluster to 400 KiB, so that
 * the file is as large as a film of good quality. The padding is the reason to commit the file
 * compressed.
 */
const FILM = new URL("./lighthouse.webm.br", import.meta.url);

const MAX_WISHES = 100;
const MAX_FORM = "4kb";

/** Serves a picture, a film, events, and a page with a form. */
export function mediaRouter(): Router {
  const router = express.Router({ strict: true });
  const wishes: string[] = [];
  let folder: Promise<string> | undefined;

  router.route("/media/picture.svg").get((_request, response) => {
    response.type("svg").send(PICTURE);
  }).all(allowOnly("GET, HEAD"));

  router.route("/media/film.webm").get(async (_request, response) => {
    response.sendFile("film.webm", { root: await (folder ??= unpackFilm()) });
  }).all(allowOnly("GET, HEAD"));

  router.route("/api/events").get(async (request, response) => {
    const interval = numberOf(request, "interval", { least: 10, most: 10_000, otherwise: 1000 });
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (let id = 1; request.method !== "HEAD"; id++) {
      response.write(`id: ${id}\ndata: ${new Date().toISOString()}\n\n`);
      await setTimeout(interval, undefined, { signal: gone.signal });
    }
    response.end();
  }).all(allowOnly("GET, HEAD"));

  router.route("/wishes").get((_request, response) => void response.send(wishesPage(wishes)))
    .post(express.urlencoded({ limit: MAX_FORM }), (request, response) => {
      wishes.unshift(String(request.body?.wish ?? ""));
      wishes.splice(MAX_WISHES);
      // Like other web apps, so that a reload does not send the form again.
      response.redirect(303, "/wishes");
    })
    .all(allowOnly("GET, HEAD, POST"));

  return router;
}

/** Unpacks `film.webm` into a folder. @returns Its path. */
async function unpackFilm(): Promise<string> {
  const folder = temporaryFolder();
  const film = createWriteStream(join(folder, "film.webm"));
  await pipeline(createReadStream(FILM), createBrotliDecompress(), film);
  return folder;
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
