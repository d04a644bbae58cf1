import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
declare const process: { env: { MINIPROGRAM: string } };
/** script loads one of the scripts, which are Node's own. */
const script = (name: string) => import(join(process.env.MINIPROGRAM, "scripts", name));
const src = join(process.env.MINIPROGRAM, "src");
const files = readdirSync(src, { recursive: true }).filter((f) => !f.startsWith("miniprogram_npm"));
const han = /[\u4e00-\u9fff]/;

test("the types are those of docs/openapi.json (npm run types)", async () => {
  const { contractFile, expected } = await script("types.mjs");
  assert.ok(readFileSync(contractFile, "utf8") === expected());
});

test("the icons are those that scripts/icons.mjs names (npm run icons)", async () => {
  const { iconsFile, icons } = await script("icons.mjs");
  assert.ok(readFileSync(iconsFile, "utf8") === icons());
});

test("texts stand in texts.ts only", () => {
  const found = files.filter((f) => /\.(ts|wxml|wxs)$/.test(f) && !/texts\.ts$|contract\.ts$/.test(f)).flatMap((f) =>
    readFileSync(join(src, f), "utf8").replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(^|\s)\/\/[^\n]*/g, "").split("\n").filter((l) => han.test(l)).map((l) => `${f}: ${l.trim()}`));
  assert.deepEqual(found, []);
});

test("nothing is fetched from elsewhere: no address of another host in styles, pages or code", () => {
  const found = files.filter((f) => /\.(ts|wxml|wxss|json)$/.test(f) && f !== "config.ts" && f !== join("sitemap.json")).flatMap((f) =>
    [...readFileSync(join(src, f), "utf8").matchAll(/(https?:)?\/\/[\w.-]+\.[a-z]{2,}[^\s"')]*/g)].map((m) => `${f}: ${m[0]}`).filter((l) => !/www\.w3\.org/.test(l)));
  assert.deepEqual(found, []);
});

test("every colour of the tokens is legible on its ground (4.5:1)", () => {
  const tokens = Object.fromEntries([...readFileSync(join(src, "styles/tokens.wxss"), "utf8").matchAll(/--([\w-]+):\s*(#[0-9a-fA-F]{6})/g)].map((m) => [m[1], m[2]]));
  const light = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = [["ink", "card"], ["ink-2", "card"], ["ink-3", "card"], ["ink-3", "page"], ["brand", "card"], ["brand", "brand-tint"], ["card", "brand"], ["card", "brand-deep"], ["amber", "card"], ["amber", "amber-tint"], ["red", "card"], ["red", "red-tint"], ["green", "card"], ["green", "green-tint"]];
  for (const [text, ground] of pairs) {
    const [a, b] = [light(tokens[text]), light(tokens[ground])].sort((x, y) => y - x);
    assert.ok((a + 0.05) / (b + 0.05) >= 4.5, `${text} on ${ground}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
});
