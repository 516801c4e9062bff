"use client";
import { useActionState } from "react";
import { measure } from "./actions.js";

/** Sends a file to a server action, which Next refuses if Origin and Host differ. */
export function Upload() {
  const [answer, send] = useActionState(measure, "");
  return (
    <form action={send}>
      <input name="file" type="file" /> <button id="send" type="submit">Send</button>
      <p>{answer}</p>
    </form>
  );
}
