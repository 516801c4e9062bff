import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { encodeForm } from "./form_data.ts";

const test = suite("form data");

/** The encoded form, with `B` in place of its boundary. */
async function encoded(form: FormData): Promise<string> {
  const blob = encodeForm(form);
  const boundary = /^multipart\/form-data; boundary=([\w-]{1,70})$/.exec(blob.type)![1]!;
  return (await blob.text()).replaceAll(boundary, "B");
}

function formOf(...entries: [name: string, value: string | File][]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value);
  return form;
}

for (
  const [what, form, expected] of [
    ["an empty form is its end", formOf(), "--B--\r\n"],
    [
      "fields follow each other, of the same name too",
      formOf(["a", "1"], ["a", ""], ["ü", "2"]),
      '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' +
      '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' +
      '--B\r\nContent-Disposition: form-data; name="ü"\r\n\r\n2\r\n--B--\r\n',
    ],
    [
      "lines end with CR LF in names and values, and a quote is escaped in names",
      formOf(['n"\na\r\nm\re', 'v"\na\r\nl\ru\n\re']),
      '--B\r\nContent-Disposition: form-data; name="n%22%0D%0Aa%0D%0Am%0D%0Ae"\r\n\r\n' +
      'v"\r\na\r\nl\r\nu\r\n\r\ne\r\n--B--\r\n',
    ],
    [
      "a file keeps its bytes and its name's lines",
      formOf(["f", new File(["a\nb\r"], 'n"\na\r\nm\ré', { type: "text/csv" })]),
      '--B\r\nContent-Disposition: form-data; name="f"; filename="n%22%0Aa%0D%0Am%0Dé"\r\n' +
      "Content-Type: text/csv\r\n\r\na\nb\r\r\n--B--\r\n",
    ],
    [
      "a file without a type or a name",
      formOf(["f", new File([], "")]),
      '--B\r\nContent-Disposition: form-data; name="f"; filename=""\r\n' +
      "Content-Type: application/octet-stream\r\n\r\n\r\n--B--\r\n",
    ],
  ] as [string, FormData, string][]
) {
  test(what, async () => {
    assert.is(await encoded(form), expected);
  });
}

test("two forms have two boundaries", () => {
  assert.is.not(encodeForm(new FormData()).type, encodeForm(new FormData()).type);
});

test.run();
