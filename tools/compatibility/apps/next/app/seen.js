// What the app tells of a request: tools/compatibility/contract.ts.
import { headers } from "next/headers";

export async function seen() {
  const all = await headers();
  const host = all.get("host");
  // Next adds these itself.
  const own = { host, for: "127.0.0.1", port: host.split(":")[1], proto: "http" };
  const isOwn = ([name, value]) => own[name.slice("x-forwarded-".length)] === value;
  return {
    host,
    origin: all.get("origin"),
    referer: all.get("referer"),
    length: all.get("content-length"),
    chunked: all.has("transfer-encoding"),
    forwarded: [...all].filter(([name]) => /^(x-forwarded|forwarded|x-real-ip)/.test(name))
      .filter((entry) => !isOwn(entry)).map(([name]) => name),
  };
}

/** A page that shows the value to the driver. */
export function got(value) {
  const text = JSON.stringify(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return new Response(`<!DOCTYPE html><title>App</title><pre id="got">${text}</pre>`, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}
