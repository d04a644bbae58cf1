// Runs the journeys: builds the preview and the program (or takes the one that PROGRAM names), then starts for each file of journeys a
// server of its own with the demonstration's street, in a temporary folder on free ports, and hands the file to Node's own runner.
// Files may be named (`npm run journeys -- leaders`); further arguments go to the runner. Screenshots stay in shots/.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../preview/build.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "miniprogram-journeys-"));
const shots = path.join(root, "shots");
const journeys = path.join(root, "test/journeys");
const all = fs.readdirSync(journeys).filter((f) => f.endsWith(".test.mjs")).map((f) => f.slice(0, -".test.mjs".length));
const named = process.argv.slice(2).filter((a) => all.includes(a));
const rest = process.argv.slice(2).filter((a) => !all.includes(a));

// run gives one file of journeys a server of its own, and answers the runner's exit code.
async function run(file, program, preview) {
  const own = path.join(folder, file);
  fs.mkdirSync(own);
  const log = path.join(own, "log");
  const env = { ...process.env, XIAOPU_LISTEN: "127.0.0.1:0", XIAOPU_DB: `sqlite:${path.join(own, "data/xiaopu.db")}` };
  const server = spawn(program, ["serve", "--demo", "--preview", preview], { cwd: own, env, stdio: ["ignore", "pipe", fs.openSync(log, "w")] });
  try {
    const base = await new Promise((ready, failed) => {
      let said = "";
      server.stdout.on("data", (d) => {
        said += d;
        const m = /小程序\s+(http:\/\/[\d.:]+)\/m\//.exec(said);
        if (m && said.includes("Ctrl+C")) ready(m[1]);
      });
      server.on("exit", (code) => failed(new Error(`the server ended with ${code}:\n${fs.readFileSync(log, "utf8").slice(-2000)}`)));
    });
    const runner = spawn(process.execPath, ["--test", ...rest, path.join(journeys, `${file}.test.mjs`)], { cwd: root, stdio: "inherit", env: { ...process.env, BASE: base, SHOTS: shots } });
    return await new Promise((done) => runner.on("exit", (code) => done(code ?? 1)));
  } finally {
    server.removeAllListeners("exit");
    server.kill();
  }
}

try {
  fs.rmSync(shots, { recursive: true, force: true });
  const preview = path.join(folder, "preview");
  await build(preview);
  let program = process.env.PROGRAM && path.resolve(process.env.PROGRAM);
  if (!program) {
    program = path.join(folder, "xiaopu");
    const { status } = spawnSync("go", ["build", "-o", program, "./server/cmd/xiaopu"], { cwd: path.join(root, ".."), stdio: "inherit", env: { ...process.env, CGO_ENABLED: "0" } });
    if (status) throw new Error("the program does not build");
  }
  for (const file of named.length ? named : all) process.exitCode = (await run(file, program, preview)) || process.exitCode;
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
