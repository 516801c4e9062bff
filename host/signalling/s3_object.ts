// Reads and writes one S3 object by signed requests. docs/decisions.md, "S3 without its SDK", says why it
// does not use @aws-sdk/client-s3.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { AwsV4Signer } from "aws4fetch";
import process from "node:process";
import { readText } from "../../wire/mod.ts";

/** Options of {@linkcode S3Object}. */
export interface S3ObjectOptions {
  bucket: string;
  key: string;
  /** The bucket's AWS region. */
  region: string;
}

/** The condition for a write: the object has this ETag, or does not exist. */
export type S3Condition = { ifMatch: string } | { ifNoneMatch: "*" };

/** Most bytes that are read of an error. */
const MAX_ERROR = 4096;

/** Limit for an answer with its small body, in milliseconds. */
const ANSWER_MS = 8_000;

/** A refusal of S3. */
export class S3Error extends Error {
  /** S3's code, such as `AccessDenied`: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** The object's URL. `AWS_ENDPOINT_URL_S3` replaces AWS's endpoint, as in the AWS SDKs. */
export function objectUrl({ bucket, key, region }: S3ObjectOptions): string {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3;
  return endpoint
    ? `${endpoint.replace(/\/$/, "")}/${bucket}/${key}`
    : `https://${bucket}.s3.dualstack.${region}.amazonaws.com/${key}`;
}

/** An object in a bucket. Credentials come from the same places as for the AWS command line. */
export class S3Object {
  readonly #url: string;
  readonly #region: string;
  readonly #credentials = defaultProvider();
  /** S3's clock minus this machine's, in milliseconds, from S3's answers. */
  #skew = 0;

  constructor({ bucket, key, region }: S3ObjectOptions) {
    this.#region = region;
    this.#url = objectUrl({ bucket, key, region });
  }

  /** @throws {S3Error} If S3 refuses; the errors of fetch and of the credentials' providers. */
  async get(signal: AbortSignal): Promise<Response> {
    return await this.#send({ method: "GET" }, signal);
  }

  /**
   * Writes the object if the condition holds.
   *
   * @returns Its new ETag.
   * @throws {S3Error} `PreconditionFailed` if the condition does not hold; as {@linkcode get} throws.
   */
  async put(body: string, condition: S3Condition, signal: AbortSignal): Promise<string> {
    const headers = {
      "content-type": "application/json",
      // no-cache: pages that read the object must see the newest.
      "cache-control": "no-store",
      ..."ifMatch" in condition
        ? { "if-match": condition.ifMatch }
        : { "if-none-match": condition.ifNoneMatch },
    };
    const response = await this.#send({ method: "PUT", body, headers }, signal);
    await response.body?.cancel();
    return response.headers.get("etag") ?? "";
  }

  async #send(
    request: { method: string; body?: string; headers?: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Response> {
    for (let attempt = 1;; attempt++) {
      const response = await this.#sendOnce(request, signal);
      if (response.ok) return response;
      const error = await errorOf(response);
      const time = Date.parse(response.headers.get("date") ?? "");
      // Try once more with S3's time.
      if (error.code !== "RequestTimeTooSkewed" || attempt > 1 || Number.isNaN(time)) throw error;
      this.#skew = time - Date.now();
    }
  }

  async #sendOnce(
    { method, body, headers }: { method: string; body?: string; headers?: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Response> {
    const signer = new AwsV4Signer({
      ...await this.#credentials(),
      service: "s3",
      region: this.#region,
      url: this.#url,
      method,
      headers,
      body,
      datetime: new Date(Date.now() + this.#skew).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    });
    const signed = await signer.sign();
    // A kept connection may be dead after a change of network.
    const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    return await fetch(signed.url, { method, headers: signed.headers, body, signal: ending });
  }
}

/** Errors are XML: `<Error><Code>AccessDenied</Code><Message>…</Message>…`. */
async function errorOf(response: Response): Promise<S3Error> {
  const { status } = response;
  // A longer text is not S3's.
  const text = await readText(response, MAX_ERROR).catch(() => "");
  const [, code = `HTTP ${status}`] = /<Code>(\w+)<\/Code>/.exec(text) ?? [];
  const [, message = ""] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  return new S3Error(status, code, message);
}
