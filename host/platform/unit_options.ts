// The options of a systemd unit or a launchd job.

/** The program of a system service, and its surroundings. */
export interface UnitOptions {
  /** The program and its arguments, with absolute paths. */
  command: string[];
  /** The only folder that it writes to. */
  state: string;
  /** Variables besides the platform's. No secrets: others can read the file. */
  environment: Record<string, string>;
  /** The user of a unit of the system; undefined for a unit of this user. */
  user?: string;
  /** Whether systemd may put it into namespaces. */
  hasNamespaces: boolean;
}
