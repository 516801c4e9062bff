// One end of a conversation of which a script has both: for tests on vectors.
import * as assert from "uvu/assert";
import type { Channel } from "../session/channel.ts";
import { decodeMessage } from "../session/frame.ts";
import type { LivenessRules } from "../session/liveness.ts";
import { fromHex, type Step, toHex, toJson } from "./vectors.ts";

/** A channel whose other end is a script. */
export class ScriptedChannel implements Channel {
  readonly bufferedAmount = 0;
  readonly sent: string[] = [];
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};

  send(message: Uint8Array<ArrayBuffer>): void {
    this.sent.push(toHex(message));
  }

  close(): void {
    this.onclose();
  }

  /** Plays the other end, and compares what this one says meanwhile. */
  async follow(script: Step[], me: Step["from"]): Promise<void> {
    await settle();
    for (const { from, hex, lost } of script) {
      if (from !== me && !lost) this.onmessage(fromHex(hex));
      await settle();
    }
    const mine = said(script.filter(({ from }) => from === me).map(({ hex }) => hex));
    // A DONE waits for another message to go with, for a while.
    for (let i = 0; i < 100 && String(said(this.sent)) !== String(mine); i++) await settle();
    assert.equal(said(this.sent.splice(0)), mine);
  }
}

/**
 * What messages say of the session and its streams. How it is cut up, and when an end acknowledges,
 * pings or gives credit, is its own business.
 */
export function said(messages: string[]): string[] {
  const rest: string[] = [];
  const bodies = new Map<number, { offset: number; bytes: string; end: boolean }>();
  for (const frame of messages.flatMap((hex) => decodeMessage(fromHex(hex)))) {
    if (["ack", "ping", "pong", "credit"].includes(frame.type)) continue;
    if (frame.type === "data") {
      const { stream, offset, end } = frame;
      const before = bodies.get(stream) ?? { offset, bytes: "" };
      assert.is(offset, before.offset + before.bytes.length / 2, "bytes come in order");
      bodies.set(stream, { ...before, bytes: before.bytes + toHex(frame.bytes), end });
    } else rest.push(...toJson([frame]).map((frame) => JSON.stringify(frame)));
  }
  return [...rest.sort(), ...[...bodies].map((body) => JSON.stringify(body))];
}

/** Everything that can happen without another message has happened. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

const never = { look: 1e8, silent: 1e8 };

/** No PINGs but the first: the time that a test takes must not show. */
export const NO_LIVENESS: LivenessRules = { busy: never, idle: never, dead: 1e9 };
