// In the page: the backend itself, by the browser's own HTTP.
import { payloadParts } from "../payload.ts";
import { offer } from "./driver.ts";
import { fetchCarrier } from "./fetch_carrier.ts";

/** Settings of the plain HTTP page. */
export interface HttpSettings {
  /** The backend's address, without a slash at the end. */
  backend: string;
}

/** Made once, since HTTP/1.1 has no streamed uploads, and the making is not what is measured. */
const bodies = new Map<number, Blob>();

function bodyOf(bytes: number): Blob {
  const made = bodies.get(bytes) ?? new Blob([...payloadParts(bytes, 64 * 1024)]);
  bodies.set(bytes, made);
  return made;
}

// The browser keeps its connections to itself, so there is none to be made anew.
offer(({ backend }: HttpSettings) =>
  Promise.resolve(
    fetchCarrier((path, init) => fetch(backend + path, { ...init, cache: "no-store" }), bodyOf),
  )
);
