import assert from "node:assert/strict";
import { test } from "node:test";
import type { CaseView, CommandResult, Problem } from "../src/api/contract";
import { Refused, Unreachable } from "../src/api/problem";
import { Client, type Sent } from "../src/api/client";
import { upload } from "../src/lib/upload";
import { Queue, type Photo, type QueueOptions } from "../src/lib/queue";
import { open, type Storage } from "../src/lib/store";
import { memory } from "./memory";

/** randomly is a small generator of numbers between 0 and 1 that a seed repeats. */
function randomly(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const problem = (reason: string, code: Problem["code"] = "aborted"): Problem => ({ code, reason, message: "这件难事刚刚有了变化，请看过再办。", title: "", status: 409, request_id: "" });

/** World is a server that does what ours promises: one key, one effect; a version that has passed is refused. */
class World {
  cases = new Map<string, { version: number; did: string[] }>();
  answered = new Map<string, unknown>();
  uploads = new Map<string, string>();
  /** What there is of each upload, by part; complete once it was said to be. */
  parts = new Map<string, { got: Map<number, number>; complete: boolean }>();
  used: string[] = [];
  tickets: string[] = [];

  /** desk is the server's side of uploads, in parts of 4 bytes. */
  desk(s: Sent): unknown {
    const key = s.header["Idempotency-Key"];
    const began = s.path === "/api/v1/uploads";
    const id = began ? (this.uploads.get(key) ?? `upload-${this.uploads.size}`) : /upload-\d+/.exec(s.path)![0];
    if (began) this.uploads.set(key, id);
    const u = this.parts.get(id) ?? { got: new Map(), complete: false };
    this.parts.set(id, u);
    if (s.method === "PUT") {
      assert.ok(!u.complete, "a part of what is complete");
      u.got.set(Number(s.path.split("/").pop()), (s.body as ArrayBuffer).byteLength);
    }
    if (s.path.endsWith("/complete")) {
      assert.deepEqual([...u.got].sort(), [[0, 4], [1, 4], [2, 2]], "whole before it is complete");
      u.complete = true;
    }
    return { id, parts: 3, part_bytes: 4, received: [...u.got.keys()], state: u.complete ? "ready" : "uploading" };
  }

  private use(body: Record<string, unknown>): void {
    for (const id of (body.attachments as string[] | undefined) ?? []) {
      assert.ok(this.parts.get(id)?.complete ?? true, "an attachment that is not whole");
      this.used.push(id);
    }
  }

  do(path: { id?: string }, body: Record<string, unknown>, key: string): unknown {
    const before = this.answered.get(key);
    if (before) {
      const replay = before as Partial<CommandResult>;
      return path.id ? { case: { version: this.cases.get(path.id)!.version } as CaseView, replayed: true } : replay;
    }
    if (!path.id) {
      this.use(body);
      this.tickets.push(String(body.title));
      this.answered.set(key, { id: key });
      return { id: key };
    }
    const c = this.cases.get(path.id) ?? { version: 1, did: [] };
    this.cases.set(path.id, c);
    if (body.version !== c.version) throw new Refused(problem("case.version_conflict"));
    this.use(body);
    c.version += 2; // a command's own event, and one that had fallen due before it
    c.did.push(String(body.text));
    const answer = { case: { version: c.version } as CaseView, replayed: false };
    this.answered.set(key, answer);
    return answer;
  }
}

class Killed extends Error {}

function never(what: string): never {
  throw new Error(what);
}

/** phone starts the program over what is kept; at every step out of it, happens may throw. */
function phone(storage: Storage, world: World, o: Partial<QueueOptions> & { before?: () => void; after?: () => void } = {}) {
  let ids = 0;
  const start = Math.random().toString(36).slice(2);
  return new Queue({
    store: open(storage),
    send: async (_, path, body, key) => {
      await Promise.resolve();
      o.before?.();
      const answer = world.do(path as { id?: string }, body as never, key);
      o.after?.();
      return answer as never;
    },
    upload: async (p: Photo) => {
      o.before?.();
      const id = world.uploads.get(p.key) ?? `upload-${world.uploads.size}`;
      world.uploads.set(p.key, id);
      o.after?.();
      return id;
    },
    forget: () => undefined, person: () => "p", newId: () => `${start}-${++ids}`, now: () => new Date(0), changed: () => undefined,
    ...o,
  });
}

const progress = (id: string, version: number, text: string) =>
  ({ person: "p", operation: "case_progress", path: { id }, body: { version, text, public: false }, title: text }) as const;

test("an action that is given with a network is done at once, and nothing is left", async () => {
  const world = new World();
  const q = phone(memory(), world);
  const out = await q.give(progress("c", 1, "一"));
  assert.equal(out.state, "done");
  assert.deepEqual(q.list(), []);
  assert.deepEqual(world.cases.get("c")?.did, ["一"]);
});

test("without a network it waits, and is sent once when there is one", async () => {
  const world = new World();
  const storage = memory();
  const away = phone(storage, world, { before: () => { throw new Unreachable(); } });
  assert.equal((await away.give(progress("c", 1, "一"))).state, "waiting");
  const back = phone(storage, world);
  await Promise.all([back.run(), back.run(), back.run()]);
  assert.deepEqual(world.cases.get("c")?.did, ["一"]);
});

test("several on one view of a case follow each other's version", async () => {
  const world = new World();
  const storage = memory();
  const away = phone(storage, world, { before: () => { throw new Unreachable(); } });
  for (const text of ["一", "二", "三"]) await away.give(progress("c", 1, text));
  await phone(storage, world).run();
  assert.deepEqual(world.cases.get("c")?.did, ["一", "二", "三"]);
});

test("what others changed meanwhile is not overwritten: the conflict is shown, and those behind it wait", async () => {
  const world = new World();
  const storage = memory();
  const away = phone(storage, world, { before: () => { throw new Unreachable(); } });
  await away.give(progress("c", 1, "一"));
  await away.give(progress("c", 1, "二"));
  await away.give(progress("d", 1, "三"));
  world.do({ id: "c" }, { version: 1, text: "别人" }, "theirs");
  const q = phone(storage, world);
  await q.run();
  assert.deepEqual(q.list().map((a) => a.state), ["conflict", "waiting"]);
  assert.match(q.list()[0].problem!.message, /变化/);
  assert.deepEqual(world.cases.get("c")?.did, ["别人"]);
  assert.deepEqual(world.cases.get("d")?.did, ["三"]);
  await q.again(q.list()[0].id, world.cases.get("c")!.version); // the person has looked, and gives it once more
  assert.deepEqual(world.cases.get("c")?.did, ["别人", "一"]);
  assert.equal(q.list()[0].state, "conflict"); // the second was given upon the old view
  q.drop(q.list()[0].id);
  assert.deepEqual(q.list(), []);
});

test("a refusal that comes at once is thrown, and leaves nothing behind", async () => {
  const world = new World();
  world.do({ id: "c" }, { version: 1, text: "别人" }, "theirs");
  const q = phone(memory(), world);
  await assert.rejects(q.give(progress("c", 1, "一")), (e) => e instanceof Refused && e.conflict);
  assert.deepEqual(q.list(), []);
});

test("nobody else's sign-in sends it", async () => {
  const world = new World();
  const storage = memory();
  await phone(storage, world, { before: () => { throw new Unreachable(); } }).give(progress("c", 1, "一"));
  const other = phone(storage, world, { person: () => "q" });
  await other.run();
  assert.equal(world.cases.size, 0);
  assert.deepEqual(other.list(), []);
  await phone(storage, world).run();
  assert.deepEqual(world.cases.get("c")?.did, ["一"]);
});

test("photos go first, once, and their ids go along", async () => {
  const world = new World();
  const storage = memory();
  let fail = true;
  const forgotten: string[] = [];
  let body: Record<string, unknown> = {};
  const q = phone(storage, world, {
    forget: (f) => forgotten.push(f),
    send: async (_, __, b) => {
      if (fail) throw new Unreachable();
      body = b as never;
      return { case: { version: 2 }, replayed: false } as never;
    },
  });
  await q.give({ ...progress("c", 1, "一"), photos: [{ file: "a.jpg", size: 1, key: "k1" }], photosAs: "attachments" });
  assert.deepEqual(forgotten, []);
  fail = false;
  await q.run();
  assert.deepEqual(body.attachments, ["upload-0"]);
  assert.equal(world.uploads.size, 1);
  assert.deepEqual(forgotten, ["a.jpg"]);
});

test("50 actions with photos in parts, killed 20 times while sending to a server that comes and goes: each is done exactly once", async () => {
  const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
  for (const seed of seeds) {
    const random = randomly(seed);
    const world = new World();
    const kept = new Map<string, string>();
    let armed = false;
    let kills = 0;
    const mayDie = () => {
      if (armed && kills < 20 && random() < 0.12) {
        armed = false;
        kills++;
        throw new Killed();
      }
    };
    // Killed before or after any write, and before or after the server has done it.
    const storage = (): Storage => {
      const m = memory(kept);
      return { ...m, set: (k, v) => (mayDie(), m.set(k, v), mayDie()), remove: (k) => (mayDie(), m.remove(k), mayDie()) };
    };
    const flaky = () => {
      mayDie();
      if (random() < 0.25) throw new Unreachable(); // the request, or its answer, is lost
      if (random() < 0.05) throw new Refused(problem("unavailable", "unavailable"));
    };
    // What they did without a network: on 12 cases, some several times upon one view, and tickets with photos.
    const wanted: string[] = [];
    const photos = new Map<string, string>(); // key → file, while it is on the phone
    const photosOf = (i: number): Photo[] => Array.from({ length: Math.floor(random() * 3) }, (_, n) => {
      photos.set(`photo-${i}-${n}`, `${i}-${n}.jpg`);
      return { file: `${i}-${n}.jpg`, size: 10, key: `photo-${i}-${n}` };
    });
    const onPhone = new Set<string>();
    const client = new Client({
      newKey: () => never("an upload without its own key"), wait: async () => undefined, random,
      transport: async (s) => {
        flaky();
        const body = world.desk(s);
        flaky();
        return { status: 200, header: {}, body };
      },
    });
    const files = { read: async (file: string, _: number, length: number) => (onPhone.has(file) ? new ArrayBuffer(length) : never(`${file} is gone from the phone`)) };
    const away = phone(storage(), world, { before: () => { throw new Unreachable(); } });
    for (let i = 0; i < 50; i++) {
      const text = `第${i}件`;
      wanted.push(text);
      if (random() < 0.3)
        await away.give({ person: "p", operation: "create_ticket", path: {}, body: { source: "grid", title: text } as never, title: text, photosAs: "attachments", photos: photosOf(i) });
      else await away.give({ ...progress(`c${Math.floor(random() * 12)}`, 1, text), photosAs: "attachments", photos: photosOf(i) });
    }
    for (const file of photos.values()) onPhone.add(file);
    for (let run = 0; run < 4000; run++) {
      armed = true;
      let q: Queue;
      try {
        q = phone(storage(), world, { before: flaky, after: flaky, upload: (p) => upload(client, files, p), forget: (file) => void onPhone.delete(file) });
        await q.run();
        for (const a of q.list()) // the person looks at what came back and gives it again, on the case as it is
          if (a.state !== "waiting") await q.again(a.id, world.cases.get((a.path as { id: string }).id)?.version);
      } catch (e) {
        if (!(e instanceof Killed)) throw e;
        continue;
      }
      if (!q.list().length && kills >= 20) break;
      if (!q.list().length && kills < 20) break;
    }
    const did = [...world.tickets, ...[...world.cases.values()].flatMap((c) => c.did)];
    assert.deepEqual(did.sort(), wanted.sort(), `seed ${seed}: done exactly once`);
    assert.deepEqual(world.used.slice().sort(), [...photos.keys()].map((key) => world.uploads.get(key)).sort(), `seed ${seed}: each photo once`);
    assert.deepEqual([...onPhone], [], `seed ${seed}: no photo left on the phone`);
    assert.deepEqual([...kept.keys()].filter((k) => k.startsWith("queue/")), [], `seed ${seed}: nothing left`);
    assert.ok(kills >= 20, `seed ${seed}: killed ${kills} times`);
  }
});
