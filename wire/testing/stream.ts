// For tests: a stream without a session.
import { INITIAL_LIMITS } from "../session/hello.ts";
import { ENDLESS } from "../session/memory_budget.ts";
import { RetransmitBudget } from "../session/retransmit_budget.ts";
import { Stream, type StreamOwner } from "../session/stream.ts";

/** Options of {@linkcode newStream}. */
export interface NewStreamOptions {
  /** Its number, if the other end opened it. */
  id?: number;
  /** Initial credit in bytes. @default that of `INITIAL_LIMITS` */
  window?: number;
  /** @default does nothing */
  wake?: StreamOwner["wake"];
}

/** Makes a stream that this end opened, or the other end if it has a number. */
export function newStream(options: NewStreamOptions = {}): Stream {
  const { id, window = INITIAL_LIMITS.credit, wake = () => {} } = options;
  const owner: StreamOwner = {
    budget: new RetransmitBudget(() => {}, ENDLESS),
    memory: ENDLESS,
    wake,
    widen: ({ window }) => window,
    forget() {},
  };
  return new Stream(owner, window, id);
}
