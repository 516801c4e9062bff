// For tests: mapped ports in a process of its own, which a network namespace takes. It prints as JSON
// the state and a server's port when they change, and what it logs; each line of its input is a command.
import process from "node:process";
import { createInterface } from "node:readline";
import { type HeldPort, MappedPorts, type MappingTiming } from "../mapping/mapped_ports.ts";

const timing = JSON.parse(process.argv[2] ?? "{}") as Partial<MappingTiming>;
let isOn = true;
const ports = new MappedPorts({
  isOn: () => isOn,
  log: (_level, event, message) => print({ event, message }),
  timing,
});
let held: HeldPort | undefined;
const last: string[] = [];
const timer = setInterval(() => {
  for (const [at, value] of [ports.state, { held: held?.outer ?? null }].entries()) {
    const text = JSON.stringify(value);
    if (text !== last[at]) print(value);
    last[at] = text;
  }
}, 20);

for await (const command of createInterface({ input: process.stdin })) {
  if (command === "take") {
    print({ taken: ports.take() ?? null });
  } else if (command.startsWith("hold ")) {
    held = ports.hold(Number(command.slice("hold ".length)));
  } else if (command === "release") {
    held?.release();
  } else if (command === "wake") {
    ports.wake();
  } else {
    isOn = command === "on";
    ports.wake();
  }
}
clearInterval(timer);
await ports[Symbol.asyncDispose]();
print({ ended: true });

function print(value: unknown): void {
  console.log(JSON.stringify(value));
}
