import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelineItem } from "../src/api/contract";
import { folded, lineOf } from "../src/lib/timeline";

const now = new Date("2026-12-17T04:00:00Z");
let seq = 0;
const line = (kind: string, text: string, routine = false) => lineOf({ seq: ++seq, kind, at: `2026-12-${String(seq).padStart(2, "0")}T01:00:00Z`, text, who: routine ? "系统" : "张三（承办人）", routine } as unknown as TimelineItem, now);

test("reminders beside each other are one line with how many and the newest; all are in it, and what else happened stands between and by itself", () => {
  seq = 0;
  const all = [
    line("warned", "期限临近提醒", true), line("chased", "催促：待接单", true), line("chased", "催促：超期未办结", true), line("chased", "催促：待接单", true), line("progress", "记录进展"), line("progress", "记录进展"),
    line("escalated", "自动升级"), line("escalated", "自动升级"), line("chased", "催促：待接单", true), line("remind", "催办"), line("chased", "催促：待接单", true), line("chased", "催促：待接单", true),
  ].reverse();
  const got = folded(all, now);
  assert.deepEqual(got.map((f) => f.text), ["催促：待接单，共 2 次", "催办", "催促：待接单", "自动升级", "自动升级", "记录进展", "记录进展", "催促：待接单、超期未办结；期限临近提醒，共 4 次"]);
  assert.deepEqual(got.flatMap((f) => (f.each.length ? f.each : [f])).map((l) => l.seq), all.map((l) => l.seq), "nothing is lost");
  assert.deepEqual([got[0].meta, got[0].seq, got[7].seq], ["最近 12月12日 09:00  系统", 11, 1], "known by its oldest, which stays when more come");
  assert.deepEqual(got.map((f) => f.latest).indexOf(true), 1, "the latest is no reminder");
  assert.deepEqual(folded([], now), []);
});
