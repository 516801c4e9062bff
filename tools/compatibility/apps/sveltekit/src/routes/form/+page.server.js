import { seen } from "../../seen.js";

export const actions = {
  async default({ request }) {
    const form = await request.formData();
    return { text: form.get("text"), seen: seen(request) };
  },
};
