// One S3 object, read and written by signed requests: the one file of the host that knows S3.
// docs/decisions.md, "S3 without its SDK", says why it is not @aws-sdk/client-s3.
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

/** What an object is to look like when it is written: the ETag that it has, or that there is none. */
export type S3Condition = { ifMatch: string } | { ifNoneMatch: "*" };

/** Longest text of an error that is read, in bytes. */
const MAX_ERROR = 4096;

/** Longest time for an answer with its body, which is small, in milliseconds. */
const ANSWER_MS = 8_000;

/** S3's refusal. */
export class S3Error extends Error {
  /** S3's own code, such as `AccessDenied`: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** Where an object is. `AWS_ENDPOINT_URL_S3` leads elsewhere than to AWS, as it does the AWS SDKs. */
export function objectUrl({ bucket, key, region }: S3ObjectOptions): string {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3;
  return endpoint
    ? `${endpoint.replace(/\/$/, "")}/${bucket}/${key}`
    : `https://${bucket}.s3.${region}.amazonaws.com/${key}`;
}

/** An object of a bucket. Credentials are found as the AWS command line finds them. */
export class S3Object {
  readonly #url: string;
  readonly #region: string;
  readonly #credentials = defaultProvider();
  /** How far this machine's clock is behind S3's, as S3 has said, in milliseconds. */
  #skew = 0;

  constructor({ bucket, key, region }: S3ObjectOptions) {
    this.#region = region;
    this.#url = objectUrl({ bucket, key, region });
  }

  /** @throws {S3Error} where S3 refuses; what fetch and the credentials' providers throw. */
  async get(signal: AbortSignal): Promise<Response> {
    return await this.#send({ method: "GET" }, signal);
  }

  /**
   * Writes the object, where it is as the condition says.
   *
   * @returns Its new ETag.
   * @throws {S3Error} `PreconditionFailed` where it is another; as {@linkcode get} does.
   */
  async put(body: string, condition: S3Condition, signal: AbortSignal): Promise<string> {
    const headers = {
      "content-type": "application/json",
      // Pages that may read it are to see the newest.
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
      // Once more by S3's clock.
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
    // A connection that is kept may be dead: this machine has another network.
    const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    return await fetch(signed.url, { method, headers: signed.headers, body, signal: ending });
  }
}

/** Errors are XML: `<Error><Code>AccessDenied</Code><Message>…</Message>…`. */
async function errorOf(response: Response): Promise<S3Error> {
  const { status } = response;
  // Whatever it is that is longer, it is not S3's.
  const text = await readText(response, MAX_ERROR).catch(() => "");
  const [, code = `HTTP ${status}`] = /<Code>(\w+)<\/Code>/.exec(text) ?? [];
  const [, message = ""] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  return new S3Error(status, code, message);
}
