// The vectors of a resume: what follows from a stream that the other end's HELLO does not list
// (docs/wire.md, "Resume", rules 3 to 6). Each is played at one end.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { NO_LIVENESS, said, ScriptedChannel, settle } from "../testing/scripted_channel.ts";
import { fromHex, toJson, written } from "../testing/vectors.ts";
import { Carrier } from "./carrier.ts";
import { decodeMessage } from "./frame.ts";
import { Session } from "./session.ts";
import type { Stream } from "./stream.ts";

type End = "page" | "host";

type Step =
  | { do: "say"; from: End; carrier: number; hex: string; frames: unknown[]; lost?: true }
  | { do: "connect" | "lose"; carrier: number }
  | { do: "open"; stream: number; head: string; ends: boolean }
  | { do: "answer"; stream: number; head: string }
  | { do: "reset"; stream: number; code: ErrorCode; message: string };

interface Case {
  name: string;
  rule: number;
  end: End;
  steps: Step[];
  streams: Record<string, "open" | "forgotten" | "session-lost">;
}

const test = suite("resume vectors");

const { session: id, cases } = readVectors<{ session: string; cases: Case[] }>("resume.json");

/** The end that a case looks at. */
class Player {
  readonly #case: Case;
  readonly #session: Session;
  readonly #streams = new Map<number, Stream>();
  readonly #over = new Set<number>();
  readonly #channels = new Map<number, ScriptedChannel>();
  /** What this end is to have said so far over each carrier. */
  readonly #script = new Map<number, string[]>();

  constructor(vector: Case) {
    this.#case = vector;
    this.#session = new Session({
      role: vector.end,
      id: fromHex(id),
      liveness: NO_LIVENESS,
      onStream: (stream) => this.#keep(stream.id, stream),
    });
  }

  async run(): Promise<void> {
    for (const step of this.#case.steps) {
      await this.#take(step);
      await settle();
    }
    for (const [stream, state] of Object.entries(this.#case.streams)) {
      assert.is(this.#stateOf(Number(stream)), state, `stream ${stream}`);
    }
    const open = Object.values(this.#case.streams).filter((state) => state === "open");
    assert.is(this.#session.streams, open.length);
    this.#session.close();
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case "say":
        if (step.from === this.#case.end) return await this.#expect(step.carrier, step.hex);
        if (!step.lost) this.#channels.get(step.carrier)!.onmessage(fromHex(step.hex));
        return;
      case "connect":
        return this.#connect(step.carrier);
      case "lose":
        return this.#channels.get(step.carrier)!.close();
      case "open": {
        const stream = this.#session.open(fromHex(step.head));
        if (step.ends) stream.end();
        return this.#keep(step.stream, stream);
      }
      case "answer": {
        const stream = this.#streams.get(step.stream)!;
        stream.sendHead(fromHex(step.head));
        stream.end();
        return;
      }
      case "reset":
        return this.#streams.get(step.stream)!.reset(new LighthouseError(step.code, step.message));
    }
  }

  #keep(id: number, stream: Stream): void {
    this.#streams.set(id, stream);
    stream.closed.then(() => this.#over.add(id));
  }

  #connect(id: number): void {
    const channel = new ScriptedChannel();
    this.#channels.set(id, channel);
    const carrier = new Carrier(channel);
    if (this.#case.end === "host") this.#accept(carrier, id === 1);
    else this.#session.connect(carrier);
  }

  async #accept(carrier: Carrier, isNew: boolean): Promise<void> {
    this.#session.accept(carrier, await carrier.hello, isNew);
  }

  async #expect(carrier: number, hex: string): Promise<void> {
    const script = this.#script.get(carrier) ?? [];
    this.#script.set(carrier, script);
    script.push(hex);
    const expected = said(script);
    const { sent } = this.#channels.get(carrier)!;
    // A DONE waits for another message to go with, for a while.
    for (let i = 0; i < 100 && String(said(sent)) !== String(expected); i++) await settle();
    assert.equal(said(sent), expected);
  }

  #stateOf(id: number): string {
    const { signal } = this.#streams.get(id)!;
    const isLost = (signal.reason as LighthouseError | undefined)?.code === "session-lost";
    return isLost ? "session-lost" : this.#over.has(id) ? "forgotten" : "open";
  }
}

for (const vector of cases) {
  const { name, rule, end, steps } = vector;
  test(`rule ${rule}, at the ${end}: ${name}`, async () => {
    for (const step of steps) {
      if (step.do !== "say") continue;
      assert.equal(toJson(decodeMessage(fromHex(step.hex))), step.frames);
      assert.is(written(step.frames), step.hex.replaceAll(" ", ""));
    }
    await new Player(vector).run();
  });
}

test.run();
