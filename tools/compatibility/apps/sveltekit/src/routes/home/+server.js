import { got, seen } from "../../seen.js";

export function GET({ cookies, request }) {
  const user = cookies.get("user");
  return user ? got({ user, seen: seen(request) }) : new Response("Log in first", { status: 401 });
}
