// An app of the table: how it is installed and started, and what is tried with it.
import type { Cell, Checks } from "./cells.ts";
import { installPython, pythonVersions } from "./install.ts";

/** An app of the table. */
export interface App {
  name: string;
  /** The name of its service: the app is at `/ID/` in the tunnel, and at `/local/ID/` on the site. */
  id: string;
  /**
   * Whether it has the same path on its own server as on the site, since its pages use absolute URLs.
   *
   * @default false: it has no path
   */
  hasSitePath?: boolean;
  /** The port, if the app must know it when it is built. @default any free one */
  port?: number;
  /** Whether its service has `as=proxy`. @default false */
  isProxied?: boolean;
  /** Installs what it needs. @param port The port of 127.0.0.1 on which it is to listen. */
  prepare(port: number): Promise<Prepared>;
  /** Settings besides its defaults, in Markdown. */
  settings?: string;
  /** Columns for which the framework has nothing. */
  without?: Cell[];
  /** Checks in place of the usual ones, for an app that is not of apps/. */
  checks?: Checks;
}

/** An installed app. */
export interface Prepared {
  command: string[];
  environment?: Record<string, string>;
  /** @default the folder apps/ */
  cwd?: string;
  /** Frameworks and servers with their versions. */
  versions: string;
  /** A path that answers as soon as it is up. @default "hello?name=Ann" */
  ready?: string;
}

/** An app in Python. @param list The list of packages in apps/, of which `packages` are named. */
export async function onPython(
  list: string,
  args: string[],
  packages: string[],
  environment: Record<string, string> = {},
): Promise<Prepared> {
  const python = await installPython(list);
  return {
    command: [python, ...args],
    environment: { ...environment, PYTHONDONTWRITEBYTECODE: "1" },
    versions: await pythonVersions(python, ...packages),
  };
}
