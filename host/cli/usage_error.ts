// The error for a command line that cannot be understood.

/** A command line that cannot be understood. */
export class UsageError extends Error {
  /** The command that it is about, whose help says more. */
  readonly command: string | undefined;

  constructor(message: string, options: ErrorOptions & { command?: string } = {}) {
    super(message, options);
    this.command = options.command;
  }
}
