// Runs the journeys: builds the preview and the program (or takes the one that PROGRAM names), then starts for each file of journeys a
// server of its own with the demonstration's street, in a temporary folder on free ports, and hands the file to Node's own runner.
// Files may be named (`npm run journeys -- leaders`); further arguments go to the runner. Screenshots stay in shots/.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../preview/build.mjs";
import { built, serve } from "./server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "miniprogram-journeys-"));
const shots = path.join(root, "shots");
const journeys = path.join(root, "test/journeys");
const all = fs.readdirSync(journeys).filter((f) => f.endsWith(".test.mjs")).map((f) => f.slice(0, -".test.mjs".length));
const named = process.argv.slice(2).filter((a) => all.includes(a));
const rest = process.argv.slice(2).filter((a) => !all.includes(a));

// run gives one file of journeys a server of its own, and answers the runner's exit code.
async function run(file, program, preview) {
  const { base, end } = await serve(program, preview, path.join(folder, file));
  try {
    const runner = spawn(process.execPath, ["--test", ...rest, path.join(journeys, `${file}.test.mjs`)], { cwd: root, stdio: "inherit", env: { ...process.env, BASE: base, SHOTS: shots } });
    return await new Promise((done) => runner.on("exit", (code) => done(code ?? 1)));
  } finally {
    end();
  }
}

try {
  fs.rmSync(shots, { recursive: true, force: true });
  const preview = path.join(folder, "preview");
  await build(preview);
  const program = built(folder);
  for (const file of named.length ? named : all) process.exitCode = (await run(file, program, preview)) || process.exitCode;
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
