// Runs the journeys: builds the preview and the program (or takes the one that PROGRAM names), fills a database with the demonstration's
// street once, and gives each file of journeys a copy of it and a server of its own, in a temporary folder on free ports. Node's own runner
// has two files run beside each other, or as many as there are processors. Files may be named (`npm run journeys -- leaders`); further
// arguments go to the runner. Screenshots stay in shots/.
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
const longest = ["pages", "leaders", "residents", "case"]; // first, so that nobody waits for one of them alone
const place = (file) => (longest.indexOf(file) + longest.length + 1) % (longest.length + 1);
const all = fs.readdirSync(journeys).filter((f) => f.endsWith(".test.mjs")).map((f) => f.slice(0, -".test.mjs".length)).sort((a, b) => place(a) - place(b));
const named = process.argv.slice(2).filter((a) => all.includes(a));
const rest = process.argv.slice(2).filter((a) => !all.includes(a));
const files = named.length ? named : all;
const servers = [];

try {
  fs.rmSync(shots, { recursive: true, force: true });
  const preview = path.join(folder, "preview");
  await build(preview);
  const program = built(folder);
  const street = path.join(folder, "demonstration");
  await (await serve(program, preview, street)).end();
  for (const file of files) {
    fs.cpSync(street, path.join(folder, file), { recursive: true });
    servers.push(await serve(program, preview, path.join(folder, file)));
  }
  const bases = Object.fromEntries(files.map((file, i) => [file, servers[i].base]));
  const beside = Math.max(2, os.availableParallelism());
  const runner = spawn(process.execPath, ["--test", `--test-concurrency=${beside}`, ...rest, ...files.map((file) => path.join(journeys, `${file}.test.mjs`))], { cwd: root, stdio: "inherit", env: { ...process.env, BASES: JSON.stringify(bases), SHOTS: shots } });
  process.exitCode = await new Promise((done) => runner.on("exit", (code) => done(code ?? 1)));
} finally {
  await Promise.all(servers.map((s) => s.end()));
  fs.rmSync(folder, { recursive: true, force: true });
}
