import { got, seen } from "../../seen.js";

export function GET({ url, request }) {
  return got({ landed: url.searchParams.get("from"), seen: seen(request) });
}
