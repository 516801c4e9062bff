// AWS's Signature Version 4, as far as the relay needs it: paths of letters, digits and `-_./@%`, no
// query. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

/** Credentials of the relay's role. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A request to sign. */
export interface Request {
  method: string;
  url: string;
  body?: string;
  /** Such as `s3`. */
  service: string;
  region: string;
  credentials: Credentials;
}

/** The headers that sign a request, at the present time. */
export async function signatureOf(request: Request): Promise<Record<string, string>> {
  const { method, url, body = "", service, region, credentials } = request;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const { host, pathname } = new URL(url);
  const date = new Date().toISOString().replace(/[:-]|\.\d+/g, "");
  const hash = hex(await crypto.subtle.digest("SHA-256", utf8(body)));
  const isS3 = service === "s3";
  // In the order of their names.
  const headers: Record<string, string> = {
    ...isS3 && { "x-amz-content-sha256": hash },
    "x-amz-date": date,
    ...sessionToken && { "x-amz-security-token": sessionToken },
  };
  const signed = Object.entries({ host, ...headers });
  const names = signed.map(([name]) => name).join(";");
  // All services but S3 escape the path once more.
  const path = isS3 ? pathname : encodeURIComponent(pathname).replaceAll("%2F", "/");
  const lines = signed.map((header) => header.join(":"));
  const canonical = [method, path, "", ...lines, "", names, hash].join("\n");
  const scope = [date.slice(0, 8), region, service, "aws4_request"];
  let key = utf8(`AWS4${secretAccessKey}`);
  for (const part of scope) key = await hmac(key, part);
  const algorithm = "AWS4-HMAC-SHA256";
  const digest = hex(await crypto.subtle.digest("SHA-256", utf8(canonical)));
  const signature = hex(await hmac(key, [algorithm, date, scope.join("/"), digest].join("\n")));
  const credential = `${accessKeyId}/${scope.join("/")}`;
  headers.authorization =
    `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return headers;
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(text)));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function hex(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  const pairs = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0"));
  return pairs.join("");
}
