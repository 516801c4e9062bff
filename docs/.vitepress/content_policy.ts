// The Content-Security-Policy of each page: only the site's own scripts run, and nothing comes from elsewhere.
import { createHash } from "node:crypto";

/** Returns a page with its policy. Inline scripts of VitePress, such as that for the dark mode, are hashed. */
export function withPolicy(html: string): string {
  const hashes = [...html.matchAll(/<script(?: id="[\w-]+")?>(.*?)<\/script>/gs)]
    .map(([, script]) => `'sha256-${createHash("sha256").update(script!).digest("base64")}'`);
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(" ")}`,
    // Colours of code are style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    // The example of a relay that cannot be reached; the name never exists (RFC 6761).
    "connect-src 'self' wss://lighthouse.invalid",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const charset = '<meta charset="utf-8">';
  if (!html.includes(charset)) throw new Error("The page has no charset to put the policy after");
  return html.replace(
    charset,
    `${charset}\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`,
  );
}
