import { got, seen } from "../seen.js";

export async function GET(request) {
  return got({ landed: request.nextUrl.searchParams.get("from"), seen: await seen() });
}
