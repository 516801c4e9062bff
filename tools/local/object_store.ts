// A development stand-in for S3: one bucket. Host and relay reach it by signed requests, and pages
// without a signature if it is public. Users do not deploy it.
//
// As on AWS: it checks signatures and clocks; writes may have a condition; clients that may not list the
// bucket get AccessDenied for a missing object; CORS. Unlike AWS: all known keys may read and write
// everything, and there are no other operations.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Refusal } from "./refusal.ts";
import { checkSignature } from "./sigv4.ts";
import { listen, type Listening } from "../testing/listen.ts";

/** Longest body, in characters, and number of calls to remember. */
const MAX_BODY = 64 * 1024;
const MAX_CALLS = 10_000;

/** The store's operations. */
export type ObjectStoreOperation = "GetObject" | "PutObject";

const OPERATIONS: Record<string, ObjectStoreOperation | undefined> = {
  GET: "GetObject",
  PUT: "PutObject",
};

/** Options of {@linkcode startObjectStore}. */
export interface ObjectStoreOptions {
  /** The bucket's name. */
  bucket: string;
  /** Secret access keys by access key id. */
  keys: Readonly<Record<string, string>>;
  /** The bucket's region. @default "us-east-1" */
  region?: string;
  /** Whether unsigned requests may read. @default false */
  isPublic?: boolean;
  /** Origins with pages that may read the answers. @default none */
  allowedOrigins?: string[];
  /** The store's clock. @default Date.now */
  now?: () => number;
}

/** An answered call. */
export interface ObjectStoreCall {
  operation: ObjectStoreOperation;
  key: string;
  /** The access key id of its signature; undefined if unsigned. */
  accessKeyId?: string;
  status: number;
  /** S3's error code, if it failed. */
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
  /** The bucket's URL: `http://127.0.0.1:PORT/BUCKET`. */
  readonly url: string;
  readonly bucket: string;
  /** The last 10,000 calls, oldest first. */
  readonly calls: readonly ObjectStoreCall[];
  /** Injected faults: `answer` is called before each call, and its fault is the answer. */
  readonly faults: { answer?: (call: ObjectStoreCall) => ObjectStoreFault | undefined };
  /** Returns an object's text; undefined if it does not exist. */
  read(key: string): string | undefined;
  /** Writes an object, as an authorised client would. */
  write(key: string, text: string): void;
}

/** Starts a store on a free port. */
export async function startObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const server = createServer();
  return new LocalObjectStore(server, await listen(server), options);
}

/** A stored object. */
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

  /** @returns The signer's access key id; undefined for an unsigned read of a public bucket. */
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
