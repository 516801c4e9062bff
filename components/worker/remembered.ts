// What the worker remembers of clients and addresses: pages name them, so their number has a bound.

/** Most that are remembered. */
const MAX_REMEMBERED = 1024;

/** Forgets the oldest one where there are too many. */
export function trim<Key>(all: Map<Key, unknown> | Set<Key>): void {
  if (all.size > MAX_REMEMBERED) all.delete(all.keys().next().value!);
}
