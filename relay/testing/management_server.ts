// A server in the place of API Gateway's `@connections`, for tests: takes notes, and answers with
// the statuses that it is told.
import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { listen } from "../../tools/testing/listen.ts";

/** A request as it arrived. */
export interface ReceivedPost {
  method: string;
  /** The request's target, as it was on the wire. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server that takes posts. */
export interface ManagementServer extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** What has arrived so far. */
  readonly posts: ReceivedPost[];
  /** The status of each answer to come, in turn; 200 when there is none; 0 for no answer at all. */
  statuses: number[];
}

/** Starts one on a port that is free. */
export async function startManagementServer(): Promise<ManagementServer> {
  const posts: ReceivedPost[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    posts.push({ method: method!, path: url!, headers, body: await text(request) });
    const status = managed.statuses.shift() ?? 200;
    if (status > 0) response.writeHead(status).end(status === 200 ? "" : '{"message":"No"}');
  });
  const { url, close } = await listen(server);
  const managed: ManagementServer = {
    endpoint: url,
    posts,
    statuses: [],
    [Symbol.asyncDispose]: close,
  };
  return managed;
}
