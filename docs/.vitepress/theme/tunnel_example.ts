// A live example: the built <lighthouse-tunnel> in a state and a look that the reader chooses.
import { withBase } from "vitepress";
import { defineComponent, h, onMounted, type Ref, ref, type VNode } from "vue";
import built from "../../../components/dist/lighthouse-tunnel.js?url";
import { type Example, LOOKS, markupOf, STATES } from "./examples.ts";

/** What the example reads of the element. */
type Tunnel = HTMLElement & { state: string; reason: string; error?: { code: string } };

export default defineComponent({
  name: "TunnelExample",
  setup() {
    const state = ref(STATES[0]!);
    const look = ref(LOOKS[0]!);
    const report = ref("");
    // The very file of the package, which defines the element.
    onMounted(() => import(/* @vite-ignore */ built));

    return () => {
      const shown = {
        ...look.value,
        attributes: { ...state.value.attributes, ...look.value.attributes },
      };
      return h("div", { class: "tunnel-example" }, [
        choice("State", STATES, state),
        choice("Look", LOOKS, look),
        h("style", shown.css ?? ""),
        h("div", { class: "stage" }, [
          h("lighthouse-tunnel", {
            // Each choice begins with an element of its own.
            key: state.value.name + look.value.name,
            ...resolved(shown.attributes),
            onStatechange: (event: Event) => report.value = describe(event.target as Tunnel),
            onVnodeMounted: () => report.value = "state: idle",
          }, shown.content),
        ]),
        h("p", { class: "report", role: "status" }, report.value),
        h(
          "pre",
          { tabindex: 0, "aria-label": "Markup" },
          [shown.css, markupOf(shown)].filter(Boolean).join("\n\n"),
        ),
      ]);
    };
  },
});

function choice(name: string, examples: readonly Example[], chosen: Ref<Example>): VNode {
  return h("fieldset", [
    h("legend", name),
    ...examples.map((example) =>
      h("label", [
        h("input", {
          type: "radio",
          name,
          checked: example === chosen.value,
          onChange: () => chosen.value = example,
        }),
        example.name,
      ])
    ),
  ]);
}

/** Makes the registry's path a URL, as the attribute wants it. */
function resolved({ registry, ...attributes }: Record<string, string>): Record<string, string> {
  if (!registry) return attributes;
  return { ...attributes, registry: new URL(withBase(registry), document.baseURI).href };
}

function describe({ state, error, reason }: Tunnel): string {
  return [`state: ${state}`, error && `error.code: ${error.code}`, `reason: ${reason}`]
    .filter(Boolean).join("\n");
}
