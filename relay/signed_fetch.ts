// Requests to AWS, signed, and sent again after a throttle or a server error.
import { type Credentials, signatureOf } from "./signature.ts";

/** Options of {@linkcode signedFetch}. */
export interface SignedFetchOptions {
  method: "GET" | "PUT" | "POST" | "DELETE";
  body?: string;
  /** Headers besides those of the signature, which does not cover them. */
  headers?: Record<string, string>;
  /** Such as `s3`. */
  service: string;
  region: string;
  /** Undefined sends unsigned requests, once each, for an emulator. */
  credentials?: Credentials;
  /** Most retries. */
  retries: number;
  /** Limit for the request with its retries, in milliseconds. */
  deadline: number;
}

/** Longest pause before the first retry, in milliseconds. It doubles. */
const PAUSE_MS = 50;

/** Sends a request. @throws The error of fetch. */
export async function signedFetch(url: string, options: SignedFetchOptions): Promise<Response> {
  const { method, body, service, region, credentials, retries, deadline } = options;
  const signal = AbortSignal.timeout(deadline);
  for (let tries = 0;; tries++) {
    const request = { method, url, body, service, region };
    const signature = credentials && await signatureOf({ ...request, credentials });
    const headers = { ...options.headers, ...signature };
    const response = await fetch(url, { method, body, headers, signal });
    const isBusy = response.status >= 500 || response.status === 429;
    if (!credentials || !isBusy || tries === retries) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS * 2 ** tries));
  }
}
