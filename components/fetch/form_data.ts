// multipart/form-data, in which `fetch` sends a FormData.

/**
 * Encodes a form (https://html.spec.whatwg.org/#multipart-form-data). The Blob refers to the form's files
 * and copies none of them, so they may be of any size.
 *
 * @returns A Blob whose type names the boundary.
 */
export function encodeForm(form: FormData): Blob {
  // Nothing within the form may be able to guess it: a file could end its own part. In lower case, because
  // a Blob's type is.
  const boundary = `----lighthouse-${crypto.randomUUID()}`;
  const parts: BlobPart[] = [];
  for (const [name, value] of form) {
    const start = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(name))}"`;
    if (typeof value === "string") parts.push(`${start}\r\n\r\n${lines(value)}`);
    else {
      const type = value.type || "application/octet-stream";
      parts.push(
        `${start}; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`,
        value,
      );
    }
    parts.push("\r\n");
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` });
}

/** The text with CR LF at the end of each line. */
function lines(text: string): string {
  return text.replace(/\r\n?|\n/g, "\r\n");
}

function escape(text: string): string {
  return text.replace(/[\n\r"]/g, encodeURIComponent);
}
