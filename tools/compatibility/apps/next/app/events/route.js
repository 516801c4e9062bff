import { setTimeout as sleep } from "node:timers/promises";

export function GET(request) {
  const body = ReadableStream.from(events(request.headers.get("last-event-id")));
  return new Response(body.pipeThrough(new TextEncoderStream()), {
    headers: { "content-type": "text/event-stream" },
  });
}

async function* events(last) {
  const first = Number(last ?? 0) + 1;
  yield "retry: 100\n\n";
  for (let number = first; number < first + 3; number++) {
    yield `id: ${number}\ndata: ${number}\n\n`;
    await sleep(100);
  }
}
