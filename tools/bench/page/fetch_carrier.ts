// In the page: makes the bench's requests by any kind of `fetch`.
import { ChainHash } from "../chain_hash.ts";
import { payloadStream, Tally } from "../payload.ts";
import type { Carrier } from "./driver.ts";

/** The global `fetch`, for paths from the backend's root. */
export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

/** Makes the body of an upload. */
export type BodyMaker = (bytes: number) => BodyInit;

/** Moves payloads by requests to the routes of `tools/bench/backend.ts`. */
export function fetchCarrier(fetch: Fetch, bodyOf: BodyMaker): Carrier {
  return {
    async download(bytes, onBegin) {
      const response = expectOk(await fetch(`/bench/download?bytes=${bytes}`));
      const tally = new Tally();
      for await (const part of response.body!) {
        if (tally.bytes === 0) onBegin();
        tally.add(part);
      }
      tally.check(bytes);
    },
    async upload(bytes) {
      const init = { method: "POST", body: bodyOf(bytes) };
      expectOk(await fetch(`/bench/upload?bytes=${bytes}`, init));
    },
    async hashedDownload(bytes) {
      const hash = new ChainHash();
      const response = expectOk(await fetch(`/bench/download?bytes=${bytes}`));
      for await (const part of response.body!) await hash.add(part);
      const sent = await expectOk(await fetch(`/bench/hash?bytes=${bytes}`)).text();
      return { sent, arrived: await hash.end() };
    },
    async hashedUpload(bytes) {
      const hash = new ChainHash();
      const body = payloadStream(bytes).pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          async transform(part, controller) {
            await hash.add(part);
            controller.enqueue(part);
          },
        }),
      );
      const response = expectOk(await fetch("/bench/hash", { method: "POST", body }));
      return { sent: await hash.end(), arrived: await response.text() };
    },
    async roundTrip() {
      await expectOk(await fetch("/bench/small")).text();
    },
  };
}

function expectOk(response: Response): Response {
  if (response.ok) return response;
  throw new Error(`Cannot measure: the backend answered ${response.status}`);
}
