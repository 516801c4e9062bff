// The page around the app, with a stand-in for its element.
import { Shell } from "../../../components/shell/shell.ts";
import { styles } from "../../../components/shell/shell_styles.ts";
import type { LighthouseTunnel } from "../../../components/mod.ts";
import "./stand_in.ts";

document.adoptedStyleSheets.push(styles.styleSheet!);
new Shell(
  { scope: new URL("/shell/", location.href), service: null },
  document.querySelector("lighthouse-tunnel") as LighthouseTunnel,
);
