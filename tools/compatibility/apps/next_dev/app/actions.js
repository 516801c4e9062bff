"use server";

export async function measure(_before, form) {
  return `Sent ${(await form.get("file").arrayBuffer()).byteLength} bytes`;
}
