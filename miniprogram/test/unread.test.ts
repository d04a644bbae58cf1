import assert from "node:assert/strict";
import { test } from "node:test";
import { Unread } from "../src/lib/unread";

test("every bar shows the same number, and an older answer does not undo a newer", async () => {
  const answers: ((n: number | undefined) => void)[] = [];
  const unread = new Unread<{ unread: number }>(() => new Promise((done) => answers.push((n) => done(n === undefined ? undefined : { unread: n }))));
  const bars = ["", "", ""];
  bars.forEach((_, i) => unread.on(() => (bars[i] = unread.words)));
  const first = unread.count();
  answers[0](70);
  await first;
  assert.deepEqual(bars, ["70", "70", "70"]);
  const late = unread.count();
  unread.set(69); // one was read meanwhile
  answers[1](70);
  await late;
  assert.deepEqual(bars, ["69", "69", "69"]);
  unread.set(100);
  assert.equal(unread.words, "99+");
  unread.set(99);
  assert.equal(unread.words, "99");
  const failed = unread.count();
  answers[2](undefined);
  await failed;
  assert.equal(unread.words, "99", "what cannot be asked stays");
  unread.set(0);
  assert.deepEqual(bars, ["", "", ""]);
});
