"use server";
// Server actions: Next refuses those whose Origin is not its own host.
import { createHash } from "node:crypto";
import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import { seen } from "./seen.js";

export async function takeText(_before, form) {
  return { text: form.get("text"), seen: await seen() };
}

export async function takeFile(_before, form) {
  const data = await form.get("file").bytes();
  const sha256 = createHash("sha256").update(data).digest("hex");
  return { size: data.length, sha256, seen: await seen() };
}

export async function logIn(_before, form) {
  (await cookies()).set("user", form.get("user"), { httpOnly: true, sameSite: "strict" });
  redirect("/home");
}
