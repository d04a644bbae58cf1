import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts } from "../src/lib/draft";
import { Downgraded, migrations, open, type Migration } from "../src/lib/store";
import { dayOf, momentOf } from "../src/lib/when";
import { memory } from "./memory";

test("an old layout is brought up to date, step by step, even when the program is killed between steps", () => {
  const kept = new Map<string, string>();
  const done: number[] = [];
  let killed = false;
  const steps: Migration[] = [
    () => void done.push(1),
    (s) => {
      s.set("queue/a", { now: 2 });
      if (!killed) {
        killed = true;
        throw new Error("killed");
      }
      done.push(2);
    },
  ];
  assert.throws(() => open(memory(kept), steps));
  const store = open(memory(kept), steps);
  assert.deepEqual(done, [1, 2]);
  assert.deepEqual(store.get("queue/a"), { now: 2 });
});

test("a layout of a newer program is not touched", () => {
  const s = memory();
  s.set("layout", migrations.length + 1);
  s.set("queue/x", "theirs");
  assert.throws(() => open(s), Downgraded);
  assert.equal(s.get("queue/x"), "theirs");
});

test("a draft is its person's and its form's, and an empty one is none", () => {
  const d = new Drafts(open(memory()), () => new Date(0));
  d.keep("p", "report", { title: "电梯", photos: [] }, []);
  assert.equal(d.get("p", "report")?.values.title, "电梯");
  assert.equal(d.get("q", "report"), undefined);
  d.keep("p", "report", { title: "", photos: [] }, []);
  assert.equal(d.get("p", "report"), undefined);
});

test("instants are shown in Shanghai's time, with the year only when it is another", () => {
  const now = new Date("2026-12-31T16:30:00Z"); // already 2027 there
  assert.equal(momentOf("2026-11-25T09:00:00Z", now), "2026年11月25日 17:00");
  assert.equal(dayOf("2027-01-04T16:00:00Z", now), "1月5日");
});
