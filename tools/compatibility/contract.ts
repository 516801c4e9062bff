// What the small apps of apps/ have in common, so that one driver visits all of them. Pages use relative
// URLs only.
//
// | Request                  | Answer                                                                  |
// | ------------------------ | ----------------------------------------------------------------------- |
// | GET hello?name=…         | `{name, seen}` as JSON                                                  |
// | POST json                | takes `{text}`, answers `{text, seen}`                                  |
// | POST bytes               | `{size, sha256, seen}` of any body; only those of the short list        |
// | GET form, POST form      | a form with `text` that leads to its own URL; `{text, seen}`            |
// | GET upload, POST upload  | a form with `file`; `{size, sha256, seen}`                              |
// | GET login, POST login    | a form with `user`; a redirect to `home`, or 400 or 403 without a token |
// | GET home                 | `{user, seen}`; 401 before the login                                    |
// | GET moved                | a redirect to `landed?from=moved`, as the framework makes it            |
// | GET landed?from=…        | `{landed, seen}`                                                        |
// | GET events               | three events after `Last-Event-ID`, then the end, as an event stream    |
// | WebSocket socket         | sends each text back; refuses other origins than its own                |
//
// The answers of forms, `home` and `landed` are pages with the JSON in `<pre id="got">`.

/** Headers of a request, as the app has seen them. */
export interface Seen {
  host: string | null;
  origin: string | null;
  referer: string | null;
  /** Content-Length. */
  length: string | null;
  /** Whether there was a Transfer-Encoding. */
  chunked: boolean;
  /** Names of the headers by which proxies tell of the client, in lower case. */
  forwarded: string[];
}
