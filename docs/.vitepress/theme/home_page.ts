// The first page: VitePress's, in a main landmark, which VitePress's own layout lacks.
import { VPHomeContent, VPHomeFeatures, VPHomeHero } from "vitepress/theme-without-fonts";
import { defineComponent, h } from "vue";

export default defineComponent({
  name: "HomePage",
  setup: (_, { slots }) => () =>
    h("main", { class: "home-page" }, [
      h(VPHomeHero),
      h(VPHomeFeatures),
      h(VPHomeContent, slots.default),
    ]),
});
