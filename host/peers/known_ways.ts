// By which addresses pages have connected, and what follows from it for the next offer and answer.
//
// A browser hides its own addresses behind names that few networks resolve, and checks this machine's addresses
// one after the other, 50 ms apart. So without a guess, a connection waits until the browser has tried the
// right one, and libjuice then waits 50 ms more before it checks an address that it did not know.
import type { Candidate, Offer } from "./sdp.ts";

/** The addresses that a connection has used. */
export interface Way {
  /** This machine's. */
  local: string;
  /** The page's, if the port was one that its offer named: no router is in between that changes it. */
  remote?: {
    address: string;
    /** The priority of that candidate: a browser gives each of its networks the same one each time. */
    priority: number;
  };
}

/** The two ends of a pair of candidates. */
export interface Ends {
  local: { address: string };
  remote: { address: string; port: number };
}

/** Most owners whose last way is kept. */
const MAX_OWNERS = 64;

/** Most guesses for an offer. libjuice checks 50 ms apart, so more of them would hold up other checks. */
const MAX_GUESSES = 2;

/** The highest priority of a candidate (RFC 8445 §5.1.2). */
const TOP_PRIORITY = 2 ** 31 - 1;

/** The last way of each owner. */
export class KnownWays {
  /** The newest last. */
  readonly #ways = new Map<string, Way>();

  /** Keeps the way of a connection that has opened, from this machine's address to the page's. */
  note(owner: string, offer: Offer, { local, remote }: Ends): void {
    const named = offer.candidates.find(({ port }) => port === remote.port);
    const way: Way = { local: local.address };
    if (named) way.remote = { address: remote.address, priority: named.priority };
    this.#ways.delete(owner);
    this.#ways.set(owner, way);
    const [oldest] = this.#ways.keys();
    if (this.#ways.size > MAX_OWNERS) this.#ways.delete(oldest!);
  }

  /** The owner's last way, then those of others, the newest first: they may well be at the same place. */
  likely(owner: string): Way[] {
    const own = this.#ways.get(owner);
    const others = [...this.#ways.values()].reverse().filter((way) => way !== own);
    return own ? [own, ...others] : others;
  }
}

/** The offer with likely addresses for the ports of its hidden candidates, behind those that it names. */
export function guessAddresses(offer: Offer, ways: readonly Way[]): Offer {
  const named = offer.candidates.filter((each) => !isHidden(each));
  const hidden = offer.candidates.filter(isHidden);
  const guesses = new Map<string, Candidate>();
  for (const { remote } of ways) {
    for (const candidate of hidden) {
      if (candidate.priority !== remote?.priority) continue;
      const { address } = remote;
      guesses.set(`${address} ${candidate.port}`, { ...candidate, address });
    }
  }
  const some = [...guesses.values()].slice(0, MAX_GUESSES);
  return { ...offer, candidates: [...named, ...some, ...hidden] };
}

function isHidden({ address }: Candidate): boolean {
  return address.endsWith(".local");
}

/**
 * The answer with the candidates first, and preferred, that the page most likely reaches: the address of the
 * last way, and for a page behind another router the one that a STUN server has shown.
 */
export function putLikelyFirst(answer: string, offer: Offer, [way]: readonly Way[]): string {
  const lines = answer.split("\r\n");
  const candidates = lines.map(readCandidate).filter((each) => each !== undefined);
  const shown = offer.candidates.filter(({ type }) => type === "srflx")
    .map(({ address }) => address);
  const isElsewhere = shown.length > 0 &&
    !candidates.some(({ address }) => shown.includes(address));
  const ranks = [
    ({ address }: AnswerCandidate) => address === way?.local,
    ({ type }: AnswerCandidate) => isElsewhere && type === "srflx",
  ];
  const likely = ranks.flatMap((matches) => candidates.filter(matches));
  const first = [...new Set(likely)].map(({ line }, at) => {
    const fields = line.split(" ");
    return fields.with(3, String(TOP_PRIORITY - at)).join(" ");
  });
  const kept = lines.filter((line) => !likely.some((each) => each.line === line));
  const start = lines.findIndex((line) => line.startsWith("a=candidate:"));
  return first.length > 0 ? kept.toSpliced(start, 0, ...first).join("\r\n") : answer;
}

/** A candidate of an answer, as libdatachannel writes it. */
interface AnswerCandidate {
  line: string;
  address: string;
  type: string;
}

function readCandidate(line: string): AnswerCandidate | undefined {
  if (!line.startsWith("a=candidate:")) return undefined;
  const { 4: address = "", 7: type = "" } = line.split(" ");
  return { line, address, type };
}
