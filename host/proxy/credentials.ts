// What the host logs in with: browsers keep the user's name and password for a backend that asks for
// them (HTTP Basic), and a page's script cannot. So the host keeps them, in memory only.
import type { HeaderField } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";

/** Most devices whose credentials are kept, and as many strangers; and the longest value. */
const MAX_REMEMBERED = 64;
const MAX_VALUE = 4096;

/** What the host adds to one request. */
export interface Login {
  /** The value of `Authorization` for a request that has none. */
  authorization: string | undefined;
  /** Takes the status of the answer: 401 means that the credentials are wrong. */
  answered(status: number): void;
}

/** The credentials for one service. */
export class Credentials {
  readonly #configured: string | undefined;
  /** Values of `Authorization` by id, the least recently used first. Strangers push no device out. */
  readonly #devices = new Map<string, string>();
  readonly #strangers = new Map<string, string>();

  /** @param configured The value of `Authorization` where the device has none of its own. */
  constructor(configured?: string) {
    this.#configured = configured;
  }

  /**
   * Finds what to add to a request: undefined if the host has nothing to add, and nothing to remember.
   *
   * The header `lighthouse-remember: authorization` asks the host to keep the request's own credentials,
   * if the backend does not answer 401.
   */
  login(headers: HeaderField[], principal: Principal): Login | undefined {
    let own: string | undefined;
    let isToBeKept = false;
    for (const [name, value] of headers) {
      // The lengths spare most names the change of case.
      if (name.length === 13 && name.toLowerCase() === "authorization") own ??= value;
      if (name.length === 19 && name.toLowerCase() === "lighthouse-remember") {
        isToBeKept ||= value.toLowerCase() === "authorization";
      }
    }
    if (own !== undefined) {
      if (!isToBeKept || own.length > MAX_VALUE) return undefined;
      const value = own;
      return {
        authorization: undefined,
        answered: (status) => {
          if (status !== 401) this.#remember(principal, value);
        },
      };
    }
    const kept = this.#use(principal);
    if (kept === undefined) {
      const authorization = this.#configured;
      return authorization === undefined ? undefined : { authorization, answered: () => {} };
    }
    return {
      authorization: kept,
      answered: (status) => {
        const map = this.#mapOf(principal);
        if (status === 401 && map.get(principal.id) === kept) map.delete(principal.id);
      },
    };
  }

  /** Forgets what a principal has given. */
  forget(id: string): void {
    this.#devices.delete(id);
    this.#strangers.delete(id);
  }

  #remember(principal: Principal, value: string): void {
    const map = this.#mapOf(principal);
    map.delete(principal.id);
    map.set(principal.id, value);
    const [oldest] = map.keys();
    if (map.size > MAX_REMEMBERED) map.delete(oldest!);
  }

  #use(principal: Principal): string | undefined {
    const value = this.#mapOf(principal).get(principal.id);
    if (value !== undefined) this.#remember(principal, value);
    return value;
  }

  #mapOf({ name }: Principal): Map<string, string> {
    return name === undefined ? this.#strangers : this.#devices;
  }
}
