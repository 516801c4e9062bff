// Development part: checks the AWS Signature Version 4 of a request, as AWS's services do.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Options of {@linkcode checkSignature}. */
export interface SignatureOptions {
  /** Secret access keys by access key id. */
  keys: Readonly<Record<string, string>>;
  region: string;
  /** The service's name, such as `s3`. */
  service: string;
  /** The request's body. */
  body: string;
  /** The service's time, in milliseconds since 1970. */
  now: number;
}

/** The signer's access key id, or the error code, as S3 has it. */
export type SignatureCheck =
  | { accessKeyId: string }
  | {
    error:
      | "AuthorizationHeaderMalformed"
      | "InvalidAccessKeyId"
      | "RequestTimeTooSkewed"
      | "SignatureDoesNotMatch"
      | "XAmzContentSHA256Mismatch";
  };

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/([^/]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** Largest difference between the request's and the service's time, in milliseconds. */
const MAX_SKEW = 15 * 60_000;

/** Checks a request's signature. */
export function checkSignature(
  { method, url, headers }: IncomingMessage,
  { keys, region, service, body, now }: SignatureOptions,
): SignatureCheck {
  const found = AUTHORIZATION.exec(headers.authorization ?? "");
  if (!found || found[4] !== region || found[5] !== service) {
    return { error: "AuthorizationHeaderMalformed" };
  }
  const [, accessKeyId, scope, day, , , signedHeaders, signature] = found as unknown as string[];
  const secret = Object.hasOwn(keys, accessKeyId!) ? keys[accessKeyId!] : undefined;
  if (secret === undefined) return { error: "InvalidAccessKeyId" };

  const time = String(headers["x-amz-date"]);
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const [year, month, date, ...clock] = parts.map(Number);
  const at = Date.UTC(year!, month! - 1, date, ...clock);
  if (!time.startsWith(day!) || !(Math.abs(at - now) <= MAX_SKEW)) {
    return { error: "RequestTimeTooSkewed" };
  }
  // S3 alone demands the header.
  const payload = String(
    headers["x-amz-content-sha256"] ?? (service === "s3" ? undefined : sha256(body)),
  );
  if (payload !== "UNSIGNED-PAYLOAD" && payload !== sha256(body)) {
    return { error: "XAmzContentSHA256Mismatch" };
  }
  const [path, query = ""] = url!.split("?");
  const names = signedHeaders!.split(";");
  const canonical = [
    method,
    path,
    query.split("&").sort().join("&"),
    ...names.map((name) => `${name}:${String(headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders,
    payload,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = [day!, region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${secret}`,
  );
  const expected = hmac(key, toSign);
  // The signature must cover all headers that change the request's meaning.
  const isWhole = names.includes("host") &&
    Object.keys(headers).every((name) => !name.startsWith("x-amz-") || names.includes(name));
  return isWhole && timingSafeEqual(expected, Buffer.from(signature!, "hex"))
    ? { accessKeyId: accessKeyId! }
    : { error: "SignatureDoesNotMatch" };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
