// WXML and WXS to the code that glass-easel renders from, by WeChat's own open compiler. Before it, the little that this
// compiler and a browser do not take as WeChat does is rewritten:
//  - built-in tags get the prefix wx-: a browser's <input> can hold nothing, and <button> has a life of its own;
//  - bindtap="…" becomes bind:tap="…", which without a colon is no event on built-in tags;
//  - WXS is not JavaScript: x.constructor is the name of a type there, and require() takes a path with .wxs.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { plain, provided } from "../runtime/tags.js";

const { TmplGroup } = createRequire(import.meta.url)("glass-easel-template-compiler");
export const builtIn = [...plain, ...provided];
const known = new Set([...builtIn, "block", "import", "include", "template", "slot", "wxs"]);
const tag = new RegExp(`(</?)(${builtIn.join("|")})(?=[\\s/>])`, "g");

const script = (text) =>
  text.replace(/((?:[\w$]+(?:\.[\w$]+)*))\.constructor\b/g, "__typeName($1)").replace(/(require\(\s*['"][^'"]+)\.wxs(['"])/g, "$1$2");

export class Templates {
  errors = [];
  seen = new Set();
  group = new TmplGroup();

  constructor(sources) {
    this.sources = sources;
  }

  add(name) {
    if (this.seen.has(name)) return;
    this.seen.add(name);
    const file = this.sources.file(name, ".wxml");
    if (!file) return void this.errors.push(`${name}.wxml is missing`);
    const text = fs.readFileSync(file, "utf8");
    const theirs = name.startsWith("miniprogram_npm/");
    if (!theirs) this.checkTags(name, text);
    const rewritten = text
      .replace(tag, "$1wx-$2")
      .replace(/(\s(?:capture-)?(?:bind|catch))(?=[a-z]+\s*=)/g, "$1:")
      .replace(/(<wxs\b[^>]*[^/]>)([\s\S]*?)(<\/wxs>)/g, (_, open, body, close) => open + script(body) + close);
    // A warning of this compiler, such as a tag without an end, is an error of WeChat's. Of packages it is stricter than WeChat.
    for (const w of this.group.addTmpl(name, rewritten) ?? [])
      if (!theirs) this.errors.push(`${name}.wxml:${w.startLine}:${w.startColumn} ${w.message}`);
    for (const d of this.group.getDirectDependencies(name)) this.add(d.replace(/\.wxml$/, ""));
    for (const s of this.group.getScriptDependencies(name)) this.addScript(s.replace(/\.wxs$/, ""));
  }

  /** checkTags tells a tag that is neither a component that the file declares nor a built-in one that the runtime has. */
  checkTags(name, text) {
    const declared = this.sources.components.get(name)?.usingComponents ?? {};
    for (const [, t] of text.replace(/<!--[\s\S]*?-->/g, "").matchAll(/<([a-z][\w-]*)/g))
      if (!known.has(t) && !(t in declared)) this.errors.push(`${name}.wxml: <${t}> is neither declared in ${name}.json nor known to the preview (runtime/tags.js)`);
  }

  addScript(name) {
    if (this.seen.has(name + ".wxs")) return;
    this.seen.add(name + ".wxs");
    const file = this.sources.file(name, ".wxs");
    if (!file) return void this.errors.push(`${name}.wxs is missing`);
    const text = fs.readFileSync(file, "utf8");
    this.group.addScript(name, script(text));
    for (const [, ref] of text.matchAll(/require\(\s*['"]([^'"]+?)(?:\.wxs)?['"]\s*\)/g)) this.addScript(path.posix.join(path.posix.dirname(name), ref));
  }

  code() {
    return this.group.getTmplGenObjectGroups();
  }

  free() {
    this.group.free();
  }
}
