// What a link with `download` names, as a file that the browser saves.

/**
 * Makes an answer a file to save.
 *
 * @param name Its name, where the answer gives none.
 */
export function toSavedFile(response: Response, name: string): Response {
  const { body, status, statusText } = response;
  if (response.type === "error") return response;
  const headers = new Headers(response.headers);
  // The file comes by a frame, and is shown in none.
  for (const name of ["content-security-policy", "x-frame-options"]) headers.delete(name);
  // RFC 6266
  const disposition = headers.get("content-disposition") ?? "";
  headers.set(
    "content-disposition",
    /;\s*filename\*?\s*=/i.test(disposition)
      ? disposition.replace(/^[^;]*/, "attachment")
      : `attachment; filename*=UTF-8''${encode(name)}`,
  );
  return new Response(body, { status, statusText, headers });
}

/** The last part of a URL's path, "" if that ends with a slash. */
export function fileNameOf({ pathname }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** RFC 8187 §3.2.1. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
}
