// Events as API Gateway hands them to the Lambda of a WebSocket API, for tests.
//
// Their fields are those of AWS's own examples:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integrations.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html

const DOMAIN = "abcdef1234.execute-api.us-east-1.amazonaws.com";

/** An upgrade that waits to be let in. Message events carry no headers. */
export function connectEvent(headers: Record<string, string>): Record<string, unknown> {
  const all = {
    "Host": DOMAIN,
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "X-Amzn-Trace-Id": "Root=1-65a7b2c4-0123456789abcdef01234567",
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
    ...headers,
  };
  return {
    headers: all,
    multiValueHeaders: Object.fromEntries(
      Object.entries(all).map(([name, value]) => [name, [value]]),
    ),
    requestContext: requestContext("page=", "$connect", "CONNECT"),
    isBase64Encoded: false,
  };
}

/** A text message. */
export function messageEvent(
  connectionId: string,
  body: string,
  routeKey = "sendSignal",
): Record<string, unknown> {
  return {
    requestContext: {
      ...requestContext(connectionId, routeKey, "MESSAGE"),
      messageId: "RAfb9dAxoAMCJ6A=",
    },
    body,
    isBase64Encoded: false,
  };
}

/** A connection that has ended. */
export function disconnectEvent(): Record<string, unknown> {
  return {
    headers: { "Host": DOMAIN, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
    multiValueHeaders: { "Host": [DOMAIN] },
    requestContext: {
      ...requestContext("page=", "$disconnect", "DISCONNECT"),
      disconnectStatusCode: 1005,
      disconnectReason: "Client-side close frame status not set",
    },
    isBase64Encoded: false,
  };
}

function requestContext(
  connectionId: string,
  routeKey: string,
  eventType: string,
): Record<string, unknown> {
  return {
    routeKey,
    eventType,
    extendedRequestId: "RAfb9Fq5oAMFrqg=",
    requestTime: "17/Jan/2024:10:58:28 +0000",
    messageDirection: "IN",
    stage: "prod",
    connectedAt: 1705489108040,
    requestTimeEpoch: 1705489108049,
    identity: { sourceIp: "198.51.100.7", userAgent: "Mozilla/5.0" },
    requestId: "RAfb9Fq5oAMFrqg=",
    domainName: DOMAIN,
    connectionId,
    apiId: "abcdef1234",
  };
}
