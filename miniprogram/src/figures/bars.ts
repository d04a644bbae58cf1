// How bars are drawn: beside each other where rows are periods and the text is small, else beneath each other with each row's words above
// its bars. What is what can be told without colours: outlined, filled, dashed.

import type { EChartsCoreOption } from "echarts";

export type Mark = "outlined" | "filled" | "dashed";

/** Series is one number of every row. One that stands on the one before is a part of the same bar. */
export interface Series { name: string; mark: Mark; values: number[]; onto?: boolean }

/** Bars are rows of numbers; words says a row's numbers. Periods have short names too, of one or two lines, and the oldest comes first. */
export interface Bars { rows: string[]; words: string[]; series: Series[]; short?: string[] }

/** The tokens that bars are painted with: a canvas cannot read styles/tokens.wxss. */
export const tokens = { ink: "#15202B", "ink-2": "#4A5560", card: "#FFFFFF", line: "#E3E7EC", edge: "#8A95A3", brand: "#1A4F9C", green: "#0B7A3B", red: "#B3261E", "red-tint": "#FDE9E7" };

const fontFamily = '-apple-system, "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif';
const styles: Record<Mark, object> = {
  outlined: { color: tokens.card, borderColor: tokens.brand, borderWidth: 2 },
  filled: { color: tokens.green, borderColor: tokens.green, borderWidth: 2 },
  dashed: { color: tokens["red-tint"], borderColor: tokens.red, borderWidth: 2, borderType: "dashed" },
};

/** widthOf is how wide a text is at most. */
const widthOf = (text: string, size: number): number => Array.from(text).reduce((w, c) => w + size * (c > "\u2e80" || c === "…" ? 1 : 0.58), 0);

/** cut is as much of a text as one line takes. */
function cut(text: string, size: number, width: number): string {
  let kept = Array.from(text);
  while (kept.length && widthOf(kept.join("") + "…", size) > width) kept = kept.slice(0, -1);
  return widthOf(text, size) > width ? kept.join("") + "…" : text;
}

/** plan is how high a picture of this width is, and what ECharts paints in it. */
export function plan(bars: Bars, width: number, elder: boolean): { height: number; option: EChartsCoreOption } {
  const size = elder ? 18 : 13;
  const { height, ...option } = bars.short && !elder ? standing(bars, bars.short, width, size) : lying(bars, width, size);
  return { height, option: { animation: false, textStyle: { fontFamily, fontSize: size }, ...option } };
}

/** columns are the series as ECharts has them; a bar of nothing has no edge. */
function columns(bars: Bars, barWidth: number, whole: (column: number, row: number) => string) {
  let column = -1;
  return bars.series.map((s, i) => {
    if (!s.onto) column++;
    const of = column;
    const top = !bars.series[i + 1]?.onto;
    return {
      type: "bar", name: s.name, stack: `column ${of}`, barWidth, barGap: "15%", itemStyle: styles[s.mark], silent: true,
      data: s.values.map((value) => (value ? value : { value, itemStyle: { borderWidth: 0 } })),
      label: { show: top, position: "top", distance: 3, color: tokens.ink, fontWeight: 600, formatter: (p: { dataIndex: number }) => whole(of, p.dataIndex) },
    };
  });
}

/** hasAny says whether a row has anything. */
export const hasAny = (bars: Bars, row: number): boolean => bars.series.some((s) => s.values[row] > 0);

/** totals are the numbers at the tops of the bars: by column, then by row. */
function totals(bars: Bars): number[][] {
  const all: number[][] = [];
  for (const s of bars.series)
    if (s.onto) s.values.forEach((v, i) => (all[all.length - 1][i] += v));
    else all.push([...s.values]);
  return all;
}

function standing(bars: Bars, short: string[], width: number, size: number) {
  const all = totals(bars);
  const band = width / bars.rows.length;
  const thick = Math.min(26, band / (all.length + 0.8));
  const fit = Math.max(...all.flat().map((n) => widthOf(String(n), size))) + 1 <= thick * 1.15;
  return {
    height: 170,
    grid: { left: 0, right: 0, top: 24, bottom: 2, containLabel: true },
    xAxis: { type: "category", data: short, axisTick: { show: false }, axisLine: { lineStyle: { color: tokens.edge } }, axisLabel: { interval: 0, fontSize: size, lineHeight: size * 1.35, color: tokens["ink-2"] } },
    yAxis: { type: "value", show: !fit, minInterval: 1, splitNumber: 3, splitLine: { lineStyle: { color: tokens.line } }, axisLabel: { show: !fit, fontSize: size, color: tokens["ink-2"] } }, // numbers that do not fit over the bars are read off at the side
    series: columns(bars, thick, (c, r) => (fit && hasAny(bars, r) ? String(all[c][r]) : "")),
  };
}

function lying(bars: Bars, width: number, size: number) {
  const order = bars.rows.map((_, i) => i).filter((i) => hasAny(bars, i));
  if (bars.short) order.reverse(); // the newest first, as in the list below
  const thick = size;
  const apart = order.some((i) => widthOf(`${bars.rows[i]}  ${bars.words[i]}`, size) > width);
  const tall = Math.round(size * 1.45) * (apart ? 2 : 1);
  const turned = { ...bars, series: bars.series.map((s) => ({ ...s, values: order.map((i) => s.values[i]) })) };
  // The words lie in a bar of their own, of no length.
  const words = {
    type: "bar", silent: true, barWidth: tall, data: order.map(() => 0),
    label: {
      show: true, position: "right", distance: 0, formatter: (p: { dataIndex: number }) => `{row|${cut(bars.rows[order[p.dataIndex]], size, width)}}${apart ? "\n" : "  "}{words|${bars.words[order[p.dataIndex]]}}`,
      rich: { row: { fontSize: size, lineHeight: Math.round(size * 1.45), fontWeight: 600, color: tokens.ink }, words: { fontSize: size, lineHeight: Math.round(size * 1.45), color: tokens["ink-2"] } },
    },
  };
  return {
    height: order.length * (Math.round(tall * 1.15) + totals(bars).length * Math.round(thick * 1.15) + size),
    grid: { left: 0, right: 0, top: 0, bottom: 0 },
    xAxis: { type: "value", show: false, max: "dataMax" },
    yAxis: { type: "category", inverse: true, data: order.map((i) => bars.rows[i]), axisTick: { show: false }, axisLabel: { show: false }, axisLine: { show: false } },
    series: [words, ...columns(turned, thick, () => "")],
  };
}
