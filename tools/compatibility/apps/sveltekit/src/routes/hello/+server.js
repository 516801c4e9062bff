import { seen } from "../../seen.js";

export function GET({ url, request }) {
  return Response.json({ name: url.searchParams.get("name"), seen: seen(request) });
}
