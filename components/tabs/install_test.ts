import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { FakeContainer, FakeServiceWorker } from "../testing/site.ts";
import { install } from "./install.ts";

const test = suite("install");

const SCOPE = "https://me.example/site/";
const WORKER = new URL("sw.js", SCOPE);

/** A registration whose worker is in that state, and what the worker receives. */
function registrationOf(state: ServiceWorkerState) {
  const received: unknown[] = [];
  const worker = new FakeServiceWorker((data) => received.push(data));
  worker.state = state;
  const registration = {
    scope: SCOPE,
    installing: state === "installing" ? worker : null,
    waiting: state === "installed" ? worker : null,
    active: state === "activated" ? worker : null,
    unregister: () => Promise.resolve(true),
  };
  const activate = () => {
    registration.active = worker;
    worker.become("activated");
  };
  return {
    registration: registration as unknown as ServiceWorkerRegistration,
    worker,
    received,
    activate,
  };
}

/** A container that registers it. @param isControlled Whether the page is served by the worker already. */
function containerOf(
  registration: ServiceWorkerRegistration,
  isControlled: boolean,
): FakeContainer {
  const container = new FakeContainer(() => Promise.resolve(registration));
  if (isControlled) container.controller = registration.active;
  return container;
}

for (
  const [what, page, isControlled] of [
    ["a page that the worker serves", `${SCOPE}page`, true],
    ["a page outside of the scope", "https://me.example/", false],
  ] as const
) {
  test(`${what} has an active worker at once`, async () => {
    const { registration, received } = registrationOf("activated");
    const container = containerOf(registration, isControlled);
    const serviceWorker = container.asContainer;
    assert.is(await install({ worker: WORKER, serviceWorker, page }), registration);
    assert.equal(container.registered, [WORKER.href]);
    assert.equal(received, []);
  });
}

for (const state of ["installing", "installed"] as const) {
  test(`a worker that is ${state} is waited for`, async () => {
    const { registration, worker, activate } = registrationOf(state);
    const { asContainer: serviceWorker } = containerOf(registration, false);
    let isDone = false;
    const done = install({ worker: WORKER, serviceWorker, page: "https://me.example/" })
      .then(() => isDone = true);
    await new Promise((resolve) => setTimeout(resolve));
    worker.become("activating");
    await new Promise((resolve) => setTimeout(resolve));
    assert.not(isDone);
    activate();
    await done;
  });
}

test("a page in the scope asks the worker to take it over, and waits until it has", async () => {
  const { registration, received } = registrationOf("activated");
  const container = containerOf(registration, false);
  const page = `${SCOPE}page`;
  const done = install({
    worker: WORKER,
    serviceWorker: container.asContainer,
    page,
    claimMs: 60_000,
  });
  await until(() => received.length > 0);
  assert.equal(received, [{ lighthouse: "awake" }]);
  container.dispatchEvent(new Event("controllerchange"));
  assert.is(await done, registration);
});

test("a page that no worker takes over goes on after a while", async () => {
  const { registration } = registrationOf("activated");
  const { asContainer: serviceWorker } = containerOf(registration, false);
  const options = { worker: WORKER, serviceWorker, page: SCOPE, claimMs: 1 };
  assert.is(await install(options), registration);
});

for (
  const [error, code] of [
    [new DOMException("The operation is insecure", "SecurityError"), "unsupported"],
    [new TypeError("404"), "bad-config"],
  ] as const
) {
  test(`a ${error.name} is ${code}, with its message`, async () => {
    const { asContainer: serviceWorker } = new FakeContainer(() => Promise.reject(error));
    const failure = await failureOf(install({ worker: WORKER, serviceWorker, page: SCOPE }));
    assert.equal([failure.code, failure.cause], [code, error]);
    assert.match(failure.message, `Cannot use the service worker ${WORKER}: ${error.message}`);
  });
}

test("a worker that ends while it is installed is bad-config", async () => {
  const { registration, worker } = registrationOf("installing");
  const { asContainer: serviceWorker } = containerOf(registration, false);
  const failure = failureOf(install({ worker: WORKER, serviceWorker, page: SCOPE }));
  await new Promise((resolve) => setTimeout(resolve));
  worker.become("redundant");
  assert.is((await failure).code, "bad-config");
});

test.run();
