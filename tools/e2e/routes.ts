// Routes of the backend that several end-to-end tests ask for.
import type { Route } from "../local/backend_route.ts";

/** An answer that goes on for as long as somebody takes it. */
export class Endless {
  /** Bytes that the backend has written. */
  written = 0;
  /** Resolves when the answer was given up. */
  ended = Promise.withResolvers<void>();

  /** Begins to count anew. */
  reset(): void {
    this.written = 0;
    this.ended = Promise.withResolvers();
  }

  readonly route: Route = (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024);
    const write = () => {
      do this.written += chunk.length; while (response.write(chunk));
    };
    response.on("drain", write).on("close", () => this.ended.resolve());
    write();
  };
}

/** An answer that breaks off before the end that it promised. */
export const cutOff: Route = (_request, response) => {
  response.writeHead(200, { "content-length": "100" });
  response.write("only this", () => response.destroy());
};
