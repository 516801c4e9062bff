// Development part: the start page of the sample backend as an app of its own, for `npm start -- --app`. It
// knows nothing of a tunnel: its links and forms are absolute paths.
import type { Route } from "./backend_route.ts";

/** Answers `GET /`. */
export const home: Route = (_request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(PAGE);
};

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sample app</title>
<link rel="icon" href="/media/picture.svg">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
img, video { max-width: 100%; border-radius: 8px }
</style>
<h1>Sample app</h1>
<p>This page comes from a program on this machine that listens on 127.0.0.1. It is the same with and
without Lighthouse.</p>
<ul>
<li><a href="/wishes">A form</a>
<li><a href="/app/">An app of 83 files</a>
<li><a href="/api/notes">The notes, as JSON</a>
<li><a href="/api/download?bytes=5242880" download="5MiB.bin">A download of 5 MiB</a>
</ul>
<p><img src="/media/picture.svg" alt="A lighthouse by night" width="320"></p>
<p><video src="/media/film.webm" controls muted width="320"></video></p>
</html>
`;
