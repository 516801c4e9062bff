// For event_source_test.ts: a backend in a process of its own, which counts from the last event that a
// page has.
//
//     node tools/e2e/event_backend.ts 3000
import { createServer } from "node:http";
import process from "node:process";
import { listen } from "../testing/listen.ts";

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, "http://backend.invalid");
  if (pathname === "/page") {
    response.setHeader("content-type", "text/html");
    return response.end("<!doctype html><title>A page</title>");
  }
  if (pathname === "/status") {
    return response.writeHead(Number(searchParams.get("status"))).end("The backend's");
  }
  if (pathname !== "/events") return response.writeHead(404).end();
  const last = request.headers["last-event-id"];
  let next = Number(last ?? 0) + 1;
  response.writeHead(200, { "content-type": "text/event-stream" });
  const retry = searchParams.get("retry");
  if (retry) response.write(`retry: ${retry}\n\n`);
  // Half of the next event is always on its way: a page must see neither that nor its id.
  response.write(`id: ${next}\n`);
  const timer = setInterval(() => {
    response.write(`data: ${process.pid} ${last ?? "-"}\n\nid: ${++next}\n`);
  }, 50);
  response.on("close", () => clearInterval(timer));
});
await listen(server, Number(process.argv[2]));
console.log("listening");
