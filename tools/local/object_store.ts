// A development stand-in for S3: one bucket that host and relay reach by signed requests, and pages
// without a signature where it is public. A development part, and no part of what a user deploys.
//
// As on AWS: signatures are checked, and clocks; writes may hang on a condition; who may not list the
// bucket is answered AccessDenied for what is not in it; CORS. Not as on AWS: all keys that are known
// may read and write everything, and there are no other operations.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Refusal } from "./refusal.ts";
import { checkSignature } from "./sigv4.ts";
import { listen, type Listening } from "../testing/listen.ts";

/** Longest body, in characters, and how many calls are remembered. */
const MAX_BODY = 64 * 1024;
const MAX_CALLS = 10_000;

/** What the store can do. */
export type ObjectStoreOperation = "GetObject" | "PutObject";

const OPERATIONS: Record<string, ObjectStoreOperation | undefined> = {
  GET: "GetObject",
  PUT: "PutObject",
};

/** Options of {@linkcode startObjectStore}. */
export interface ObjectStoreOptions {
  /** The one bucket's name. */
  bucket: string;
  /** Secret access keys by access key id. */
  keys: Readonly<Record<string, string>>;
  /** Where the bucket is. @default "us-east-1" */
  region?: string;
  /** Whether anybody may read. @default false */
  isPublic?: boolean;
  /** Origins whose pages may read the answers. @default none */
  allowedOrigins?: string[];
  /** The store's clock. @default Date.now */
  now?: () => number;
}

/** One call that was answered. */
export interface ObjectStoreCall {
  operation: ObjectStoreOperation;
  key: string;
  /** Whose signature it had; undefined if it had none. */
  accessKeyId?: string;
  status: number;
  /** S3's code, where it was an error. */
  code?: string;
}

/** An error to answer with. */
export interface ObjectStoreFault {
  status: number;
  /** Such as `AccessDenied` (403) or `SlowDown` (503). */
  code: string;
}

/** A listening store. */
export interface ObjectStore extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL_S3`: `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** What stands for the bucket's own URL: `http://127.0.0.1:PORT/BUCKET`. */
  readonly url: string;
  readonly bucket: string;
  /** The last 10,000 calls, the oldest first. */
  readonly calls: readonly ObjectStoreCall[];
  /** What goes wrong on purpose: `answer` is asked before each call is carried out. */
  readonly faults: { answer?: (call: ObjectStoreCall) => ObjectStoreFault | undefined };
  /** The text of an object; undefined if there is none. */
  read(key: string): string | undefined;
  /** Writes an object, as somebody with the right to may. */
  write(key: string, text: string): void;
}

/** Starts a store on a port that is free. */
export async function startObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const server = createServer();
  return new LocalObjectStore(server, await listen(server), options);
}

/** An object as it is kept. */
interface StoredObject {
  text: string;
  etag: string;
  modified: Date;
}

class LocalObjectStore implements ObjectStore {
  readonly endpoint: string;
  readonly url: string;
  readonly bucket: string;
  readonly calls: ObjectStoreCall[] = [];
  readonly faults: ObjectStore["faults"] = {};
  readonly #options: ObjectStoreOptions;
  readonly #objects = new Map<string, StoredObject>();
  readonly #listening: Listening;

  constructor(server: Server, listening: Listening, options: ObjectStoreOptions) {
    this.endpoint = listening.url;
    this.bucket = options.bucket;
    this.url = `${this.endpoint}/${this.bucket}`;
    this.#options = options;
    this.#listening = listening;
    server.on("request", (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  read(key: string): string | undefined {
    return this.#objects.get(key)?.text;
  }

  write(key: string, text: string): StoredObject {
    const etag = `"${createHash("md5").update(text).digest("hex")}"`;
    const object = { text, etag, modified: new Date(this.#now()) };
    this.#objects.set(key, object);
    return object;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("date", new Date(this.#now()).toUTCString());
    const isKnown = this.#allowOrigin(request, response);
    if (request.method === "OPTIONS") return void response.writeHead(isKnown ? 200 : 403).end();
    const operation = OPERATIONS[request.method!];
    const [path = ""] = request.url!.split("?");
    const [bucket, ...rest] = path.slice(1).split("/");
    if (!operation) return void response.writeHead(405).end();
    const call: ObjectStoreCall = {
      operation,
      key: decodeURIComponent(rest.join("/")),
      status: 200,
    };
    try {
      const body = await bodyOf(request);
      call.accessKeyId = this.#authenticate(request, body);
      if (bucket !== this.bucket) throw new Refusal(404, "NoSuchBucket");
      const fault = this.faults.answer?.(call);
      if (fault) throw new Refusal(fault.status, fault.code);
      if (operation === "GetObject") this.#get(call, response);
      else this.#put(call, body, request, response);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      Object.assign(call, { status: error.status, code: error.code });
      response.writeHead(error.status, { "content-type": "application/xml" }).end(
        `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${error.code}</Code><Message>Refused by ` +
          `the development store</Message></Error>`,
      );
    } finally {
      if (this.calls.push(call) > MAX_CALLS) this.calls.shift();
    }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  /** @returns Whether the page's origin may read. */
  #allowOrigin({ headers: { origin } }: IncomingMessage, response: ServerResponse): boolean {
    if (origin === undefined || !this.#options.allowedOrigins?.includes(origin)) return false;
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-allow-methods", "GET");
    response.setHeader("access-control-expose-headers", "Date");
    response.setHeader("vary", "Origin, Access-Control-Request-Headers");
    return true;
  }

  /** @returns Whose the request is; undefined if it is anybody's. */
  #authenticate(request: IncomingMessage, body: string): string | undefined {
    const { keys, region = "us-east-1", isPublic = false } = this.#options;
    if (request.headers.authorization === undefined) {
      if (isPublic && request.method === "GET") return undefined;
      throw new Refusal(403, "AccessDenied");
    }
    const check = checkSignature(request, {
      keys,
      region,
      service: "s3",
      body,
      now: this.#now(),
    });
    if ("accessKeyId" in check) return check.accessKeyId;
    const isBadRequest = ["AuthorizationHeaderMalformed", "XAmzContentSHA256Mismatch"];
    throw new Refusal(isBadRequest.includes(check.error) ? 400 : 403, check.error);
  }

  #get({ key }: ObjectStoreCall, response: ServerResponse): void {
    const object = this.#objects.get(key);
    if (!object) throw new Refusal(403, "AccessDenied");
    response.writeHead(200, {
      "content-type": "application/json",
      "cache-control": "no-store",
      "etag": object.etag,
      "last-modified": object.modified.toUTCString(),
    }).end(object.text);
  }

  #put(
    { key }: ObjectStoreCall,
    body: string,
    { headers }: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { "if-match": wanted, "if-none-match": none } = headers;
    const object = this.#objects.get(key);
    if (wanted !== undefined && !object) throw new Refusal(404, "NoSuchKey");
    if (wanted !== undefined && wanted !== object!.etag) {
      throw new Refusal(412, "PreconditionFailed");
    }
    if (none === "*" && object) throw new Refusal(412, "PreconditionFailed");
    response.writeHead(200, { etag: this.write(key, body).etag }).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY) throw new Refusal(400, "EntityTooLarge");
  }
  return text;
}
