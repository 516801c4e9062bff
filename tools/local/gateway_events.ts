// The shapes of API Gateway's events to the Lambda of a WebSocket API, and of its own replies. Users do
// not deploy this.
//
// The fields are those of AWS's documentation and of events that users have published:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integrations.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** The common part of one connection's events. */
export interface EventSource {
  /** Id of the connection. */
  connectionId: string;
  /** Time of the upgrade request, in milliseconds since 1970. */
  connectedAt: number;
  /** The client. */
  identity: Identity;
  /** Host and port of the gateway. */
  domainName: string;
  /** Stage of the API. */
  stage: string;
}

/** The client, as events and `GET /@connections/{id}` describe it. */
export interface Identity {
  /** Address of the client. */
  sourceIp: string;
  /** The client's `User-Agent`, if it sent one. */
  userAgent?: string;
}

/** The end of a connection. */
export interface Ending {
  /** WebSocket close code. */
  code: number;
  /** Text of the close frame. */
  reason: string;
}

/** Returns a random id like API Gateway's: 11 bytes in base64, such as `PJqB0fHsqRcCHlw=`. */
export function randomId(): string {
  return `${randomBytes(11).toString("base64url")}=`;
}

/** Whether API Gateway considers a connection id well-formed. */
export function isConnectionId(id: string): boolean {
  return /^[\w+/-]{15}=$/.test(id);
}

/** Returns the event of the `$connect` route: the only one with the handshake's headers and query. */
export function connectEvent(source: EventSource, request: IncomingMessage): object {
  const headers = handshakeHeaders(source, request);
  const [, search] = splitUrl(request.url!);
  const query = new URLSearchParams(search);
  const names = [...new Set(query.keys())];
  return {
    headers: Object.fromEntries(Array.from(headers, ([name, values]) => [name, values.at(-1)])),
    multiValueHeaders: Object.fromEntries(headers),
    ...names.length > 0 && {
      queryStringParameters: Object.fromEntries(query),
      multiValueQueryStringParameters: Object.fromEntries(
        names.map((name) => [name, query.getAll(name)]),
      ),
    },
    requestContext: requestContext(source, "$connect", "CONNECT"),
    isBase64Encoded: false,
  };
}

/** Returns the event of a routed message. */
export function messageEvent(source: EventSource, routeKey: string, body: string): object {
  return {
    requestContext: {
      ...requestContext(source, routeKey, "MESSAGE"),
      messageId: randomId(),
    },
    body,
    isBase64Encoded: false,
  };
}

/** Returns the event of the `$disconnect` route. */
export function disconnectEvent(source: EventSource, { code, reason }: Ending): object {
  const headers = {
    "Host": source.domainName,
    "x-api-key": "",
    "X-Forwarded-For": "",
    "x-restapi": "",
  };
  return {
    headers,
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    ),
    requestContext: {
      ...requestContext(source, "$disconnect", "DISCONNECT"),
      disconnectStatusCode: code,
      disconnectReason: code === 1005 ? "Client-side close frame status not set" : reason,
    },
    isBase64Encoded: false,
  };
}

/**
 * Returns the text of API Gateway's own replies and errors:
 * `{"message":…,"connectionId":…,"requestId":…}`.
 */
export function gatewayMessage(message: string, connectionId: string): string {
  return JSON.stringify({ message, connectionId, requestId: randomId() });
}

/** Splits a request's target into path and query. Unlike `new URL()`, it accepts anything. */
export function splitUrl(target: string): [path: string, query: string] {
  const mark = target.indexOf("?");
  return mark < 0 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)];
}

function requestContext(source: EventSource, routeKey: string, eventType: string): object {
  const { connectionId, connectedAt, identity, domainName, stage } = source;
  const now = new Date();
  const requestId = randomId();
  return {
    routeKey,
    eventType,
    extendedRequestId: requestId,
    requestTime: logTime(now),
    messageDirection: "IN",
    stage,
    connectedAt,
    requestTimeEpoch: now.getTime(),
    identity,
    requestId,
    domainName,
    connectionId,
    apiId: "local",
  };
}

/**
 * Returns the client's headers with their original names, without those that AWS drops, and with those
 * that it adds.
 */
function handshakeHeaders(source: EventSource, request: IncomingMessage): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]!;
    if (/^(connection|upgrade)$/i.test(name)) continue;
    headers.set(name, [...headers.get(name) ?? [], request.rawHeaders[at + 1]!]);
  }
  const seconds = Math.floor(source.connectedAt / 1000).toString(16);
  headers.set("X-Amzn-Trace-Id", [`Root=1-${seconds}-${randomBytes(12).toString("hex")}`]);
  headers.set("X-Forwarded-For", [source.identity.sourceIp]);
  headers.set("X-Forwarded-Port", [String(request.socket.localPort)]);
  headers.set("X-Forwarded-Proto", ["http"]);
  return headers;
}

/** Formats a time as web servers' logs do: `29/Nov/2023:08:04:01 +0000`. */
function logTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
