// For tests on vectors: a channel to an end that follows a script.
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

  /** Plays the other end, and compares this end's messages with the script. */
  async follow(script: Step[], me: Step["from"]): Promise<void> {
    await settle();
    for (const { from, hex, lost } of script) {
      if (from !== me && !lost) this.onmessage(fromHex(hex));
      await settle();
    }
    const mine = said(script.filter(({ from }) => from === me).map(({ hex }) => hex));
    // DONE waits for a while, to share a message with other frames.
    for (let i = 0; i < 100 && String(said(this.sent)) !== String(mine); i++) await settle();
    assert.equal(said(this.sent.splice(0)), mine);
  }
}

/**
 * Returns the content of messages about the session and its streams. The cutting into frames and the
 * moments of ACK, PING and CREDIT are free.
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

/** Resolves when no more can happen without another message. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

const never = { look: 1e8, silent: 1e8 };

/** Rules with only the first PING, so that the test does not depend on time. */
export const NO_LIVENESS: LivenessRules = { busy: never, idle: never, dead: 1e9 };
