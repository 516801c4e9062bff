// Reads the events that API Gateway's WebSocket APIs hand to Lambda.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
import { asRecord, asString } from "../wire/parse.ts";

/** The parts of a gateway event that the relay reads. */
export type GatewayEvent =
  | {
    kind: "connect";
    /** The connection that asks to be opened. */
    connectionId: string;
    /** The handshake's Origin; undefined if it has none: programs send none. */
    origin?: string;
    /** The subprotocols that the client offers. */
    protocols: string[];
  }
  | { kind: "disconnect"; connectionId: string }
  | {
    kind: "message";
    /** The sender. */
    connectionId: string;
    /** The message's text; undefined if the message is binary. */
    body?: string;
  };

/** Longest list of subprotocols that is read, in characters. A page's has about 60. */
const MAX_PROTOCOLS = 1024;

/** The address of a gateway's management API. */
export interface GatewayAddress {
  domainName: string;
  stage: string;
}

/**
 * Reads an event.
 *
 * @throws {TypeError} With the path of the wrong member: the event is not from API Gateway.
 */
export function parseEvent(value: unknown): GatewayEvent {
  const event = asRecord(value, "event");
  const context = asRecord(event.requestContext, "event.requestContext");
  const routeKey = asString(context.routeKey, "event.requestContext.routeKey", 128);
  const connectionId = asString(context.connectionId, "event.requestContext.connectionId", 128);
  switch (routeKey) {
    case "$connect":
      return {
        kind: "connect",
        connectionId,
        origin: headerOf(event.headers, "origin"),
        protocols: protocolsOf(event),
      };
    case "$disconnect":
      return { kind: "disconnect", connectionId };
    default: {
      const isText = typeof event.body === "string" && event.isBase64Encoded !== true;
      return {
        kind: "message",
        connectionId,
        body: isText ? event.body as string : undefined,
      };
    }
  }
}

/**
 * Reads the address for posts to this event's connections.
 *
 * An event of a custom domain names that domain, whose paths have the mapping's key in place of the
 * stage. The API's own host takes posts for connections of either.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 *
 * @param region The gateway's AWS region.
 * @throws {TypeError} With the path of the wrong member.
 */
export function parseAddress(value: unknown, region: string): GatewayAddress {
  const context = asRecord(asRecord(value, "event").requestContext, "event.requestContext");
  const domainName = asString(context.domainName, "event.requestContext.domainName", 255);
  const stage = asString(context.stage, "event.requestContext.stage", 128);
  const { apiId = /^[^.]+(?=\.execute-api\.)/.exec(domainName)?.[0] } = context;
  const id = asString(apiId, "event.requestContext.apiId", 64);
  if (!/^[a-z\d]+$/i.test(id)) {
    throw new TypeError("event.requestContext.apiId: expected letters and digits");
  }
  const own = `${id}.execute-api.`;
  if (domainName.startsWith(own)) return { domainName, stage };
  return { domainName: `${own}${region}.${suffixOf(region)}`, stage };
}

/** The domain of a region's partition: https://docs.aws.amazon.com/general/latest/gr/rande.html */
function suffixOf(region: string): string {
  if (region.startsWith("cn-")) return "amazonaws.com.cn";
  return region.startsWith("eusc-") ? "amazonaws.eu" : "amazonaws.com";
}

/**
 * The subprotocols of the handshake (RFC 6455 §4.3): lists, perhaps in several fields. More than any
 * honest client sends counts as none.
 */
function protocolsOf({ headers, multiValueHeaders }: Record<string, unknown>): string[] {
  const text = [multiValueHeaders, headers]
    .flatMap((fields) => Object.entries(fields ?? {}))
    .flatMap(([name, value]) => name.toLowerCase() === "sec-websocket-protocol" ? value : [])
    .join();
  return text.length > MAX_PROTOCOLS ? [] : text.split(",").map((protocol) => protocol.trim());
}

/** Header names keep the client's case, and HTTP/2 clients send lower case. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name && typeof value === "string") return value;
  }
}
