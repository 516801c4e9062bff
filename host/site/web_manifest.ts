// The web app manifest, by which a site can be installed: https://www.w3.org/TR/appmanifest/
import type { Icon } from "./icons.ts";

/** The colour around the icon while an installed app starts: the icon's own. */
const COLOUR = "#10222f";

/** What a manifest says. */
export interface ManifestOptions {
  page: URL;
  name: string;
  icons: Icon[];
}

/** The manifest, as JSON. Its URLs are absolute paths, since the app is the folder above it. */
export function formatManifest({ page, name, icons }: ManifestOptions): string {
  const base = page.pathname;
  const listed = icons.filter(({ sizes }) => sizes !== undefined);
  const manifest = {
    // A browser knows an installed app by its id, whatever its start is later.
    id: base,
    name,
    short_name: name,
    start_url: base,
    scope: base,
    display: "standalone",
    background_color: COLOUR,
    theme_color: COLOUR,
    icons: listed.map(({ path, sizes, type, purpose }) => ({
      src: base + path,
      sizes,
      type,
      ...purpose && { purpose },
    })),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
