/**
 * The page of a site that holds the key for apps of other origins: a frame that nobody sees, in the app's
 * page. It keeps the device's key and the connection, and opens streams for the origins that its config
 * names. The entry of `key.js`, which `lighthouse-host site --key` puts beside the page.
 *
 * @module
 */
import { LighthouseError } from "../../wire/mod.ts";
import { Connection } from "../connection/connection.ts";
import { CurrentView } from "../connection/connection_view.ts";
import { checkPage } from "../identity/check_page.ts";
import { IndexedDbStore } from "../identity/device_store.ts";
import { parseAttributes } from "../settings.ts";
import { KeyHolder } from "./key_holder.ts";
import { errorMessage, type FromKeyFrame, KEY_PORT } from "./key_messages.ts";
import { embeddingApp, type KeyConfig, parseKeyConfig } from "./policy.ts";

const meta = document.querySelector<HTMLMetaElement>('meta[name="lighthouse-key"]');
const config = parseKeyConfig(JSON.parse(meta?.content ?? "null"));
let holder: KeyHolder | undefined;

addEventListener("message", (event) => {
  const [port] = event.ports;
  if (event.data?.lighthouse !== KEY_PORT || !port) return;
  try {
    const made = hold(event, port);
    holder?.close();
    holder = made;
  } catch (error) {
    refuse(port, LighthouseError.from(error, "bad-config"));
  }
});

/** @throws {LighthouseError} If whoever has posted may not use the key, or the config is wrong. */
function hold(event: MessageEvent, port: MessagePort): KeyHolder {
  const app = embeddingApp(config, event, globalThis.window);
  checkPage(globalThis);
  const view = new CurrentView();
  return new KeyHolder({
    app,
    port,
    view,
    connection: new Connection(view),
    settings: parseAttributes(attributesOf(config), {
      // Where the browser does not keep the sites around a frame apart, each app still has its own key.
      store: new IndexedDbStore({ suffix: app.origin }),
      navigator,
      // To the host, the device belongs to the site that its user sees.
      origin: app.origin,
    }),
  });
}

function attributesOf({ attributes }: KeyConfig): Parameters<typeof parseAttributes>[0] {
  const of = (name: string) => attributes[name] ?? null;
  return {
    relay: of("relay"),
    host: of("host"),
    registry: of("registry"),
    hostKey: of("host-key"),
    stun: of("stun"),
    iceServers: of("ice-servers"),
    deviceName: of("device-name"),
  };
}

function refuse(port: MessagePort, error: LighthouseError): void {
  const { code, message: reason } = errorMessage(error)!;
  const state: FromKeyFrame = { lighthouse: "state", state: "failed", reason, code };
  port.postMessage(state);
}
