// The real apps of the table that are tried with their own pages.
import { DEBIAN_APPS } from "./debian.ts";
import { DJANGO_ADMIN } from "./django_admin.ts";
import { EVENTS } from "./events.ts";
import { JUPYTERLAB } from "./jupyterlab.ts";
import { NEXT_DEV } from "./next_dev.ts";
import { NODE_PAGES } from "./node_pages.ts";
import { NODE_RED } from "./node_red.ts";
import { POCKETBASE } from "./pocketbase.ts";
import { PYTHON_PAGES } from "./python_pages.ts";
import type { RealApp } from "./real_app.ts";
import { STREAMLIT } from "./streamlit.ts";
import { VITE } from "./vite.ts";
import { WIDGETS } from "./widgets.ts";

/** Those that `npm test` visits, too. */
export const SIX_APPS: RealApp[] = [NODE_RED, VITE, NEXT_DEV, JUPYTERLAB, STREAMLIT, DJANGO_ADMIN];

/** Those that `npm run compatibility` visits. */
export const REAL_APPS: RealApp[] = [
  ...SIX_APPS,
  ...WIDGETS,
  ...PYTHON_PAGES,
  ...NODE_PAGES,
  ...DEBIAN_APPS,
  POCKETBASE,
  EVENTS,
];
