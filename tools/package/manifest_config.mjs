// For `cem analyze`, @custom-elements-manifest/analyzer: what to read, and what it leaves out. manifest.ts runs it.

/** Adds what `@default` says, and drops what is nobody else's. */
function ownRules() {
  const defaults = new Map();
  return {
    name: "own-rules",
    analyzePhase({ ts, node }) {
      if (!ts.isPropertyDeclaration(node)) return;
      const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === "default");
      if (tag) defaults.set(node.name.getText(), ts.getTextOfJSDocComment(tag.comment));
    },
    moduleLinkPhase({ moduleDoc }) {
      for (const declaration of moduleDoc.declarations) {
        const { members = [], attributes = [] } = declaration;
        if (declaration.members) {
          declaration.members = members.filter(({ privacy = "public" }) => privacy === "public");
        }
        for (const each of [...members, ...attributes]) {
          // A default of null says only that the attribute is missing.
          delete each.default;
          const said = defaults.get(each.fieldName ?? each.name);
          if (said) each.default = said;
        }
        for (const { type } of attributes) type.text = type.text.replace(" | null", "");
      }
    },
  };
}

// The analyzer asks for a default export.
export default {
  globs: [
    "components/define.ts",
    "components/lighthouse_tunnel.ts",
    "components/events.ts",
    "components/fetch/socket.ts",
  ],
  outdir: "components/dist",
  litelement: true,
  packagejson: false,
  quiet: true,
  plugins: [ownRules()],
};
