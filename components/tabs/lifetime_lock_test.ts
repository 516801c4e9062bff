import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { holdLifetimeLock, lifetimeEnd } from "./lifetime_lock.ts";

const test = suite("lifetime_lock");

/** Resolves after all that is on its way to the locks has arrived there. */
async function settle(): Promise<void> {
  await navigator.locks.request(crypto.randomUUID(), () => {});
}

test("lifetimeEnd() resolves when the lock is given up, and not before", async () => {
  const life = new AbortController();
  const name = await holdLifetimeLock(life);
  let isOver = false;
  const end = lifetimeEnd(name).then(() => isOver = true);
  await settle();
  assert.not(isOver);
  life.abort();
  await end;
});

test("lifetimeEnd() resolves at once for a lock that nobody holds", async () => {
  await lifetimeEnd("lighthouse alive gone");
});

test("lifetimeEnd() rejects when aborted", async () => {
  const life = new AbortController();
  const waiting = new AbortController();
  const failure = failureOf(lifetimeEnd(await holdLifetimeLock(life), waiting));
  waiting.abort();
  assert.is((await failure).name, "AbortError");
  life.abort();
});

test("each context's lock is another", async () => {
  const life = new AbortController();
  assert.is.not(await holdLifetimeLock(life), await holdLifetimeLock(life));
  life.abort();
});

test("a context that has ended already holds nothing", async () => {
  await lifetimeEnd(await holdLifetimeLock({ signal: AbortSignal.abort() }));
});

test("the locks are those that are given", async () => {
  const asked: string[] = [];
  const locks = {
    request(name: string, options: LockOptions, callback: LockGrantedCallback<unknown>) {
      asked.push(name);
      return navigator.locks.request(name, options, callback);
    },
  } as LockManager;
  const life = new AbortController();
  const name = await holdLifetimeLock({ signal: life.signal, locks });
  life.abort();
  await lifetimeEnd(name, { locks });
  assert.equal(asked, [name, name]);
});

test.run();
