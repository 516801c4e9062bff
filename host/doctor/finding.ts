// The result of a check of `doctor`.
import type { DeviceNetwork } from "./networks.ts";

/** The result of one check. */
export interface Finding {
  /** The check's name, such as `nat`. */
  check: string;
  /** Whether the check passed; null if it could not run, or does not matter. */
  ok: boolean | null;
  /** The result in one line. */
  message: string;
  /** The cure, if the check failed. */
  cure?: string;
  /** Of the check `device`: all that is known of the device's network. */
  device?: DeviceNetwork;
}
