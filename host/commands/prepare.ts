// `lighthouse-host prepare`: installs what the first start would.
import { loadNative, NATIVE_VERSION } from "../peers/native.ts";
import { createLog } from "../platform/log.ts";

/**
 * Installs node-datachannel, unless it is there.
 *
 * @throws {LighthouseError} As {@linkcode loadNative} does.
 */
export async function prepare(json: boolean): Promise<void> {
  await loadNative();
  createLog(json)("info", "prepared", `WebRTC is there: node-datachannel ${NATIVE_VERSION}`);
}
