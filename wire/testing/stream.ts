// A stream without a session, for unit tests.
import { INITIAL_LIMITS } from "../session/hello.ts";
import { RetransmitBudget } from "../session/retransmit_budget.ts";
import { Stream, type StreamOwner } from "../session/stream.ts";

/** What {@linkcode newStream} takes. */
export interface NewStreamOptions {
  /** Its number, where the other end opened it. */
  id?: number;
  /** @default the first credit */
  window?: number;
  /** @default does nothing */
  wake?: StreamOwner["wake"];
}

/** A stream that this end opened, or with a number the other end. */
export function newStream(options: NewStreamOptions = {}): Stream {
  const { id, window = INITIAL_LIMITS.credit, wake = () => {} } = options;
  const owner: StreamOwner = {
    budget: new RetransmitBudget(() => {}),
    wake,
    widen: ({ window }) => window,
    forget() {},
  };
  return new Stream(owner, window, id);
}
