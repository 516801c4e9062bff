// What a host asks of the relay's registry.
import * as assert from "uvu/assert";
import { signRequest, toBase64url } from "../../../wire/mod.ts";
import { isRequestOf, parseRequest } from "../../../wire/signal/registration.ts";
import { createSigner } from "../../../wire/testing/host_signer.ts";
import { orRefused, type Target } from "../target.ts";

const SENDER = "L0SM9cOFvHcCIhw=";

export const registryRequests: Target = {
  name: "registry-requests",
  invariant:
    "A request to the registry that was changed is refused with bad-message, or is not the host's.",
  async start() {
    const signer = await createSigner("pi");
    const own = { host: "pi", sender: SENDER, hostKey: toBase64url(signer.hostKey) };
    const look = { type: "look", nonce: "n-1", time: 1_795_686_980_000 } as const;
    const parts = { revision: '"etag"', connectionId: SENDER, admission: "k".repeat(43) };
    const requests = [
      await signRequest(look, SENDER, signer),
      await signRequest({ ...look, ...parts, type: "write" }, SENDER, signer),
    ].map((request) => JSON.stringify(request));
    return async (draw) => {
      const request = JSON.parse(draw.pick(requests));
      const read = orRefused(() => parseRequest(draw.mutateJson(request)), "bad-message");
      if (!read || JSON.stringify(read) === JSON.stringify(parseRequest(request))) return;
      assert.not.ok(await isRequestOf(read, own), "it is the host's");
    };
  },
};
