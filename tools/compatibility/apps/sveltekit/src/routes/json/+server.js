import { seen } from "../../seen.js";

export async function POST({ request }) {
  const { text } = await request.json();
  return Response.json({ text, seen: seen(request) });
}
