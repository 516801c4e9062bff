// Asks at a terminal.
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { line, paint, print } from "../platform/terminal.ts";
import { SetupError } from "./setup_error.ts";

/** A question. */
export interface Question<T> {
  /** Its text, without a question mark's space. */
  text: string;
  /** The answer that Enter gives; undefined if one must be typed. */
  otherwise?: string;
  /**
   * Reads the answer.
   *
   * @throws {Error} With what is wrong: the question comes again.
   */
  parse(answer: string): T;
}

/** Asks until the answer is right. @throws {SetupError} After Ctrl-C, or at the end of the input. */
export async function ask<T>({ text, otherwise, parse }: Question<T>): Promise<T> {
  for (;;) {
    const hint = otherwise === undefined ? "" : ` [${otherwise || "none"}]`;
    const typed = (await read(`${text}${hint} `)).trim();
    try {
      return parse(typed || (otherwise ?? ""));
    } catch (error) {
      print(line`${paint("red", "✗")} ${(error as Error).message}`);
    }
  }
}

/** Asks for yes or no. @param otherwise What Enter means. @throws {SetupError} As {@linkcode ask} does. */
export async function confirm(text: string, otherwise = true): Promise<boolean> {
  const typed = await read(`${text} ${otherwise ? "[Y/n]" : "[y/N]"} `);
  return typed.trim() === "" ? otherwise : /^y(?:es)?$/i.test(typed.trim());
}

/** Lines that were typed, or pasted, before their questions. */
const early: string[] = [];

/** A reader for each question, so that between two of them Ctrl-C reaches the programs that run. */
async function read(prompt: string): Promise<string> {
  // readline writes the prompt as it is.
  const shown = line`${prompt}`.toString();
  const typed = early.shift();
  if (typed !== undefined) {
    print(line`${prompt}${typed}`);
    return typed;
  }
  using reader = createInterface({ input: process.stdin, output: process.stdout });
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new SetupError("Stopped. Run it again to go on"));
  reader.once("SIGINT", stop);
  reader.once("close", stop);
  // The question takes the first line; others come with it where several are pasted.
  reader.on("line", (more) => void early.push(more));
  return await Promise.race([reader.question(shown), promise]);
}
