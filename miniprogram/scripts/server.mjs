// What journeys and measurements run against: the program, and a server of it with the demonstration's street, in a folder of its own on a
// free port.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** built is the program that PROGRAM names, or one built into folder. */
export function built(folder) {
  if (process.env.PROGRAM) return path.resolve(process.env.PROGRAM);
  const program = path.join(folder, "xiaopu");
  const { status } = spawnSync("go", ["build", "-o", program, "./server/cmd/xiaopu"], { cwd: root, stdio: "inherit", env: { ...process.env, CGO_ENABLED: "0" } });
  if (status) throw new Error("the program does not build");
  return program;
}

/** serve starts a server in a folder, which it fills with the demonstration if it is new, and gives its address and how to end it. */
export async function serve(program, preview, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const log = path.join(folder, "log");
  const env = { ...process.env, XIAOPU_LISTEN: "127.0.0.1:0", XIAOPU_DB: `sqlite:${path.join(folder, "data/xiaopu.db")}` };
  const server = spawn(program, ["serve", "--demo", "--preview", preview], { cwd: folder, env, stdio: ["ignore", "pipe", fs.openSync(log, "w")] });
  const base = await new Promise((ready, failed) => {
    let said = "";
    server.stdout.on("data", (d) => {
      said += d;
      const m = /小程序\s+(http:\/\/[\d.:]+)\/m\//.exec(said);
      if (m && said.includes("Ctrl+C")) ready(m[1]);
    });
    server.on("exit", (code) => failed(new Error(`the server ended with ${code}:\n${fs.readFileSync(log, "utf8").slice(-2000)}`)));
  });
  server.removeAllListeners("exit");
  const ended = new Promise((done) => server.on("exit", done));
  return { base, end: () => (server.kill(), ended) };
}
