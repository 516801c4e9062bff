// All states of the pill below each other, and the two views of pairing.
import { STATES } from "../states.ts";
import { StandIn } from "./stand_in.ts";

for (const { name } of [...STATES, { name: "not-paired" }, { name: "not-paired" }]) {
  const pill = new StandIn();
  pill.show(name);
  const paragraph = document.createElement("p");
  paragraph.append(pill);
  document.querySelector("main")!.append(paragraph);
}

const [pasting, failing] = [...document.querySelectorAll("lighthouse-tunnel")].slice(-2);
for (const pill of [pasting, failing] as unknown as StandIn[]) {
  await pill.updateComplete;
  pill.renderRoot.querySelector<HTMLElement>("[part=pair]")!.click();
  await pill.updateComplete;
  if (pill !== failing as unknown) continue;
  pill.renderRoot.querySelector("input")!.value = "https://me.example/";
  pill.renderRoot.querySelector("form")!.requestSubmit();
  await pill.updateComplete;
}
document.body.dataset.ready = "";
