// Development part: a small web app of many files on the sample backend, for a frame. Modules, style
// sheet and pictures load one by one, by relative URLs.
import express, { type Router } from "express";
import { Refusal } from "./refusal.ts";

/** Tiles of the app's board. Each has a module and a picture. */
export const TILES = 40;

/** Serves the app under `/app/`. Its body has `data-tiles` once it is complete. */
export function appRouter(): Router {
  const router = express.Router({ strict: true });
  router.get("/app/", (_request, response) => void response.send(PAGE));
  router.get("/app/app.css", (_request, response) => void response.type("css").send(STYLE));
  router.get("/app/app.js", (_request, response) => void response.type("js").send(MAIN));
  router.get("/app/tiles/:tile.:type", ({ params: { tile, type } }, response) => {
    const write = type === "js" ? moduleOf : type === "svg" ? pictureOf : undefined;
    if (!write || !(Number(tile) < TILES)) {
      throw new Refusal(404, "not_found", `Cannot find it: the tiles are 0 to ${TILES - 1}`);
    }
    response.type(type!).send(write(Number(tile)));
  });
  return router;
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Many files</title>
<link rel="stylesheet" href="app.css">
<script type="module" src="app.js"></script>
<body>
`;

const STYLE = `body { display: grid; grid-template-columns: repeat(10, 1fr); gap: 4px; margin: 4px }
img { width: 100%; border-radius: 15% }
`;

const MAIN = `${
  Array.from({ length: TILES }, (_, tile) =>
    `import { picture as tile${tile} } from "./tiles/${tile}.js";`)
    .join("\n")
}
const pictures = [${Array.from({ length: TILES }, (_, tile) => `tile${tile}`).join(", ")}];
await Promise.all(pictures.map((picture) => picture.decode()));
document.body.append(...pictures);
document.body.dataset.tiles = pictures.length;
`;

function moduleOf(tile: number): string {
  return `export const picture = new Image();
picture.alt = "Tile ${tile}";
picture.src = new URL("./${tile}.svg", import.meta.url).href;
`;
}

function pictureOf(tile: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<path fill="hsl(${tile * 360 / TILES} 60% 50%)" d="M0 0h40v40H0z"/>
</svg>
`;
}
