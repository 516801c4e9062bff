// The real host process registers itself through the real AWS SDK: time, care, races, and faults of
// the control plane.
import * as assert from "uvu/assert";
import { type BridgeOptions, startBridge } from "../local/bridge.ts";
import { type ControlPlaneFault, failNext } from "../local/control_plane.ts";
import { suite } from "../testing/suite.ts";

const test = suite("registration", { deadline: 60_000 });

test("a host is online soon after the propagation time, and touches no other variable", async () => {
  const propagation = 3000;
  await using bridge = await startBridge({ propagation });
  const { LAPTOP_ID: _, ...others } = bridge.function.environment;
  const started = performance.now();
  const { connectionId } = await bridge.startHost().until("online");
  const elapsed = performance.now() - started;
  assert.ok(elapsed <= propagation + 5000, `online after ${elapsed.toFixed()} ms`);
  assert.equal({ ...bridge.function.environment }, { ...others, LAPTOP_ID: connectionId });
});

test("a host that warm instances do not know yet says so only when the relay reaches it", async () => {
  await using bridge = await startBridge({ propagation: 200, staleFor: 2000 });
  // A warm instance, which will serve the old environment for a while.
  await bridge.function.invoke({ requestContext: { routeKey: "$disconnect" } });
  const { connectionId } = await bridge.startHost().until("online");
  assert.is(bridge.function.environment.LAPTOP_ID, connectionId);
});

for (const delay of [0, 150, 1000]) {
  test(`two hosts ${delay} ms apart end with one winner and one clear message`, async () => {
    await using bridge = await startBridge({ propagation: 500 });
    const first = bridge.startHost();
    await new Promise((resolve) => setTimeout(resolve, delay));
    // As on another machine.
    const second = bridge.startHost(["--state", `${bridge.state}-other`]);
    const loser = await Promise.race(
      [first, second].map(async (host) => {
        const code = await host.exited;
        return { host, code };
      }),
    );
    assert.is(loser.code, 3);
    assert.match(loser.host.errors, /Another host has registered itself/);
    const winner = loser.host === first ? second : first;
    const { connectionId } = await winner.until("online");
    assert.is(bridge.function.environment.LAPTOP_ID, connectionId);
    assert.is(winner.errors, "");
  });
}

/** Faults that pass, with how often each is answered before all is well again. */
const passing: [name: string, fault: ControlPlaneFault, times: number][] = [
  ["ResourceConflict", { status: 409, code: "ResourceConflictException" }, 2],
  ["PreconditionFailed", { status: 412, code: "PreconditionFailedException" }, 2],
  ["throttling", { status: 429, code: "TooManyRequestsException" }, 4],
  ["a server's error", { status: 500, code: "ServiceException" }, 4],
];
for (const [name, fault, times] of passing) {
  test(`${name} of the control plane is retried until the host is online`, async () => {
    await using bridge = await startBridge({ propagation: 200 });
    bridge.controlPlane.faults.answer = failNext("UpdateFunctionConfiguration", times, fault);
    await bridge.startHost().until("online");
    const failed = bridge.controlPlane.calls.filter(({ code }) => code === fault.code);
    assert.is(failed.length, times);
  });
}

/** Faults that somebody must mend, with what the host must say. */
const reported: [operation: "Get" | "Update", fault: ControlPlaneFault, says: RegExp][] = [
  [
    "Get",
    { status: 403, code: "AccessDeniedException" },
    /lambda:GetFunctionConfiguration on SignalingRelay failed.*Allow it.*"Action"/,
  ],
  [
    "Update",
    { status: 403, code: "AccessDeniedException" },
    /lambda:UpdateFunctionConfiguration on SignalingRelay failed.*arn:aws:lambda:us-east-1:\*:function/,
  ],
  ["Get", { status: 403, code: "ExpiredTokenException" }, /Check the AWS credentials/],
  ["Get", { status: 404, code: "ResourceNotFoundException" }, /Check --function and --region/],
];
for (const [operation, fault, says] of reported) {
  test(`${fault.code} on ${operation} is reported with what to do`, async () => {
    await using bridge = await startBridge({ propagation: 200 } satisfies BridgeOptions);
    bridge.controlPlane.faults.answer = failNext(
      `${operation}FunctionConfiguration`,
      1000,
      fault,
    );
    const { message } = await bridge.startHost().until("registration-failed");
    assert.match(message, says);
  });
}

test.run();
