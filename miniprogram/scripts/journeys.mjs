// Runs the journeys: builds the preview, starts the program that PROGRAM names (or builds it) with the demonstration's street in a temporary
// folder on free ports, and hands the journeys to Node's own runner. Screenshots stay in shots/.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../preview/build.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "miniprogram-journeys-"));
const shots = path.join(root, "shots");
let server;
try {
  fs.rmSync(shots, { recursive: true, force: true });
  const preview = path.join(folder, "preview");
  await build(preview);
  let program = process.env.PROGRAM;
  if (!program) {
    program = path.join(folder, "xiaopu");
    const { status } = spawnSync("go", ["build", "-o", program, "./server/cmd/xiaopu"], { cwd: path.join(root, ".."), stdio: "inherit", env: { ...process.env, CGO_ENABLED: "0" } });
    if (status) throw new Error("the program does not build");
  }
  server = spawn(program, ["serve", "--demo", "--preview", preview], { cwd: folder, env: { ...process.env, XIAOPU_LISTEN: "127.0.0.1:0", XIAOPU_DB: `sqlite:${path.join(folder, "data/xiaopu.db")}` }, stdio: ["ignore", "pipe", fs.openSync(path.join(folder, "log"), "w")] });
  const base = await new Promise((ready, failed) => {
    let said = "";
    server.stdout.on("data", (d) => {
      said += d;
      const m = /小程序\s+(http:\/\/[\d.:]+)\/m\//.exec(said);
      if (m && said.includes("Ctrl+C")) ready(m[1]);
    });
    server.on("exit", (code) => failed(new Error(`the server ended with ${code}:\n${fs.readFileSync(path.join(folder, "log"), "utf8").slice(-2000)}`)));
  });
  const runner = spawn(process.execPath, ["--test", ...process.argv.slice(2), path.join(root, "test/journeys/journeys.test.mjs")], { cwd: root, stdio: "inherit", env: { ...process.env, BASE: base, SHOTS: shots } });
  process.exitCode = await new Promise((done) => runner.on("exit", (code) => done(code ?? 1)));
} finally {
  server?.removeAllListeners("exit");
  server?.kill();
  fs.rmSync(folder, { recursive: true, force: true });
}
