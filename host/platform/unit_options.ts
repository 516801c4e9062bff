// What a systemd unit or a launchd job of the host is made of.

/** What a service runs. */
export interface UnitOptions {
  /** The program and its arguments, with absolute paths. */
  command: string[];
  /** The one folder that it writes to. */
  state: string;
  /** Variables that it needs besides the platform's own. No secrets: others can read the file. */
  environment: Record<string, string>;
  /** The user that a unit of the system's runs as; undefined for a unit of the user's own. */
  user?: string;
  /** Whether systemd may give it a view of its own of the machine. */
  hasNamespaces: boolean;
}
