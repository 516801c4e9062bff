// A film by ranges, and one in pieces (HLS), which hls.js reads in a worker of its own. `node films.js PORT FOLDER`
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import process from "node:process";

const [, , port, folder] = process.argv;
const TYPES = {
  ".js": "text/javascript",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".ts": "video/mp2t",
  ".webm": "video/webm",
};
const PAGE = `<!doctype html><title>Films</title><h1>Films</h1>
<video id="film" src="/film.webm" width="320" preload="auto" muted></video><p id="seeked"></p>
<video id="pieces" width="320" muted></video><p id="buffered"></p>
<script src="/hls.js"></script>
<script>
const film = document.querySelector("#film");
const tell = (id, text) => document.querySelector(id).textContent = text;
const seek = () => film.currentTime = film.duration * 0.8;
film.onseeked = () => tell("#seeked", "seeked to " + Math.round(film.currentTime / film.duration * 100));
film.onerror = () => tell("#seeked", film.error.message);
if (film.readyState) seek(); else film.onloadedmetadata = seek;
const hls = new Hls({ enableWorker: true });
hls.on(Hls.Events.FRAG_BUFFERED, () => tell("#buffered", "a piece is there"));
hls.on(Hls.Events.ERROR, (_event, { details }) => tell("#buffered", details));
hls.loadSource("/pieces/film.m3u8");
hls.attachMedia(document.querySelector("#pieces"));
</script>`;

createServer((request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/") {
    return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
  }
  const file = path === "/hls.js"
    ? createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js")
    : join(folder, path);
  if (!existsSync(file)) return response.writeHead(404).end();
  const { size } = statSync(file);
  const headers = { "content-type": TYPES[extname(file)], "accept-ranges": "bytes" };
  const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
  if (!range) {
    response.writeHead(200, { ...headers, "content-length": size });
    return createReadStream(file).pipe(response);
  }
  const start = Number(range[1]);
  const end = range[2] ? Number(range[2]) : size - 1;
  response.writeHead(206, {
    ...headers,
    "content-length": end - start + 1,
    "content-range": `bytes ${start}-${end}/${size}`,
  });
  createReadStream(file, { start, end }).pipe(response);
}).listen(Number(port), "127.0.0.1");
