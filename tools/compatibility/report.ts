// Formats the part of docs/compatibility.md about frameworks and servers.
import { type Cell, CELLS } from "./cells.ts";
import type { RunningApp } from "./running_app.ts";

/** A row of the table. */
export interface Row {
  running: RunningApp;
  /** For each column `works`, `–` for what the framework does not offer, or what failed. */
  cells: Record<Cell, string>;
}

/** What is tried on. */
export interface Circumstances {
  /** The browser with its version. */
  browser: string;
  /** The day, such as `2026-11-29`. */
  date: string;
}

/** Returns the part in Markdown. */
export function formatFrameworks(rows: Row[], { browser, date }: Circumstances): string {
  const notes: string[] = [];
  const formatCell = (cell: string) => {
    if (cell === "works" || cell === "–") return cell;
    notes.push(cell);
    return `fails (${notes.length})`;
  };
  const columns = Object.keys(CELLS) as Cell[];
  const results = rows.map(({ running: { app }, cells }) => [
    app.name,
    ...columns.map((column) => formatCell(cells[column])),
  ]);
  const installed = rows.map(({ running: { app, versions } }) => [
    app.name,
    versions,
    app.settings ?? "",
  ]);
  return `## Frameworks and servers

Apps on real frameworks and servers run behind one host. Each is a service with the settings that a
service has by default (\`as=local\`) unless its name says \`as=proxy\`. A paired page in ${browser}
visits them through the tunnel. The table has the results of ${date}. A dash means that the framework
does not offer it by itself.

${formatTable([["App", ...columns], ...results])}

${notes.map((note, at) => `${at + 1}. ${note}`).join("\n")}

### What is tried with frameworks

The frameworks' own checks are on: of hosts, origins, referrers, and tokens against other sites' forms.
Each app reports what it has seen of a request. Host, Origin and Referer must be its own, and there must
be no header of a proxy; with \`as=proxy\`, Origin, Referer and its own URLs must be the site's. Each
body must have a Content-Length, and no Transfer-Encoding.

${COLUMNS}

### Versions and settings

${formatTable([["App", "Versions", "Settings besides the defaults"], ...installed])}

Next, JupyterLab and Streamlit are told their path on the site by their own settings here, and their
services lead there: \`--service /jupyterlab=http://127.0.0.1:8888/local/jupyterlab/\`. Their requests do
not need that: what they ask for by absolute paths is led to them. A router of theirs does, if it takes
the page's whole path for its own. On a site that is not at the root of its origin, the site's path comes
first: \`/notes/local/jupyterlab/\`. A site in app mode needs no such settings.
`;
}

const COLUMNS =
  `- **GET**: by \`tunnel.fetch()\`, and as a page in a tab under \`local/\`. JupyterLab, Streamlit and
  Gradio run their own scripts there, which draw the page.
- **JSON POST**: by \`tunnel.fetch()\`, and by \`fetch()\` of a page under \`local/\`.
- **Form**: a user fills in the form of a page under \`local/\`, and sends it.
- **File upload**: the same with a file of 1.5 MiB. JupyterLab and Gradio take it from a script,
  and Streamlit from a script of its own page, with the token of a cookie.
- **Login**: a user fills in a form, gets a cookie, and is redirected to a page for users only. Where
  the form has a token against other sites' forms, the app refuses it without the token. Gradio takes
  the login from a script.
- **Redirect**: by \`tunnel.fetch()\`, and in a tab. It ends at the right URL under \`local/\`.
- **SSE**: \`new EventSource()\` in a page under \`local/\`. The answer ends twice, and the browser goes
  on after the last event that it has.
- **WebSocket**: by \`tunnel.socket()\`, at an app that refuses other origins. The WebSockets of the
  app's own pages are led by the script that Lighthouse puts into them. Streamlit's file upload opens
  one, and real apps above do.`;

/** Returns a table as the formatter has it. */
export function formatTable([head, ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head!), line(head!.map(() => "---")), ...rows.map(line)].join("\n");
}
