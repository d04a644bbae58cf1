// WXSS to CSS. rpx becomes a share of the page's width; tags become wx-tags; a component's classes get its own prefix,
// so that they hold nowhere else, as in WeChat. A page's sheet is kept apart: it is on only while its page is shown.
import fs from "node:fs";
import path from "node:path";
import postcss from "postcss";
import { builtIn } from "./wxml.mjs";

const tags = new Set([...builtIn, "page"]);

/** rpx is how lengths of WXSS and of inline styles are written for a browser. */
export const rpx = (value) => value.replace(/(-?[\d.]+)rpx\b/g, "calc(var(--rpx) * $1)");

export function styles(sources, base) {
  const errors = [];
  const scopes = new Map();
  const pages = {};
  let components = "";

  const read = (file, above = []) =>
    fs.readFileSync(file, "utf8").replace(/@import\s+(?:url\()?['"]([^'"]+)['"]\)?\s*;/g, (_, ref) => {
      const target = ref.startsWith("/") ? path.join(sources.root, ref) : path.join(path.dirname(file), ref);
      const found = [target, target + ".wxss"].find((f) => fs.existsSync(f) && fs.statSync(f).isFile());
      if (!found) return errors.push(`${file}: @import ${ref} leads nowhere`), "";
      return above.includes(found) ? "" : read(found, [...above, file]);
    });

  const css = (text, scope) => {
    const sheet = postcss.parse(text);
    sheet.walkAtRules("font-face", (rule) => void (/https?:/.test(rule.toString()) && rule.remove())); // TDesign's icon font: elsewhere
    sheet.walkDecls((d) => void (d.value = rpx(d.value).replace(/(-?[\d.]+)vh\b/g, "calc(var(--vh) * $1)").replace(/env\(safe-area-inset-bottom\)/g, "env(safe-area-inset-bottom, 0px)")));
    sheet.walkRules((rule) => {
      if (rule.parent.type === "atrule" && /keyframes$/.test(rule.parent.name)) return;
      const host = `[wx-host="${scope ?? ""}"]`;
      rule.selector = rule.selector
        .replace(/:host\(([^)]*)\)/g, `${host}$1`)
        .replace(/:host\b/g, host)
        .replace(/(^|[\s,>+~(])([a-z][a-z-]*)(?=$|[\s,>+~.:#[)])/g, (m, before, t) => (t === "page" ? `${before}:is(wx-page, wx-tab-bar)` : tags.has(t) ? `${before}wx-${t}` : m));
      if (scope) rule.selector = rule.selector.replace(/\.(-?[_a-zA-Z][\w-]*)/g, `.${scope}--$1`);
    });
    return sheet.toString();
  };

  let no = 0;
  for (const [name, config] of sources.components) {
    const isolation = config.styleIsolation ?? (config.page ? "shared" : "isolated");
    const shared = config.page ? !/isolated|apply-shared/.test(isolation) : /^(page-)?shared$/.test(isolation);
    if (!shared) scopes.set(name, "c" + (no++).toString(36));
    const file = sources.file(name, ".wxss");
    if (!file) continue;
    const text = css(read(file), scopes.get(name));
    if (config.page) pages[name] = text;
    else components += text + "\n";
  }
  const app = path.join(sources.root, "app.wxss");
  return { all: base + css(read(app)) + components, pages, scopes, errors };
}
