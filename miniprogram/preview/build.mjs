// Builds the preview: the mini-program's sources, unchanged, as a page that any browser runs. glass-easel, WeChat's own
// component framework, renders the WXML; runtime/ stands in for the rest of WeChat (pages, built-in components, wx.*).
// It is for development, demonstration and tests. What WeChat itself does differently: docs/miniprogram.md.
//
//   node preview/build.mjs [OUT]      OUT is preview/dist when it is not given
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { Sources } from "./compile/sources.mjs";
import { styles } from "./compile/wxss.mjs";
import { Templates } from "./compile/wxml.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../src");
const packages = path.join(here, "../node_modules");

/** build writes the preview to out. It throws with everything that is wrong with the sources. */
export async function build(out) {
  const sources = new Sources(root, packages);
  const templates = new Templates(sources);
  for (const c of sources.components.keys()) templates.add(c);
  const css = styles(sources, fs.readFileSync(path.join(here, "runtime/base.css"), "utf8"));
  const wrong = [...sources.errors, ...templates.errors, ...css.errors];
  if (wrong.length) throw new Error(wrong.join("\n"));

  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  await esbuild.build({
    stdin: { contents: entry(sources, templates, css), resolveDir: here, loader: "js" },
    outfile: path.join(out, "app.js"), bundle: true, format: "iife", target: "es2020", minify: true, sourcemap: true, legalComments: "none",
    define: { global: "globalThis" }, logLevel: "silent",
    plugins: [{ name: "mini-program", setup: (b) => b.onResolve({ filter: /.*/ }, (a) => sources.module(a.path, a.importer)) }],
  });
  fs.writeFileSync(path.join(out, "app.css"), css.all);
  for (const f of ["index.html", "frame.css", "frame.js", "app.html"]) fs.copyFileSync(path.join(here, "frame", f), path.join(out, f));
  templates.free();
  return { pages: sources.pages.length, components: sources.components.size };
}

/** entry is the program that starts everything: configurations, templates and styles, then the sources' own modules. */
function entry(sources, templates, css) {
  const q = JSON.stringify;
  const lines = [
    `import * as runtime from "./runtime/start.js";`,
    `runtime.begin(${q({ app: sources.app, pages: sources.pages, styles: css.pages })}, ${templates.code()});`,
    ...[...sources.components].map(([c, config]) => `runtime.declare(${q(c)}, ${q(config)}, ${q(css.scopes.get(c))});`),
    `runtime.app(() => require(${q(sources.script("app"))}));`,
    // Those that are used come before those that use them.
    ...[...sources.components.keys()].reverse().map((c) => `runtime.define(${q(c)}, () => ${sources.script(c) ? `require(${q(sources.script(c))})` : "Component({})"});`),
    `runtime.start();`,
  ];
  return lines.join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const began = Date.now();
  try {
    const { pages, components } = await build(path.resolve(process.argv[2] ?? path.join(here, "dist")));
    console.log(`preview: ${pages} pages, ${components} components in ${Date.now() - began} ms`);
  } catch (e) {
    console.error(String(e.message ?? e));
    process.exit(1);
  }
}
