// The objects of the registry's bucket, by signed requests.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
import { readText } from "../wire/signal/host_entry.ts";
import type { Credentials } from "./signature.ts";
import { signedFetch } from "./signed_fetch.ts";

/** Options of {@linkcode Bucket}. */
export interface BucketOptions {
  /** The bucket's name. */
  bucket: string;
  /** Its AWS region. */
  region: string;
  /** Replaces AWS's endpoint: a URL such as `http://127.0.0.1:9000`. */
  endpoint?: string;
  /** Returns the role's current credentials; undefined sends unsigned requests, for an emulator. */
  credentials: () => Credentials | undefined;
}

/** An object that was read. */
export interface StoredObject {
  text: string;
  /** Its ETag. */
  revision: string;
}

/** Longest object that is read, in bytes. */
const MAX_OBJECT = 1024;

/** Limit for one request with its retry, in milliseconds. S3 usually answers within 0.1 s. */
const DEADLINE_MS = 1_500;

/** A bucket of small texts. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #root: string;

  constructor(options: BucketOptions) {
    const { bucket, region, endpoint } = options;
    this.#options = options;
    this.#root = endpoint
      ? `${endpoint.replace(/\/$/, "")}/${bucket}`
      : `https://${bucket}.s3.dualstack.${region}.amazonaws.com`;
  }

  /**
   * Reads an object.
   *
   * @returns Undefined if there is none. The text of an object of more than 1 KB is empty.
   * @throws {Error} If S3 does not answer.
   */
  async get(key: string): Promise<StoredObject | undefined> {
    const response = await this.#send(key, { method: "GET" });
    if (response.ok) {
      const revision = response.headers.get("etag") ?? "";
      const text = await readText(response, MAX_OBJECT).catch((error) => {
        if (error.code === "too-large") return "";
        throw error;
      });
      return { text, revision };
    }
    await response.body?.cancel();
    // Without the right to list the bucket, S3 answers 403 for a missing object.
    if (response.status === 404 || response.status === 403) return undefined;
    throw new Error(`S3 answered ${response.status}`);
  }

  /**
   * Writes an object, if it still has a revision.
   *
   * @param revision Empty if there must be none.
   * @returns The new revision; undefined if the object has another one.
   * @throws {Error} If S3 does not answer, or refuses.
   */
  async put(key: string, text: string, revision: string): Promise<string | undefined> {
    const response = await this.#send(key, {
      method: "PUT",
      body: text,
      headers: {
        "content-type": "application/json",
        // Pages that read an entry must see the newest.
        "cache-control": "no-store",
        ...revision ? { "if-match": revision } : { "if-none-match": "*" },
      },
    });
    await response.body?.cancel();
    if (response.ok) return response.headers.get("etag") ?? "";
    // 404: it was deleted since it was read; 409: another write is under way.
    if ([404, 409, 412].includes(response.status)) return undefined;
    throw new Error(`S3 answered ${response.status}`);
  }

  #send(
    key: string,
    request: { method: "GET" | "PUT"; body?: string; headers?: Record<string, string> },
  ): Promise<Response> {
    const { region, credentials } = this.#options;
    return signedFetch(`${this.#root}/${key}`, {
      ...request,
      service: "s3",
      region,
      credentials: credentials(),
      retries: 1,
      deadline: DEADLINE_MS,
    });
  }
}
