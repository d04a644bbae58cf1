// What happened in somebody's scope, month by month or week by week, and by department and topic. The numbers are the server's.

import { messageOf } from "../../api/problem";
import { look } from "../../look";
import type { ListState } from "../../lib/pager";
import { client, signedIn } from "../../services";
import { texts } from "../../texts";

interface Cell { words: string; value: string; late: boolean }
interface Row { title: string; cells: Cell[] }

const t = texts.figures;
const cell = (words: string, n: number, late = false): Cell => ({ words, value: String(n), late: late && n > 0 });
const rate = (words: string, n?: number): Cell => ({ words, value: n === undefined ? t.none : `${n}%`, late: false });

/** told leaves out what nothing is of in any row: a department's cases have entered the library before they come to it. Rows of nothing
 * that follow each other are one line. */
function told(rows: Row[]): Row[] {
  const some = new Set(rows.flatMap((r) => r.cells.filter((c) => c.value !== "0").map((c) => c.words)));
  const out: (Row & { nothing: string[] })[] = [];
  for (const r of rows) {
    const before = out[out.length - 1];
    if (r.cells.some((c) => c.value !== "0")) out.push({ ...r, cells: r.cells.filter((c) => some.has(c.words)), nothing: [] });
    else if (before?.nothing.length) before.nothing.push(r.title);
    else out.push({ title: "", cells: [], nothing: [r.title] });
  }
  return out.map(({ title, cells, nothing }) => ({ title: nothing.length ? t.nothing(nothing) : title, cells }));
}

Page({
  behaviors: [look],
  data: { t, state: "loading" as ListState, message: "", by: "month" as "month" | "week", own: true, both: false, scope: "", periods: [] as Row[], departments: [] as Row[], topics: [] as Row[] },

  onShow() {
    if (signedIn()) void this.load();
  },
  async load() {
    const { by, own } = this.data;
    try {
      const f = await client.call("get_figures", { query: { by, own, count: 6 } });
      if (by !== this.data.by || own !== this.data.own) return; // answered after another was asked for
      this.setData({
        state: "ready", message: "", both: f.both, scope: f.scope,
        periods: told(f.periods.slice().reverse().map((p) => ({
          title: p.running ? t.running(p.label) : p.label,
          cells: [cell(t.entered, p.entered), cell(t.given, p.given), cell(t.resolved, p.resolved), cell(t.onTime, p.on_time), cell(t.escalated, p.escalated), cell(t.overdue, p.overdue, true), cell(t.dissatisfied, p.dissatisfied)],
        }))),
        departments: f.departments.map((d) => ({ title: d.department.name, cells: [cell(t.given, d.given), rate(t.acceptRate, d.accept_rate), rate(t.onTimeRate, d.on_time_rate), cell(t.returned, d.returned)] })),
        topics: told(f.topics.map((x) => ({ title: x.topic, cells: [cell(t.entered, x.entered), cell(t.resolved, x.resolved), cell(t.escalated, x.escalated), cell(t.dissatisfied, x.dissatisfied)] }))),
      });
    } catch (e) {
      this.setData({ state: "failed", message: messageOf(e) });
    }
  },
  ask(e: WechatMiniprogram.TouchEvent<object, object, { by: "month" | "week"; own: boolean }>) {
    const { by, own } = e.currentTarget.dataset;
    if (by === this.data.by && own === this.data.own) return;
    this.setData({ by, own, state: "loading" });
    void this.load();
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
