"use client";
import { useActionState } from "react";

/** A form that a server action takes, and its result. It works without this script, too. */
export function Form({ action, name, type }) {
  const [result, send] = useActionState(action, null);
  if (result) return <pre id="got">{JSON.stringify(result)}</pre>;
  return (
    <form action={send}>
      <input name={name} type={type} />
      <button type="submit">Send</button>
    </form>
  );
}
