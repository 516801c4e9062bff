// Reads the events that API Gateway's WebSocket APIs hand to Lambda.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
import { asRecord, asString } from "../wire/parse.ts";

/** The parts of a gateway event that the relay reads. */
export type GatewayEvent =
  | {
    kind: "connect";
    /** The handshake's Origin; undefined if it has none: programs send none. */
    origin?: string;
  }
  | { kind: "disconnect" }
  | {
    kind: "message";
    /** The sender. */
    connectionId: string;
    /** The message's text; undefined if the message is binary. */
    body?: string;
  };

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
  switch (asString(context.routeKey, "event.requestContext.routeKey", 128)) {
    case "$connect":
      return { kind: "connect", origin: headerOf(event.headers, "origin") };
    case "$disconnect":
      return { kind: "disconnect" };
    default: {
      const isText = typeof event.body === "string" && event.isBase64Encoded !== true;
      return {
        kind: "message",
        connectionId: asString(context.connectionId, "event.requestContext.connectionId", 128),
        body: isText ? event.body as string : undefined,
      };
    }
  }
}

/**
 * Reads the address for posts to this event's connections.
 *
 * @throws {TypeError} With the path of the wrong member.
 */
export function parseAddress(value: unknown): GatewayAddress {
  const context = asRecord(asRecord(value, "event").requestContext, "event.requestContext");
  return {
    domainName: asString(context.domainName, "event.requestContext.domainName", 255),
    stage: asString(context.stage, "event.requestContext.stage", 128),
  };
}

/** Header names keep the client's case, and HTTP/2 clients send lower case. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name && typeof value === "string") return value;
  }
}
