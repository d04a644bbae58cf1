import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, type Sent } from "../src/api/client";
import { Refused, Unreachable } from "../src/api/problem";
import { upload, type Files } from "../src/lib/upload";

/** desk is the server's side of uploads, with parts of 4 bytes; lose says which requests never arrive. */
function desk(lose: (s: Sent, no: number) => boolean = () => false) {
  const parts = new Map<number, number>();
  const puts: string[] = [];
  let state = "uploading";
  let count = 0;
  const client = new Client({
    newKey: () => "k", wait: async () => undefined, random: () => 0.5,
    transport: async (s) => {
      if (lose(s, ++count)) throw new Unreachable();
      if (s.method === "PUT") {
        puts.push(s.path);
        parts.set(Number(s.path.split("/").pop()), (s.body as ArrayBuffer).byteLength);
      }
      if (s.path.endsWith("/complete")) state = "ready";
      return { status: 200, header: {}, body: { id: "u", parts: 3, part_bytes: 4, received: [...parts.keys()], state } };
    },
  });
  return { client, parts, puts };
}
const files: Files = { read: async (_, position, length) => new ArrayBuffer(Math.min(length, 10 - position)) };
const photo = { file: "a.jpg", size: 10, key: "k1" };

test("a photo goes in parts, the last one shorter", async () => {
  const d = desk();
  assert.equal(await upload(d.client, files, photo), "u");
  assert.deepEqual([...d.parts], [[0, 4], [1, 4], [2, 2]]);
});

test("an upload that broke off sends only what is missing", async () => {
  let away = false;
  const d = desk((s) => away || (s.path.endsWith("/parts/1") && (away = true)));
  await assert.rejects(upload(d.client, files, photo), (e) => e instanceof Unreachable);
  assert.deepEqual(d.puts.map((p) => p.slice(-1)), ["0"]);
  away = false;
  const again = desk();
  again.parts.set(0, 4);
  assert.equal(await upload(again.client, files, photo), "u");
  assert.deepEqual(again.puts.map((p) => p.slice(-1)), ["1", "2"]);
});

test("one that is complete is not sent again", async () => {
  const d = desk();
  await upload(d.client, files, photo);
  await upload(d.client, files, photo);
  assert.equal(d.puts.length, 3);
});

test("a photo that is gone from the phone is told, not tried for ever", async () => {
  const d = desk();
  await assert.rejects(upload(d.client, { read: async () => { throw new Error("gone"); } }, photo), (e) => e instanceof Refused && /照片/.test(e.message));
});
