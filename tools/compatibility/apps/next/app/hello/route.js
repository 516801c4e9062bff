import { seen } from "../seen.js";

export async function GET(request) {
  return Response.json({ name: request.nextUrl.searchParams.get("name"), seen: await seen() });
}
