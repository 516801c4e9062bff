import { createHash } from "node:crypto";
import { seen } from "../../seen.js";

export const actions = {
  async default({ request }) {
    const data = await (await request.formData()).get("file").bytes();
    const sha256 = createHash("sha256").update(data).digest("hex");
    return { size: data.length, sha256, seen: seen(request) };
  },
};
