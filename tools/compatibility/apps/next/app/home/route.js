import { cookies } from "next/headers";
import { got, seen } from "../seen.js";

export async function GET() {
  const user = (await cookies()).get("user")?.value;
  return user ? got({ user, seen: await seen() }) : new Response("Log in first", { status: 401 });
}
