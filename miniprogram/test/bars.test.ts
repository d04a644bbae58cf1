import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { plan, tokens, type Bars } from "../src/figures/bars";

declare const process: { env: { MINIPROGRAM: string } };

const bars = (values: number[]): Bars => ({
  rows: values.map((_, i) => `${i + 1}月`), short: values.map((_, i) => `${i + 1}月`), words: values.map((v) => `入库 ${v}`),
  series: [{ name: "入库", mark: "outlined", values }, { name: "按时", mark: "filled", values }, { name: "没有按时", mark: "dashed", values: values.map(() => 1), onto: true }],
});
interface Column { stack?: string; data: unknown[]; label: { show: boolean; formatter(p: { dataIndex: number }): string } }
const seriesOf = (b: Bars, width: number, elder: boolean) => plan(b, width, elder).option.series as Column[];

test("bars are painted in the colours of the look", () => {
  const sheet = readFileSync(`${process.env.MINIPROGRAM}/src/styles/tokens.wxss`, "utf8");
  for (const [name, colour] of Object.entries(tokens)) assert.match(sheet, new RegExp(`--${name}: ${colour};`));
});

test("a part stands on its bar, and the whole is written at the top", () => {
  const [entered, kept, late] = seriesOf(bars([3, 4]), 300, false);
  assert.equal(kept.stack, late.stack);
  assert.notEqual(kept.stack, entered.stack);
  assert.deepEqual([entered, kept, late].map((s) => s.label.show), [true, false, true]);
  assert.equal(late.label.formatter({ dataIndex: 1 }), "5");
});

test("numbers that do not fit over the bars are read off at the side", () => {
  const axis = (values: number[]) => plan(bars(values), 264, false).option.yAxis as { show: boolean };
  assert.equal(axis([1, 2, 3, 4, 5, 16]).show, false);
  assert.equal(axis([1, 2, 3, 4, 5, 1600]).show, true);
  assert.equal(seriesOf(bars([1, 2, 3, 4, 5, 1600]), 264, false)[0].label.formatter({ dataIndex: 5 }), "");
});

test("in 长辈版 periods lie beneath each other, the newest first, without those of nothing; words that are too long take a line more", () => {
  const b = bars([3, 0, 4]);
  b.series[2].values = [1, 0, 1];
  const [words, entered] = seriesOf(b, 300, true);
  assert.deepEqual(entered.data, [4, 3]);
  assert.equal(words.label.formatter({ dataIndex: 0 }), "{row|3月}  {words|入库 4}");
  const low = plan(b, 300, true).height;
  b.rows[0] = "一个名字很长很长很长很长的月份";
  assert.equal(seriesOf(b, 300, true)[0].label.formatter({ dataIndex: 1 }), "{row|一个名字很长很长很长很长的月份}\n{words|入库 3}");
  assert.ok(plan(b, 300, true).height > low);
  assert.equal(seriesOf(b, 190, true)[0].label.formatter({ dataIndex: 1 }), "{row|一个名字很长很长很…}\n{words|入库 3}");
});
