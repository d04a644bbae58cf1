import assert from "node:assert/strict";
import { test } from "node:test";
import { Events, Live, times, type Connection, type LiveEvent } from "../src/lib/live";

const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const event = (e: object, id = "") => `${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(e)}\n\n`;

test("events are read however the network cuts them, in the middle of a character too", () => {
  const text = ":\n\n" + event({ kind: "ready" }) + event({ kind: "case", case_id: "c", number: "难事〔2026〕0137号", version: 7 }, "12-0") + "data: no json\n\n" + 'data: {"kind":\ndata: "inbox"}\r\n\r\n';
  const whole = new Uint8Array(bytes(text));
  const want = [
    { id: "", event: { kind: "ready" } },
    { id: "12-0", event: { kind: "case", case_id: "c", number: "难事〔2026〕0137号", version: 7 } },
    { id: "", event: { kind: "inbox" } },
  ];
  for (let size = 1; size <= whole.length; size++) {
    const events = new Events();
    const got = [];
    for (let at = 0; at < whole.length; at += size) got.push(...events.push(whole.slice(at, at + size).buffer));
    assert.deepEqual(got, want, `in pieces of ${size}`);
  }
});

/** stage is a stream with a clock of its own. */
function stage(renew: () => Promise<void> = async () => undefined) {
  let no = 0;
  let at = 0;
  const timers = new Map<number, { run: () => void; at: number }>();
  const opened: { after: string; c: Connection; closed: boolean }[] = [];
  const live = new Live({
    open: async (after, c) => {
      const one = { after, c, closed: false };
      opened.push(one);
      return () => void (one.closed = true);
    },
    renew, random: () => 0.5,
    later: (run, ms) => (timers.set(++no, { run, at: at + ms }), no),
    forget: (t) => void timers.delete(t),
  });
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const pass = async (ms: number) => {
    const until = at + ms;
    for (;;) {
      const next = [...timers].filter(([, t]) => t.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
      if (!next) break;
      timers.delete(next[0]);
      at = next[1].at;
      next[1].run();
      await settle();
    }
    at = until;
    await settle();
  };
  const heard: LiveEvent[] = [];
  live.on((e) => heard.push(e));
  return { live, opened, heard, pass, settle, now: () => at };
}

test("what breaks off is tried anew, each time later, behind the last event; ready begins anew", async () => {
  const s = stage();
  s.live.start();
  s.live.start();
  await s.settle();
  assert.equal(s.opened.length, 1);
  s.opened[0].c.chunk(bytes(event({ kind: "ready" }) + event({ kind: "case", case_id: "c", version: 3 }, "5-1")));
  await s.pass(times.settle);
  assert.deepEqual(s.heard, [{ kind: "case", case_id: "c", version: 3 }]);
  const waits: number[] = [];
  for (let n = 1; n <= 9; n++) {
    s.opened[n - 1].c.ended(n % 2 ? undefined : 502);
    const from = s.now();
    while (s.opened.length === n) await s.pass(100);
    waits.push(s.now() - from);
    assert.equal(s.opened[n].after, "5-1");
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
  s.opened[9].c.chunk(bytes(event({ kind: "ready" })));
  s.opened[9].c.ended();
  await s.pass(times.first);
  assert.equal(s.opened.length, 11);
});

test("a connection that is silent is over; one that was stopped stays closed; a new start begins with now", async () => {
  const s = stage();
  s.live.start();
  await s.settle();
  s.opened[0].c.chunk(bytes(event({ kind: "ready" }, "9-9")));
  await s.pass(times.silence - 1);
  s.opened[0].c.chunk(bytes(":\n\n"));
  await s.pass(times.silence - 1);
  assert.equal(s.opened.length, 1);
  await s.pass(1 + times.first);
  assert.ok(s.opened[0].closed);
  assert.equal(s.opened.length, 2);
  s.live.stop();
  assert.ok(s.opened[1].closed);
  s.opened[1].c.ended();
  s.opened[1].c.chunk(bytes(event({ kind: "inbox" })));
  await s.pass(10 * times.longest);
  assert.equal(s.opened.length, 2);
  assert.deepEqual(s.heard, []);
  s.live.start();
  await s.settle();
  assert.equal(s.opened[2].after, "");
});

test("a token that has run out is renewed once, at once; too many streams wait as long as the server asks", async () => {
  let renewed = 0;
  const s = stage(async () => void renewed++);
  s.live.start();
  await s.settle();
  s.opened[0].c.ended(401);
  await s.settle();
  assert.equal(s.opened.length, 2);
  s.opened[1].c.ended(401);
  await s.settle();
  assert.equal(s.opened.length, 2); // not in a circle
  await s.pass(2 * times.first);
  assert.equal(s.opened.length, 3);
  s.opened[2].c.ended(429);
  await s.pass(times.tooMany - 1);
  assert.equal(s.opened.length, 3);
  await s.pass(1);
  assert.equal(s.opened.length, 4);
  assert.equal(renewed, 2);
});

test("one's own change is no news; where the stream is incomplete pages are told regularly; the end of the session ends it", async () => {
  const s = stage();
  s.live.start();
  await s.settle();
  s.opened[0].c.chunk(bytes(event({ kind: "case", case_id: "c", version: 4 })));
  s.live.know("c", 4); // the answer comes after the event
  await s.pass(times.settle);
  assert.deepEqual(s.heard, []);
  s.opened[0].c.chunk(bytes(event({ kind: "poll" })));
  await s.pass(times.silence - 1);
  s.opened[0].c.chunk(bytes(":\n\n"));
  await s.pass(times.poll - times.silence + 1);
  assert.deepEqual(s.heard, [{ kind: "resync" }]);
  s.opened[0].c.chunk(bytes(event({ kind: "end" })));
  await s.pass(times.tooMany);
  assert.equal(s.opened.length, 1);
});

test("a phone that has no streams asks once", async () => {
  let asked = 0;
  const timers: number[] = [];
  const live = new Live({ open: async () => void asked++, renew: async () => undefined, later: () => timers.push(1), forget: () => void timers.pop(), random: () => 0 } as never);
  live.start();
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assert.equal(asked, 1);
  assert.deepEqual(timers, []);
});
