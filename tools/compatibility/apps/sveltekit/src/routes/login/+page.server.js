import { redirect } from "@sveltejs/kit";

export const actions = {
  async default({ request, cookies }) {
    const form = await request.formData();
    cookies.set("user", form.get("user"), { path: "/" });
    redirect(303, "/home");
  },
};
