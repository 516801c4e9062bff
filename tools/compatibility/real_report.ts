// Formats the part of docs/compatibility.md about real apps.
import { formatTable } from "./report.ts";
import type { RealRow } from "./real_rows.ts";
import { type Way, WAYS } from "./ways.ts";

/** What is tried on. */
export interface Circumstances {
  /** Browsers with their versions. */
  browsers: string[];
  /** The day, such as `2026-11-29`. */
  date: string;
}

/** Returns the part in Markdown. */
export function formatRealApps(rows: RealRow[], { browsers, date }: Circumstances): string {
  const notes: string[] = [];
  const noted = new Map<string, number>();
  const ways = Object.entries(WAYS) as [Exclude<Way, "direct">, string][];
  /** Both browsers' results of one way. */
  const formatCell = ({ app, cells }: RealRow, way: Way): string => {
    const results = Object.entries(cells).filter(([name]) => name.startsWith(`${way} `));
    const failing = results.filter(([, failures]) => failures.length > 0);
    if (failing.length === 0) return "works";
    return failing.map(([name, failures]) => {
      const browser = name.endsWith("firefox") ? "Firefox" : "Chromium";
      const note = `${app.name}: ${failures.map(shorten).join("; ")}`;
      const number = noted.get(note) ?? notes.push(note);
      noted.set(note, number);
      return failing.length < results.length
        ? `fails in ${browser} (${number})`
        : `fails (${number})`;
    }).filter((text, at, all) => all.indexOf(text) === at).join(", ");
  };
  const results = rows.map((row) => [
    row.app.name,
    Object.keys(row.app.steps).join(", "),
    ...ways.map(([way]) => formatCell(row, way)),
  ]);
  return `## Real apps

Real apps with the settings that they have by themselves, each behind a host of its own, in
${
    browsers.join(" and ")
  }. The table has the results of ${date}. \`works\` means: each step does in both
browsers what it does without Lighthouse, and the static host was asked for nothing but the site's own
files.

- **A site** is one in app mode at its origin's root, such as \`https://me.github.io/\`.
- **A project site** is one in app mode below the root, such as \`https://me.github.io/repo/\`. The app
  keeps its absolute paths, and knows nothing of \`/repo/\`.
- **\`local/\`** is the app's own tab under a site's \`local/NAME/\`, beside a page with the element.

${formatTable([["App", "Steps", ...ways.map(([, title]) => title)], ...results])}

${notes.map((note, at) => `${at + 1}. ${note}`).join("\n")}

Under \`local/\`, a router in the page that takes the whole path for its own needs the app's setting for a
path, such as Vite's \`base\`. In app mode it needs none.

An app's own service worker is not registered: the site's has its place. The app is told so by the
error that browsers have for it (\`NotSupportedError\`), and goes on without.

### Versions of real apps

${formatTable([["App", "Versions"], ...rows.map(({ app, versions }) => [app.name, versions])])}
`;
}

/** Text that Markdown shows as it is, and that is the same in each run. */
function shorten(text: string): string {
  return text.replace(/http:\/\/127\.0\.0\.1:\d+/g, "").replace(/\s+/g, " ").replace(
    /[|<>*_`[\]]/g,
    "\\$&",
  ).slice(0, 200);
}
