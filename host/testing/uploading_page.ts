// For a test: a page in a process of its own, which uploads as fast as it may. It keeps its pace while
// the host's event loop stands still. It sends its offer to its parent, which sends the answer.
import process from "node:process";
import { pattern } from "../../wire/testing/bytes.ts";
import { TestPage } from "./page.ts";

const UPLOADS = 4;

const page = await TestPage.connect(async (offer) => {
  const answered = new Promise<string>((resolve) => process.once("message", resolve));
  process.send!(offer);
  return { sdp: await answered };
});
const session = await page.startSession();
const bytes = pattern(256 * 1024);
for (let at = 0; at < UPLOADS; at++) upload().catch(() => {});
process.on("disconnect", () => process.exit());

async function upload(): Promise<void> {
  const writer = session.open(new Uint8Array()).writable.getWriter();
  for (;;) await writer.write(bytes);
}
