import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

declare const process: { env: { MINIPROGRAM: string } };
const compile = (name: string) => import(join(process.env.MINIPROGRAM, "preview/compile", name));

/** program writes a small mini-program and compiles it. */
async function program(files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), "compile-"));
  try {
    for (const [name, text] of Object.entries({ "app.json": '{"pages":["p/p"]}', "app.wxss": "", "p/p.json": "{}", "p/p.wxml": "<view />", ...files })) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const [{ Sources }, { Templates }, { styles }] = await Promise.all(["sources.mjs", "wxml.mjs", "wxss.mjs"].map(compile));
    const sources = new Sources(root, join(process.env.MINIPROGRAM, "node_modules"));
    const templates = new Templates(sources);
    for (const c of sources.components.keys()) templates.add(c);
    const css = styles(sources, "");
    const code = templates.code() as string;
    templates.free();
    return { components: [...sources.components.keys()] as string[], errors: [...sources.errors, ...templates.errors, ...css.errors] as string[], css: css as { all: string; pages: Record<string, string> }, code };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("what is wrong with the sources is told: a tag nobody knows, a component that is not there, a sheet that leads nowhere, broken WXML", async () => {
  const { errors } = await program({ "p/p.wxml": "<view><video-player /></view>", "p/p.json": '{"usingComponents":{"x":"/none/none"}}', "p/p.wxss": '@import "gone.wxss";' });
  assert.equal(errors.length, 3, errors.join("\n"));
  assert.match(errors.join("\n"), /video-player[\s\S]*|none\/none[\s\S]*|gone/);
  assert.ok((await program({ "p/p.wxml": "<view><text></view>" })).errors.length > 0);
});

test("rpx, page and tags are translated; a component's classes hold nowhere else", async () => {
  const { css } = await program({
    "p/p.json": '{"usingComponents":{"c":"/c/c"}}', "p/p.wxml": '<c /><view class="a" />', "p/p.wxss": "page { color: red } .a { width: 10rpx } view.a > text { height: 2vh }",
    "c/c.json": '{"component":true}', "c/c.wxml": '<view class="a" />', "c/c.wxss": ".a { width: 1px } :host { display: block }",
  });
  assert.match(css.pages["p/p"], /:is\(wx-page, wx-tab-bar\) \{ color: red \}/);
  assert.match(css.pages["p/p"], /\.a \{ width: calc\(var\(--rpx\) \* 10\) \}/);
  assert.match(css.pages["p/p"], /wx-view\.a > wx-text \{ height: calc\(var\(--vh\) \* 2\) \}/);
  assert.match(css.all, /\.c0--a \{ width: 1px \}/);
  assert.match(css.all, /\[wx-host="c0"\] \{ display: block \}/);
});

test("an icon font of another host is left out", async () => {
  const { css } = await program({ "app.wxss": '@font-face { font-family: t; src: url("https://elsewhere.example/t.woff") } .a { color: red }' });
  assert.ok(!css.all.includes("elsewhere"));
  assert.match(css.all, /\.a \{ color: red \}/);
});

test("components are found by path and in packages, each once", async () => {
  const { components, errors } = await program({
    "p/p.json": '{"usingComponents":{"c":"../c/c","t-popup":"tdesign-miniprogram/popup/popup"}}', "p/p.wxml": "<c /><t-popup />", "c/c.json": '{"component":true,"usingComponents":{"c":"/c/c"}}', "c/c.wxml": "<view />",
  });
  assert.deepEqual(errors, []);
  assert.equal(components.filter((c) => c === "c/c").length, 1);
  assert.ok(components.includes("miniprogram_npm/tdesign-miniprogram/popup/popup"));
});

test("what is bundled of the charts lies in the package of the figures and nowhere else", async () => {
  const { used } = await import(join(process.env.MINIPROGRAM, "scripts/npm.mjs"));
  assert.deepEqual([...(used() as Map<string, string>).keys()].filter((f) => f.includes("echarts")), ["figures/miniprogram_npm/echarts/index.js"]);
});
