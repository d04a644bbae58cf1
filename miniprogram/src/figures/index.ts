// What happened in somebody's scope, month by month or week by week, and by department and topic: pictures, and the same as lists. The
// numbers are the server's.

import type { DepartmentFigures, FigureMeaning, PeriodFigures, TopicFigures } from "../api/contract";
import { messageOf } from "../api/problem";
import { look } from "../look";
import type { ListState } from "../lib/pager";
import { client, signedIn } from "../services";
import { texts } from "../texts";
import { hasAny, type Bars, type Series } from "./bars";

interface Cell { words: string; value: string; late: boolean; wide?: boolean }
interface Row { title: string; cells: Cell[] }
/** Picture is a chart with its title, and what it says to whom does not see it. */
interface Picture { title: string; label: string; bars: Bars }

const t = texts.figures;
const cell = (words: string, n: number, late = false): Cell => ({ words, value: String(n), late: late && n > 0 });
/** rate is a percentage with what it is of: none of nothing. */
const rate = (words: string, percent: number | undefined, of: string): Cell => ({ words, value: percent === undefined ? t.none : t.percent(percent, of), late: false, wide: true });
const accepted = (d: DepartmentFigures): string => t.times(d.accepted, d.accepted + d.unaccepted);
const resolved = (d: DepartmentFigures): string => t.cases(d.kept, d.kept + d.missed);

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

/** picture leaves out what nothing is of in any row, and is nothing where that leaves nothing to draw. */
function picture(title: string, bars: Bars): Picture | null {
  const series = bars.series.filter((s, i) => [s, ...(bars.series[i + 1]?.onto ? [bars.series[i + 1]] : [])].some((x) => x.values.some((n) => n > 0)));
  const told = bars.rows.map((r, i) => `${r} ${bars.words[i]}`).filter((_, i) => hasAny(bars, i));
  return series.length ? { title, label: t.picture(title, told), bars: { ...bars, series } } : null;
}

const entered = (of: { entered: number }[]): Series => ({ name: t.entered, mark: "outlined", values: of.map((x) => x.entered) });

function trend(of: PeriodFigures[]): Picture | null {
  const any = of.some((x) => x.entered);
  return picture(t.trend, {
    rows: of.map((p) => (p.running ? t.running(p.label) : p.label)), short: of.map((p) => t.short(p.label)), words: of.map((p) => t.came(any ? p.entered : undefined, p.resolved, p.on_time)),
    series: [entered(of), { name: t.kept, mark: "filled", values: of.map((p) => p.on_time) }, { name: t.late, mark: "dashed", values: of.map((p) => p.resolved - p.on_time), onto: true }],
  });
}

/** most is how many departments and topics a picture has; the list has all. */
const most = 6;

function byDepartment(all: DepartmentFigures[]): Picture | null {
  const had = all.filter((d) => d.given);
  const of = had.slice(0, most);
  return picture(had.length > most ? t.mostGiven : t.givenEach, { rows: of.map((d) => d.department.name), words: of.map((d) => t.had(d.given, d.on_time_rate === undefined ? "" : resolved(d))), series: [{ name: t.given, mark: "outlined", values: of.map((d) => d.given) }] });
}

function byTopic(all: TopicFigures[]): Picture | null {
  const had = all.filter((x) => x.entered || x.resolved);
  const of = had.slice(0, most);
  const any = of.some((x) => x.entered);
  return picture(had.length > most ? t.mostEntered : t.trend, { rows: of.map((x) => x.topic), words: of.map((x) => t.came(any ? x.entered : undefined, x.resolved)), series: [entered(of), { name: t.resolved, mark: "filled", values: of.map((x) => x.resolved) }] });
}

Page({
  behaviors: [look],
  data: { t, state: "loading" as ListState, message: "", by: "month" as "month" | "week", own: true, both: false, scope: "", periods: [] as Row[], departments: [] as Row[], topics: [] as Row[], trend: null as Picture | null, byDepartment: null as Picture | null, byTopic: null as Picture | null, meanings: [] as FigureMeaning[], departmentMeanings: [] as FigureMeaning[], how: "" as "" | "periods" | "departments" },

  onShow() {
    if (signedIn()) void this.load();
  },
  async load() {
    const { by, own } = this.data;
    try {
      const f = await client.call("get_figures", { query: { by, own, count: 6 } });
      if (by !== this.data.by || own !== this.data.own) return; // answered after another was asked for
      this.setData({
        state: "ready", message: "", both: f.both, scope: f.scope, meanings: f.meanings, departmentMeanings: f.department_meanings, trend: trend(f.periods), byDepartment: byDepartment(f.departments), byTopic: byTopic(f.topics),
        periods: told(f.periods.slice().reverse().map((p) => ({
          title: p.running ? t.running(p.label) : p.label,
          cells: [cell(t.entered, p.entered), cell(t.given, p.given), cell(t.resolved, p.resolved), cell(t.onTime, p.on_time), cell(t.escalated, p.escalated), cell(t.overdue, p.overdue, true), cell(t.dissatisfied, p.dissatisfied)],
        }))),
        departments: f.departments.map((d) => ({ title: d.department.name, cells: [cell(t.given, d.given), cell(t.returned, d.returned), rate(t.acceptRate, d.accept_rate, accepted(d)), rate(t.onTimeRate, d.on_time_rate, resolved(d))] })),
        topics: told(f.topics.map((x) => ({ title: x.topic, cells: [cell(t.entered, x.entered), cell(t.resolved, x.resolved), cell(t.escalated, x.escalated), cell(t.dissatisfied, x.dissatisfied)] }))),
      });
    } catch (e) {
      this.setData({ state: "failed", message: messageOf(e) });
    }
  },
  explain(e: WechatMiniprogram.TouchEvent<object, object, { of: "periods" | "departments" }>) {
    const { of } = e.currentTarget.dataset;
    this.setData({ how: this.data.how === of ? "" : of });
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
