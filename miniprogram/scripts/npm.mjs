// Writes src/miniprogram_npm: of the packages, the components that pages use and what those import, as WeChat's own “构建 npm” would
// put them there, without the rest (TDesign whole is more than a main package may have). What is bundled lies in the subpackage that uses it.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { bundled, Sources } from "../preview/compile/sources.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");

/** used gives the packages' files that the sources need: where each is to lie, and where it is. It throws for what leads nowhere. */
export function used(src = path.join(root, "src"), packages = path.join(root, "node_modules")) {
  const sources = new Sources(src, packages);
  if (sources.errors.length) throw new Error(sources.errors.join("\n"));
  const found = new Map();
  const wrong = [];
  const add = (name) => {
    const [, pkg, rest] = /^miniprogram_npm\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(name) ?? [];
    const at = pkg && sources.package(pkg) && path.join(sources.package(pkg), rest);
    if (!at || !fs.existsSync(at) || !fs.statSync(at).isFile()) return false;
    if (found.has(name)) return true;
    found.set(name, at);
    const text = fs.readFileSync(at, "utf8");
    for (const ref of references(name, text)) if (!resolved(name, ref)) wrong.push(`${name}: ${ref} leads nowhere`);
    return true;
  };
  const resolved = (from, ref) => {
    const targets = ref.startsWith(".") ? [path.posix.join(path.posix.dirname(from), ref)] : ref.startsWith("/") ? [ref.slice(1)] : above(from).map((dir) => `${dir}miniprogram_npm/${ref}`);
    return targets.some((t) => [t, t + path.posix.extname(from), t + "/index.js"].some(add));
  };
  for (const component of sources.components.keys())
    if (component.startsWith("miniprogram_npm/")) for (const e of [".json", ".js", ".wxml", ".wxss"]) add(component + e);
    else for (const e of [".ts", ".wxml", ".wxss"]) {
      const file = sources.file(component, e); // our own may import from a package too
      if (file) for (const ref of references(component + e, fs.readFileSync(file, "utf8")))
        if (bundled[ref]) found.set(`${inside(sources, component)}miniprogram_npm/${ref}/index.js`, bundled[ref]);
        else if (!ref.startsWith(".") && !ref.startsWith("/")) add(`miniprogram_npm/${ref}`) || add(`miniprogram_npm/${ref}.js`) || add(`miniprogram_npm/${ref}/index.js`);
    }
  if (wrong.length) throw new Error(wrong.join("\n"));
  return found;
}

/** inside is the subpackage that a component lies in. */
const inside = (sources, component) => (sources.app.subPackages ?? []).map((s) => s.root + "/").find((root) => component.startsWith(root)) ?? "";

/** bundle is one file of a package: its licence stays with it. */
function bundle(entry) {
  const { outputFiles } = esbuild.buildSync({ entryPoints: [entry], bundle: true, write: false, format: "cjs", target: "es2017", minify: true, legalComments: "inline", define: { "process.env.NODE_ENV": '"production"' } });
  return outputFiles[0].text;
}

/** above are the folders that a file lies in, the nearest first: a package may bring others in a miniprogram_npm of its own. */
const above = (name) => name.split("/").slice(0, -1).map((_, i, parts) => parts.slice(0, parts.length - i).join("/") + "/").concat("");

/** references are the other files that a file's text names. */
function references(name, text) {
  const patterns = {
    ".js": [/(?:from|import|require\()\s*["']([^"']+)["']/g], ".ts": [/(?:from|import|require\()\s*["']([^"']+)["']/g],
    ".wxss": [/@import\s+(?:url\()?["']([^"']+)["']/g],
    ".wxml": [/<(?:import|include|wxs)\b[^>]*\bsrc=["']([^"'{]+)["']/g], ".wxs": [/require\(\s*["']([^"']+)["']/g],
  };
  return (patterns[path.posix.extname(name)] ?? []).flatMap((p) => [...text.matchAll(p)].map((m) => m[1]));
}

/** pack puts them below into, a copy of src. */
export function pack(into) {
  const files = used();
  for (const folder of new Set(["miniprogram_npm", ...[...files.keys()].map((name) => name.replace(/(?<=miniprogram_npm)\/.*/, ""))])) fs.rmSync(path.join(into, folder), { recursive: true, force: true });
  for (const [name, from] of files) {
    fs.mkdirSync(path.dirname(path.join(into, name)), { recursive: true });
    const text = Object.values(bundled).includes(from) ? bundle(from) : fs.readFileSync(from, "utf8");
    fs.writeFileSync(path.join(into, name), name.endsWith(".wxss") ? text.replace(/@font-face\s*\{[^}]*\}/g, (rule) => (/https?:/.test(rule) ? "" : rule)) : text); // TDesign's icon font lies elsewhere: our icons are our own
  }
  return files.size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`miniprogram_npm: ${pack(path.join(root, "src"))} files`);
