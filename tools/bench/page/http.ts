// In the page: asks the backend directly, by the browser's HTTP.
import { payloadParts } from "../payload.ts";
import { offer } from "./driver.ts";
import { fetchCarrier } from "./fetch_carrier.ts";

/** Settings of the plain HTTP page. */
export interface HttpSettings {
  /** The backend's address, without a slash at the end. */
  backend: string;
}

/** Bodies, each made once: HTTP/1.1 has no streamed uploads, and making one must not count. */
const bodies = new Map<number, Blob>();

function bodyOf(bytes: number): Blob {
  const made = bodies.get(bytes) ?? new Blob([...payloadParts(bytes, 64 * 1024)]);
  bodies.set(bytes, made);
  return made;
}

// No `connect`: the browser manages its connections itself.
offer(({ backend }: HttpSettings) =>
  Promise.resolve(
    fetchCarrier((path, init) => fetch(backend + path, { ...init, cache: "no-store" }), bodyOf),
  )
);
