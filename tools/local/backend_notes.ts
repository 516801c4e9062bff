// Development part: the sample backend's notes, kept in a file.
import express, { type Router } from "express";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { allowOnly } from "./backend_route.ts";
import { Refusal } from "./refusal.ts";

const MAX_NOTES = 500;
const MAX_TEXT = 2000;
const MAX_NOTE_BODY = "16kb";

/** One note as the API sends it. */
export interface Note {
  id: string;
  /** 1 to 2000 UTF-16 code units, without white space at either end. */
  text: string;
  /** Time at which it was added: ISO 8601, UTC. */
  created: string;
}

/** Lists, adds and deletes notes. */
export function notesRouter(notes: NoteFile): Router {
  const router = express.Router({ strict: true });
  const body = express.raw({ type: () => true, limit: MAX_NOTE_BODY });
  router.route("/api/notes").get((_request, response) => void response.json(notes.list()))
    .post(body, async (request, response) => {
      response.status(201).json(await notes.add(parseNoteText(request.body)));
    })
    .all(allowOnly("GET, HEAD, POST"));
  router.route("/api/notes/:id").delete(async (request, response) => {
    await notes.remove(request.params.id!);
    response.status(204).end();
  }).all(allowOnly("DELETE"));
  return router;
}

/** @throws {Refusal} 400, if the body is not `{"text": "…"}` with 1 to 2000 characters. */
function parseNoteText(body: Buffer | undefined): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal(400, "bad_note", 'Cannot add the note: send JSON such as {"text": "…"}');
  }
  const text = (parsed as { text?: unknown } | null)?.text;
  if (typeof text !== "string") {
    throw new Refusal(400, "bad_note", 'Cannot add the note: send its text as a string in "text"');
  }
  const trimmed = text.trim();
  if (trimmed.length >= 1 && trimmed.length <= MAX_TEXT) return trimmed;
  const now = trimmed.length === 0 ? "it is empty" : `it has ${trimmed.length} characters`;
  throw new Refusal(400, "bad_note", `Cannot add the note: ${now}; write 1 to ${MAX_TEXT}`);
}

/** The notes, in memory and in a file that is complete at any moment. */
export class NoteFile {
  readonly #file: string;
  #notes: readonly Note[];
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: string, notes: readonly Note[]) {
    this.#file = file;
    this.#notes = notes;
  }

  /** @throws {Error} If the file exists but is not a list of notes. */
  static async open(file: string): Promise<NoteFile> {
    try {
      return new NoteFile(file, parseNotes(JSON.parse(await readFile(file, "utf8"))));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return new NoteFile(file, []);
      throw new Error(
        `Cannot read the notes in ${file}: ${(cause as Error).message}. ` +
          "Repair the file, or delete it to start without notes",
        { cause },
      );
    }
  }

  list(): readonly Note[] {
    return this.#notes;
  }

  /** @throws {Refusal} 409, if there are 500 notes already. */
  async add(text: string): Promise<Note> {
    const note = { id: randomUUID(), text, created: new Date().toISOString() };
    await this.#change((notes) => {
      if (notes.length < MAX_NOTES) return [...notes, note];
      throw new Refusal(
        409,
        "full",
        `Cannot add the note: there are ${MAX_NOTES} already; delete some first`,
      );
    });
    return note;
  }

  /** @throws {Refusal} 404, if no note has that id. */
  remove(id: string): Promise<void> {
    return this.#change((notes) => {
      const rest = notes.filter((note) => note.id !== id);
      if (rest.length < notes.length) return rest;
      throw new Refusal(404, "not_found", `Cannot delete note ${id}: not found`);
    });
  }

  /** Resolves when all earlier changes are on disk. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Runs changes one after the other. A change shows only once it is written. */
  #change(next: (notes: readonly Note[]) => readonly Note[]): Promise<void> {
    const change = this.#last.then(async () => {
      const notes = next(this.#notes);
      const temporary = `${this.#file}.${process.pid}.tmp`;
      await mkdir(dirname(this.#file), { recursive: true });
      await writeFile(temporary, JSON.stringify(notes, null, 2) + "\n", { mode: 0o600 });
      await rename(temporary, this.#file);
      this.#notes = notes;
    });
    this.#last = change.catch(() => {});
    return change;
  }
}

/** @throws {Error} With the path of the wrong member. */
function parseNotes(parsed: unknown): Note[] {
  if (!Array.isArray(parsed)) throw new Error("it is not a list");
  return parsed.map((note, i) => {
    for (const field of ["id", "text", "created"] as const) {
      if (typeof note?.[field] !== "string") throw new Error(`[${i}].${field} is not a string`);
    }
    return { id: note.id, text: note.text, created: note.created };
  });
}
