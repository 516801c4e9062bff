// The hostile guest's process: gets ready, attacks when it is told to, and says what it did.
import process from "node:process";
import { ATTACKS } from "./attacks/mod.ts";
import { Guest, type GuestPlan } from "./guest.ts";

/** Messages to the process, and from it. */
export type ToGuest = { begin: GuestPlan & { attack: string } } | { attack: number };
export type FromGuest = { ready: string | null } | { done: Record<string, number> };

let guest: Guest;
let attack: (guest: Guest) => Promise<void>;

process.on("message", async (message: ToGuest) => {
  if ("begin" in message) {
    attack = ATTACKS.find(({ name }) => name === message.begin.attack)!.run;
    guest = await Guest.create(message.begin, "a hostile guest");
    return tell({ ready: guest.id ?? null });
  }
  guest.limit(message.attack);
  await attack(guest).catch((error) => guest.countError(error));
  tell({ done: guest.counts });
});

// It stays until it is killed, and holds what it has opened.
process.on("disconnect", () => process.exit());

function tell(message: FromGuest): void {
  process.send!(message);
}
