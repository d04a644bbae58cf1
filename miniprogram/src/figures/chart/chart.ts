// A picture of bars. It is painted anew when the numbers, the width or 长辈版 change, and given back when it goes. It hears no taps: the
// list below says the same, and so does its label.

import { init, setPlatformAPI, type EChartsType } from "echarts";
import { plan, type Bars } from "../bars";

/** Held is what a chart keeps beside its data: turn counts what was asked, so that an older question paints nothing. */
interface Held { chart?: EChartsType; turn?: number }
const held = (c: object) => c as Held;

/** Writer is what measures text; ECharts declares more of its answer than it reads. */
interface Writer { font: string; measureText(text: string): never }

/** paper is WeChat's canvas as ECharts takes one. */
const paper = (canvas: WechatMiniprogram.Canvas) => ({
  getContext: () => canvas.getContext("2d"),
  get width() { return canvas.width; },
  set width(w: number) { canvas.width = w; },
  get height() { return canvas.height; },
  set height(h: number) { canvas.height = h; },
  addEventListener() {},
  removeEventListener() {},
});

/** open makes a canvas ready. There is no document in which ECharts could make one to measure text with. */
function open(canvas: WechatMiniprogram.Canvas, size: { width: number; height: number }): EChartsType {
  const context = canvas.getContext("2d") as unknown as Writer;
  setPlatformAPI({
    measureText(text: string, font?: string) {
      if (font) context.font = font;
      return context.measureText(text);
    },
  });
  return init(paper(canvas) as never, null, { ...size, devicePixelRatio: wx.getWindowInfo().pixelRatio });
}

Component({
  options: { addGlobalClass: true },
  properties: { bars: { type: Object, value: {} as object }, label: String, elder: Boolean },
  data: { height: 0 },
  lifetimes: {
    ready() {
      held(this).turn = 0;
      this.draw();
    },
    detached() {
      held(this).turn = undefined;
      held(this).chart?.dispose();
    },
  },
  pageLifetimes: {
    resize() {
      this.draw();
    },
  },
  observers: {
    "bars, elder"() {
      this.draw();
    },
  },
  methods: {
    draw() {
      const me = held(this);
      if (me.turn === undefined) return; // not there yet, or gone
      const turn = ++me.turn;
      this.createSelectorQuery().select(".paper").boundingClientRect((box) => {
        if (!box?.width || turn !== me.turn) return;
        const { height, option } = plan(this.data.bars as Bars, box.width, this.data.elder);
        const size = { width: box.width, height };
        this.setData({ height });
        this.createSelectorQuery().select(".canvas").node(({ node }) => {
          if (turn !== me.turn) return;
          if (me.chart) me.chart.resize(size);
          else me.chart = open(node as WechatMiniprogram.Canvas, size);
          me.chart.setOption(option, true);
        }).exec();
      }).exec();
    },
  },
});
