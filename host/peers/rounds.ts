// Begins the requests of each device a few at a time. One message can bring hundreds of them: begun at
// once, they would keep the event loop from everybody else for a tenth of a second.

/** Most tasks of one device in a round of the event loop: they take a few milliseconds. */
const MAX_AT_ONCE = 4;

/** The tasks of a device in this round. */
interface Round {
  begun: number;
  waiting: (() => void)[];
}

/** Runs tasks, of each device some in each round of the event loop. */
export class Rounds {
  /** By device. */
  readonly #rounds = new Map<string, Round>();

  /** Runs a task: at once, or in a later round if the device has begun many in this one. */
  run(device: string, task: () => void): void {
    const round = this.#rounds.get(device) ?? this.#begin(device);
    if (round.begun === MAX_AT_ONCE) return void round.waiting.push(task);
    round.begun++;
    task();
  }

  #begin(device: string): Round {
    if (this.#rounds.size === 0) setImmediate(() => this.#next());
    const round: Round = { begun: 0, waiting: [] };
    this.#rounds.set(device, round);
    return round;
  }

  #next(): void {
    for (const [device, round] of [...this.#rounds]) {
      const tasks = round.waiting.splice(0, MAX_AT_ONCE);
      round.begun = tasks.length;
      if (tasks.length === 0) this.#rounds.delete(device);
      for (const task of tasks) task();
    }
    if (this.#rounds.size > 0) setImmediate(() => this.#next());
  }
}
