// Compiles the mini-program with WeChat's own compiler, without a network: what it refuses here it would refuse at a release. Prints what
// each package weighs, and fails where that is more than we allow ourselves (the main package 1 MB, all together 4 MB; WeChat's own limits
// are twice that and more), or where something would be fetched from a place that is not ours.
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "../scripts/npm.mjs";

const require = createRequire(import.meta.url);
const ci = require("miniprogram-ci");
// Whoever compiles with an appid of their own is asked for its limits; without a network those in the package stand.
const { DefaultProjectAttr } = require("miniprogram-ci/dist/config/config.js");

const KB = 1024;
const most = { main: 1024 * KB, whole: 4096 * KB };
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "miniprogram-compile-"));

/** compiled gives each file that WeChat would get. */
async function compiled() {
  const source = path.join(folder, "src");
  fs.cpSync(path.join(root, "src"), source, { recursive: true });
  pack(source);
  fs.writeFileSync(path.join(folder, "key"), "not one: nothing is sent");
  const config = JSON.parse(fs.readFileSync(path.join(root, "project.config.json"), "utf8"));
  const appid = "wx0000000000000000";
  fs.writeFileSync(path.join(folder, "project.config.json"), JSON.stringify({ ...config, appid }));
  const project = new ci.Project({ appid, type: "miniProgram", projectPath: folder, privateKeyPath: path.join(folder, "key"), ignores: [] });
  project.attr = async () => ({ ...DefaultProjectAttr, appid });
  return ci.getCompiledResult({ project, version: "1.0.0", setting: { useProjectConfig: true }, onProgressUpdate() {} });
}

let code = 1;
try {
  const files = Object.entries(await compiled()).map(([name, content]) => ({ name, bytes: Buffer.byteLength(content), text: String(content) }));
  const app = JSON.parse(fs.readFileSync(path.join(root, "src/app.json"), "utf8"));
  const roots = (app.subPackages ?? []).map((s) => s.root);
  const sizes = new Map([["main", 0], ...roots.map((r) => [r, 0])]);
  for (const f of files) {
    const of = roots.find((r) => f.name.startsWith(r + "/")) ?? "main";
    sizes.set(of, sizes.get(of) + f.bytes);
  }
  const whole = [...sizes.values()].reduce((a, b) => a + b, 0);
  const wrong = [];
  if (!files.length) wrong.push("nothing was compiled");
  if (sizes.get("main") > most.main) wrong.push("the main package is larger than 1 MB");
  if (whole > most.whole) wrong.push("all packages together are larger than 4 MB");
  for (const page of [...app.pages, ...(app.subPackages ?? []).flatMap((s) => s.pages.map((p) => `${s.root}/${p}`))])
    if (!files.some((f) => f.name === `${page}.js`)) wrong.push(`${page} was not compiled`);
  for (const f of files)
    for (const [url] of f.text.matchAll(/url\(["']?(https?:)?\/\/[^)]*/g)) wrong.push(`${f.name} fetches ${url.slice(0, 100)}`);
  const row = (name, bytes, of = "") => console.log(`  ${name.padEnd(10)} ${(bytes / KB).toFixed(0).padStart(5)} KB${of}`);
  console.log("miniprogram-compile: by WeChat's compiler");
  for (const [name, bytes] of sizes) row(name, bytes, name === "main" ? " of 1024" : "");
  row("whole", whole, " of 4096");
  for (const w of wrong) console.error(`miniprogram-compile: ${w}`);
  code = wrong.length ? 1 : 0;
} catch (e) {
  console.error(`miniprogram-compile: ${[e.code, e.path, e.message ?? e].filter(Boolean).join(" ").replaceAll(folder + "/", "")}`);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(code); // the compiler's workers would go on
