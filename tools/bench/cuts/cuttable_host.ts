// A module that a host loads before it starts (`node --import`): at SIGUSR2 it closes all peer
// connections, as if the network had failed. The host's code is unchanged.
import * as native from "node-datachannel";
import { registerHooks } from "node:module";
import process from "node:process";

const NAME = "node-datachannel";
const all = new Set<native.PeerConnection>();

class Noted extends native.PeerConnection {
  constructor(...settings: ConstructorParameters<typeof native.PeerConnection>) {
    super(...settings);
    all.add(this);
  }
}

const replaced: Record<string, unknown> = { ...native, PeerConnection: Noted };
Object.assign(globalThis, { [NAME]: replaced });
const names = Object.keys(replaced).filter((name) => name !== "default").join(", ");
const url = `cuttable:${NAME}`;
const source = `export const { ${names} } = globalThis["${NAME}"];`;
registerHooks({
  resolve: (name, context, next) =>
    name === NAME ? { url, shortCircuit: true } : next(name, context),
  load: (wanted, context, next) =>
    wanted === url ? { format: "module", source, shortCircuit: true } : next(wanted, context),
});

process.on("SIGUSR2", () => {
  for (const connection of all) connection.close();
  all.clear();
});
