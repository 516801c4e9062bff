// Development part: how the local servers say no.

/** An error to answer a request with, thrown where that is handled. */
export class Refusal extends Error {
  /** HTTP status. */
  readonly status: number;
  /** The server's own name for the error, such as `NoSuchBucket`. */
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
