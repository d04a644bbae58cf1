import assert from "node:assert/strict";
import { test } from "node:test";
import type { Allowed } from "../src/api/contract";
import { Unreachable } from "../src/api/problem";
import { buttonsOf } from "../src/lib/buttons";
import { Pager, type Shown } from "../src/lib/pager";
import { plainCardOfCase, toneOf } from "../src/lib/view";

/** reader gives pages of two out of five; while away it gives none. */
function reader() {
  const all = [1, 2, 3, 4, 5];
  const asked: (string | undefined)[] = [];
  const r = {
    asked, away: false, shown: [] as Shown<number>[],
    read: async (next?: string) => {
      asked.push(next);
      await Promise.resolve();
      if (r.away) throw new Unreachable();
      const from = Number(next ?? 0);
      return { items: all.slice(from, from + 2), next: from + 2 < all.length ? String(from + 2) : undefined };
    },
    last: () => r.shown[r.shown.length - 1],
  };
  return r;
}

test("a list is read page by page to its end, one page at a time", async () => {
  const r = reader();
  const p = new Pager(r.read, (s) => r.shown.push(s));
  await p.first();
  await Promise.all([p.more(), p.more(), p.more()]); // a finger that scrolls fast
  await p.more();
  await p.more();
  assert.deepEqual(r.asked, [undefined, "2", "4"]);
  assert.deepEqual(r.last(), { items: [1, 2, 3, 4, 5], state: "end", message: "" });
});

test("without a network what has been read stays, and the page behind can be asked for again", async () => {
  const r = reader();
  const p = new Pager(r.read, (s) => r.shown.push(s));
  await p.first();
  r.away = true;
  await p.more();
  assert.deepEqual([r.last().items, r.last().state], [[1, 2], "moreFailed"]);
  r.away = false;
  await p.more();
  assert.deepEqual(r.last().items, [1, 2, 3, 4]);
});

test("asked again, a list reads what it could not: its first page, or the one behind what is there", async () => {
  const r = reader();
  r.away = true;
  const p = new Pager(r.read, (s) => r.shown.push(s));
  await p.first();
  r.away = false;
  await p.again();
  await p.again();
  assert.deepEqual(r.asked, [undefined, undefined, "2"]);
});

test("a first page that cannot be read says so; an empty list is empty", async () => {
  const r = reader();
  r.away = true;
  const p = new Pager(r.read, (s) => r.shown.push(s));
  await p.first();
  assert.equal(r.last().state, "failed");
  assert.match(r.last().message, /网络/);
  const none = new Pager<number>(async () => ({ items: [] }), (s) => r.shown.push(s));
  await none.first();
  assert.equal(r.last().state, "empty");
});

test("an answer that comes after a newer question is not shown", async () => {
  const answers: ((p: { items: number[] }) => void)[] = [];
  const shown: Shown<number>[] = [];
  const p = new Pager<number>(() => new Promise((a) => answers.push(a)), (s) => shown.push(s));
  const [old, fresh] = [p.first(), p.first()];
  answers[1]({ items: [2] });
  await fresh;
  answers[0]({ items: [1] });
  await old;
  assert.deepEqual(shown[shown.length - 1].items, [2]);
});

const allow = (...names: Allowed["name"][]): Allowed[] => names.map((name) => ({ name, label: name, as: { role: "handler" } }));

test("one button comes first, one beside it, the rest behind; those without a form here stay away", () => {
  const b = buttonsOf(allow("assign", "return", "settle_content", "accept", "progress"), new Set());
  assert.deepEqual([b.primary?.name, b.second?.name, b.more.map((x) => x.name)], ["accept", "return", ["assign", "progress"]]);
  assert.deepEqual(buttonsOf(allow("settle_content", "update_ticket"), new Set()), { primary: null, second: null, more: [] });
});

test("calling comes before submitting until somebody has called", () => {
  assert.equal(buttonsOf(allow("submit", "contact"), new Set()).primary?.name, "contact");
  assert.equal(buttonsOf(allow("submit", "contact"), new Set(["contact"] as const)).primary?.name, "submit");
});

test("each task has its own button", () => {
  const b = buttonsOf([{ name: "finish_task", label: "完成任务", as: { role: "handler" }, targets: ["T1", "T2"] }], new Set());
  assert.deepEqual([b.primary?.target, b.more.map((x) => x.target)], ["T1", ["T2"]]);
});

const clock = { due_at: "2026-12-02T09:00:00Z", provisional: false, overdue: false, near: false, working_days: 3, working_minutes: 1440, text: "" };
const matter = (more: object) => ({ status: "handling", stages: [{ due_at: "2026-12-02T09:00:00Z" }], clock, ...more }) as never;

test("a clock is late when the server says so, and near on its last day", () => {
  assert.deepEqual([toneOf(clock), toneOf({ ...clock, near: true }), toneOf({ ...clock, overdue: true }), toneOf(undefined)], ["", "near", "late", ""]);
});

test("a resident's card says that a promise was broken, and asks to rate, as the server has judged it", () => {
  const late = { text: "原承诺 12月2日 17:00 前办结，没有做到。", late: true };
  assert.deepEqual([plainCardOfCase(matter({ promise: late })).why, plainCardOfCase(matter({ promise: late })).tone, plainCardOfCase(matter({ promise: { text: "承诺" } })).why], [late.text, "late", undefined]);
  assert.match(plainCardOfCase(matter({ status: "resolved", rateable: true })).badge, /已办结 · 请您评价/);
});
