import * as assert from "uvu/assert";
import { englishIn } from "../../tools/testing/english.ts";
import { suite } from "../../tools/testing/suite.ts";
import { errorCodes, LighthouseError } from "../../wire/mod.ts";
import { pageRequest } from "../testing/page_request.ts";
import type { Language } from "../texts/language.ts";
import { failed, forbidden, unavailable, unplaced } from "./service_page.ts";
import { asSignIn } from "./sign_in.ts";

const test = suite("service pages");

const get = pageRequest("x", { mode: "navigate" });
const prefix = new URL("https://me.example/local/");
const challenge = () =>
  new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="Zettel"' } });

const pagesIn = (language: Language): Response[] => [
  ...errorCodes.map((code) =>
    unavailable(get, undefined, new LighthouseError(code, "The backend's words"), language)
  ),
  unavailable(get, prefix.href, new LighthouseError("no-holder", "Nobody holds it"), language),
  failed(new LighthouseError("backend-failed", "The backend's words"), language),
  forbidden(language),
  unplaced(language),
  asSignIn(get, challenge(), { prefix, language }),
];

/** What a reader sees of a page. */
async function seen(response: Response): Promise<string> {
  const html = await response.text();
  return html.replaceAll(/<(style|code)[^>]*>.*?<\/\1>|<[^>]*>/gs, " ")
    // An error's code, and the origin, which Node.js does not have.
    .replaceAll(/\([\w-]+\)|\{origin\}/g, "");
}

test("in German, no page says anything in English", async () => {
  for (const response of pagesIn("de")) {
    assert.match(await response.clone().text(), '<html lang="de">');
    const text = await seen(response);
    assert.is(englishIn(text), undefined, text);
  }
});

test("in English, each page has a title, an explanation, and nothing to be filled in", async () => {
  for (const response of pagesIn("en")) {
    assert.match(await response.clone().text(), '<html lang="en">');
    assert.not.match(await seen(response), /[{}]/);
  }
});

test("a message of the tunnel's is no HTML", async () => {
  const error = new LighthouseError("backend-failed", "It is `a` <b>");
  assert.match(await failed(error, "en").text(), "<p>It is <code>a</code> &#60;b&#62;.</p>");
});

test.run();
