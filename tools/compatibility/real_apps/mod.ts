// The real apps of the table that are tried with their own pages.
import { DJANGO_ADMIN } from "./django_admin.ts";
import { JUPYTERLAB } from "./jupyterlab.ts";
import { NEXT_DEV } from "./next_dev.ts";
import { NODE_RED } from "./node_red.ts";
import type { RealApp } from "./real_app.ts";
import { STREAMLIT } from "./streamlit.ts";
import { VITE } from "./vite.ts";

/** Those that `npm test` visits, too. */
export const SIX_APPS: RealApp[] = [NODE_RED, VITE, NEXT_DEV, JUPYTERLAB, STREAMLIT, DJANGO_ADMIN];
