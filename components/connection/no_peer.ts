// A browser without WebRTC: the connection goes through the relay, where the host offers that.
import { LighthouseError } from "../../wire/mod.ts";
import { ENGLISH } from "../texts/english.ts";
import type { Peer } from "./peer.ts";

/** A peer that fails at once, with `unsupported`. */
export function noPeer(cause: unknown): Peer {
  const fail = <T>(): Promise<T> => {
    const failure = Promise.reject(
      new LighthouseError("unsupported", ENGLISH["no-webrtc"], { cause }),
    );
    failure.catch(() => {});
    return failure;
  };
  return {
    offer: fail(),
    channel: fail(),
    accept: () => {},
    stats: fail,
    isOver: true,
    close: () => {},
  };
}
