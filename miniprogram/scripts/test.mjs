// Runs the tests: checks the types, bundles each test/*.test.ts with esbuild and hands them to Node's own runner.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const out = fs.mkdtempSync(path.join(os.tmpdir(), "miniprogram-test-"));
try {
  const tests = fs.readdirSync(path.join(root, "test")).filter((f) => /\.test\.ts$/.test(f));
  await esbuild.build({
    entryPoints: tests.map((f) => path.join(root, "test", f)),
    bundle: true, platform: "node", format: "esm", target: "node20", outdir: out, outExtension: { ".js": ".mjs" },
    external: ["node:*", "esbuild", "postcss", "glass-easel-template-compiler", "playwright-core"], sourcemap: "inline", logLevel: "warning",
    define: { "process.env.MINIPROGRAM": JSON.stringify(root) },
  });
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...tests.map((f) => path.join(out, f.replace(/\.ts$/, ".mjs")))], { stdio: "inherit", cwd: root });
  process.exitCode = status ?? 1;
} finally {
  fs.rmSync(out, { recursive: true, force: true });
}
