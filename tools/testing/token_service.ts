// For tests: AWS's Security Token Service, with its one operation that needs no right. It checks signatures
// and clocks, and answers in AWS's words.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Refusal } from "../local/refusal.ts";
import { checkSignature } from "../local/sigv4.ts";
import { listen } from "./listen.ts";

/** A user of the account. */
export interface AwsUser {
  name: string;
  secretAccessKey: string;
  /** Whether its session has ended. @default false */
  isExpired?: boolean;
}

/** A listening service. */
export interface TokenService extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL_STS`: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** By access key id. */
  readonly users: Record<string, AwsUser>;
}

const ACCOUNT = "123456789012";
const XML = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';
const REQUEST_ID = "<RequestId>0b1f2e3d-4c5b-6a79-8897-a6b5c4d3e2f1</RequestId>";

/** The answer to each failed check. */
const REFUSALS: Record<string, Refusal | undefined> = {
  InvalidAccessKeyId: new Refusal(
    403,
    "InvalidClientTokenId",
    "The security token included in the request is invalid.",
  ),
  RequestTimeTooSkewed: new Refusal(
    403,
    "SignatureDoesNotMatch",
    "Signature expired: the request's time is earlier or later than allowed (15 min.)",
  ),
};

const WRONG_SIGNATURE = new Refusal(
  403,
  "SignatureDoesNotMatch",
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret " +
    "Access Key and signing method. Consult the service documentation for details.",
);

/** Starts a service for one user, whose key is `local`, with the secret `local`. */
export async function startTokenService(): Promise<TokenService> {
  const users: TokenService["users"] = { local: { name: "dev", secretAccessKey: "local" } };
  const server = createServer(async (request, response) => {
    response.setHeader("content-type", "text/xml");
    try {
      const { name } = authenticate(request, await text(request), users);
      response.end(
        `<GetCallerIdentityResponse ${XML}><GetCallerIdentityResult>` +
          `<Arn>arn:aws:iam::${ACCOUNT}:user/${name}</Arn><UserId>AIDALOCAL</UserId>` +
          `<Account>${ACCOUNT}</Account></GetCallerIdentityResult>` +
          `<ResponseMetadata>${REQUEST_ID}</ResponseMetadata></GetCallerIdentityResponse>`,
      );
    } catch (error) {
      if (!(error instanceof Refusal)) return void response.destroy();
      response.writeHead(error.status).end(
        `<ErrorResponse ${XML}><Error><Type>Sender</Type><Code>${error.code}</Code>` +
          `<Message>${error.message}</Message></Error>${REQUEST_ID}</ErrorResponse>`,
      );
    }
  });
  const listening = await listen(server);
  return { url: listening.url, users, [Symbol.asyncDispose]: () => listening.close() };
}

/** @throws {Refusal} */
function authenticate(
  request: IncomingMessage,
  body: string,
  users: TokenService["users"],
): AwsUser {
  if (body !== "Action=GetCallerIdentity&Version=2011-06-15") {
    throw new Refusal(400, "InvalidAction", "Could not find operation for version 2011-06-15");
  }
  const keys = Object.fromEntries(
    Object.entries(users).map(([id, { secretAccessKey }]) => [id, secretAccessKey]),
  );
  // Each region's endpoint takes signatures for its region; this one stands for all of them.
  const [, region = ""] = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(
    request.headers.authorization ?? "",
  ) ?? [];
  const check = checkSignature(request, { keys, region, service: "sts", body, now: Date.now() });
  if ("error" in check) throw REFUSALS[check.error] ?? WRONG_SIGNATURE;
  const user = users[check.accessKeyId]!;
  if (user.isExpired) {
    throw new Refusal(403, "ExpiredToken", "The security token included in the request is expired");
  }
  return user;
}
