// Apps of npm's packages: json-server, socket.io, GraphQL, hls.js.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { temporaryFolder } from "../../testing/temporary_folder.ts";
import type { Prepared } from "../app.ts";
import { newFile } from "../app_tab.ts";
import { expect } from "../cells.ts";
import { installNpm, npmVersions } from "../install.ts";
import { findOrInstall } from "../../testing/debian_program.ts";
import type { RealApp } from "./real_app.ts";
import { untilText } from "./steps.ts";

const run = promisify(execFile);

export const NODE_PAGES: RealApp[] = [
  {
    name: "json-server",
    id: "json-server",
    async prepare(port) {
      const data = await newFile(
        "data.json",
        '{"posts":[{"id":1,"title":"one"}],"notes":[{"id":1}]}',
      );
      const program = "node_modules/json-server/lib/cli/bin.js";
      const flags = ["--host", "127.0.0.1", "--port", String(port)];
      return { ...await onNode([program, data, ...flags], "json-server"), ready: "posts" };
    },
    steps: {
      "its page": (tab) => tab.read("posts"),
      "POST": async (tab) => {
        const status = await tab.evaluate(async () => {
          const body = JSON.stringify({ title: "two" });
          const headers = { "content-type": "application/json" };
          return (await fetch("/posts", { method: "POST", headers, body })).status;
        });
        expect("status", status, 201);
      },
      "deep link": async (tab) => {
        await tab.open("posts/1");
        await tab.read("one");
      },
    },
    pose: (tab) => tab.read("posts"),
  },
  {
    name: "socket.io chat",
    id: "chat",
    prepare: (port) => onNode(["chat.js", String(port)], "socket.io"),
    steps: {
      "a WebSocket takes over from polling": (tab) => untilText(tab, "#by", /by websocket/),
      "a message comes back": async (tab) => {
        await tab.type("#message", "hi");
        await tab.click("button");
        await tab.read("said: hi");
      },
    },
    async pose(tab) {
      await untilText(tab, "#by", /by websocket/);
      for (const text of ["Is the kettle on?", "In a minute", "Then I come down"]) {
        await tab.evaluate(() => document.querySelector("input")!.value = "");
        await tab.type("#message", text);
        await tab.click("button");
        await tab.read(`said: ${text}`);
      }
    },
  },
  {
    name: "GraphQL",
    id: "graphql",
    prepare: (port) => onNode(["graphql.js", String(port)], "graphql-yoga", "graphql-ws"),
    steps: {
      "query": (tab) => untilText(tab, "#query", /^world$/),
      "subscription by events": (tab) => untilText(tab, "#events", /^123$/),
      "subscription by a WebSocket": (tab) => untilText(tab, "#socket", /^123$/),
    },
  },
  {
    name: "Films",
    id: "films",
    async prepare(port) {
      return await onNode(["films.js", String(port), await makeFilms()], "hls.js");
    },
    steps: {
      "seeks in a film": (tab) => untilText(tab, "#seeked", /^seeked to 80$/),
      "HLS (a worker from a blob)": (tab) => untilText(tab, "#buffered", /^a piece is there$/),
    },
  },
];

async function onNode(args: string[], ...packages: string[]): Promise<Prepared> {
  const cwd = await installNpm("node_pages");
  const versions = npmVersions(cwd, ...packages);
  return { command: [process.execPath, ...args], cwd, versions, ready: "" };
}

/** Makes test pictures as a film of half a minute, and a shorter one in pieces. @returns Their folder. */
async function makeFilms(): Promise<string> {
  const folder = temporaryFolder();
  const ffmpeg = findOrInstall("ffmpeg", "ffmpeg");
  const pictures = ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=12"];
  if (!existsSync(join(folder, "pieces"))) await mkdir(join(folder, "pieces"));
  await run(
    ffmpeg,
    [
      ...pictures,
      ..."-t 30 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -g 24 film.webm".split(" "),
    ],
    { cwd: folder },
  );
  const pieces =
    "-t 20 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 24 -f hls -hls_time 4 -hls_list_size 0";
  await run(ffmpeg, [...pictures, ...pieces.split(" "), "pieces/film.m3u8"], { cwd: folder });
  return folder;
}
