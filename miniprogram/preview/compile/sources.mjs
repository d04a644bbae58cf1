// What there is: the pages of app.json, the components they use, and where each name leads. Packages are read from
// node_modules, as WeChat's tools put them into miniprogram_npm when they "build npm".
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Packages that were not made for mini-programs: of each, what of it goes into ours is said by a module, which is bundled. */
export const bundled = { echarts: fileURLToPath(new URL("../../scripts/echarts.js", import.meta.url)) };

const posix = path.posix;
const npm = /^miniprogram_npm\/((?:@[^/]+\/)?[^/]+)\/(.*)$/;

const isFile = (f) => fs.existsSync(f) && fs.statSync(f).isFile();

export class Sources {
  errors = [];
  /** Path without extension, from the root: what the component's json says, with resolved names. */
  components = new Map();

  constructor(root, packages) {
    this.root = root;
    this.packages = packages;
    this.app = this.json("app");
    this.pages = [...this.app.pages, ...(this.app.subPackages ?? []).flatMap((s) => s.pages.map((p) => posix.join(s.root, p)))];
    const everywhere = this.using("app", this.app.usingComponents);
    const bar = this.app.tabBar?.custom ? ["custom-tab-bar/index"] : [];
    this.queue = [...this.pages, ...bar, ...Object.values(everywhere)];
    while (this.queue.length) this.visit(this.queue.shift(), everywhere);
  }

  visit(name, everywhere) {
    if (this.components.has(name)) return;
    const config = this.json(name);
    const using = this.using(name, config.usingComponents);
    const generics = Object.fromEntries(
      Object.entries(config.componentGenerics ?? {}).map(([k, v]) => [k, v?.default ? { default: "/" + this.component(name, v.default) } : true]),
    );
    this.queue.push(...Object.values(using), ...Object.values(generics).flatMap((g) => (g.default ? [g.default.slice(1)] : [])));
    const slashed = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, "/" + v]));
    this.components.set(name, { ...config, page: this.pages.includes(name), usingComponents: slashed({ ...everywhere, ...using }), componentGenerics: generics });
  }

  using(from, names = {}) {
    return Object.fromEntries(Object.entries(names).flatMap(([tag, ref]) => { const c = this.component(from, ref); return c ? [[tag, c]] : []; }));
  }

  /** component is where a reference of usingComponents leads. */
  component(from, ref) {
    const candidates = ref.startsWith("/") ? [ref.slice(1)] : [posix.join(posix.dirname(from), ref), ...(ref.startsWith(".") ? [] : ["miniprogram_npm/" + ref])];
    for (const c of candidates.flatMap((c) => [c, c + "/index"])) if (this.file(c, ".json")) return c;
    this.errors.push(`${from}.json: there is no component ${ref}`);
    return undefined;
  }

  /** file is the file of a path without extension, or undefined. */
  file(name, extension) {
    const own = path.join(this.root, name + extension);
    if (isFile(own)) return own;
    const m = npm.exec(name);
    const there = m && this.package(m[1]) && path.join(this.package(m[1]), m[2] + extension);
    return there && isFile(there) ? there : undefined;
  }

  /** package is the folder of a package that holds its mini-program. */
  package(name) {
    const dir = path.join(this.packages, name);
    if (!fs.existsSync(dir)) return undefined;
    return path.join(dir, JSON.parse(fs.readFileSync(path.join(dir, "package.json"), "utf8")).miniprogram ?? "miniprogram_dist");
  }

  json(name) {
    const f = this.file(name, ".json");
    return f ? JSON.parse(fs.readFileSync(f, "utf8")) : {};
  }

  script(name) {
    return this.file(name, ".ts") ?? this.file(name, ".js");
  }

  /** module says where an import of a mini-program's module leads; undefined leaves it to the bundler. */
  module(ref, importer) {
    const ours = importer && (importer.startsWith(this.root + path.sep) || importer.includes("/miniprogram_dist/"));
    if (!ours || ref.startsWith(".")) return undefined;
    for (let dir = path.dirname(importer); dir.length > 1; dir = path.dirname(dir)) {
      for (const base of [path.join(dir, "miniprogram_npm", ref), path.join(dir, ref)])
        for (const e of [".js", ".ts", "/index.js", ""]) if (isFile(base + e)) return { path: base + e };
      if (dir === this.root) break;
    }
    if (bundled[ref]) return { path: bundled[ref] };
    const [, name, rest = "index"] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.*))?$/.exec(ref) ?? [];
    const dir = name && this.package(name);
    for (const e of [".js", "/index.js", ""]) if (dir && isFile(path.join(dir, rest + e))) return { path: path.join(dir, rest + e) };
    return undefined;
  }
}
