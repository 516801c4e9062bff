// What the app tells of a request: tools/compatibility/contract.ts.

export function seen({ headers }) {
  return {
    host: headers.get("host"),
    origin: headers.get("origin"),
    referer: headers.get("referer"),
    length: headers.get("content-length"),
    chunked: headers.has("transfer-encoding"),
    forwarded: [...headers.keys()]
      .filter((name) => /^(x-forwarded|forwarded|x-real-ip)/.test(name)),
  };
}

/** A page that shows the value to the driver. */
export function got(value) {
  const text = JSON.stringify(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return new Response(`<!DOCTYPE html><title>App</title><pre id="got">${text}</pre>`, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
