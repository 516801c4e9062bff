// For tests: mapped ports in a process of its own, which a network namespace takes. It prints the state as
// JSON when it changes, and what it logs; each line of its input is a command.
import process from "node:process";
import { createInterface } from "node:readline";
import { MappedPorts, type MappingTiming, type TakenPort } from "../mapping/mapped_ports.ts";

const timing = JSON.parse(process.argv[2] ?? "{}") as Partial<MappingTiming>;
let isOn = true;
const ports = new MappedPorts({
  isOn: () => isOn,
  log: (_level, event, message) => print({ event, message }),
  timing,
});
const taken: TakenPort[] = [];
let last = "";
const timer = setInterval(() => {
  const text = JSON.stringify(ports.state);
  if (text !== last) print(ports.state);
  last = text;
}, 20);

for await (const command of createInterface({ input: process.stdin })) {
  if (command === "take") {
    const port = ports.take();
    if (port) taken.push(port);
    print({ taken: port ?? null });
  } else if (command === "release") {
    taken.shift()?.release();
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
