// Progress by the number of an order, without a bound phone: state and promised date only, five times a day.

import type { OrderLookup, Lookup } from "../../api/contract";
import { wrongOf } from "../../api/problem";
import { look } from "../../look";
import { client, signedIn } from "../../services";
import { texts } from "../../texts";

const sources = Object.entries(texts.source).map(([id, name]) => ({ id: id as OrderLookup["source"], name }));

Page({
  behaviors: [look],
  data: { t: texts.lookUp, choose: texts.common.choose, sources, at: 0, number: "", answer: null as Lookup | null, left: "", message: "", busy: false },
  onShow() {
    signedIn();
  },
  pick(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ at: Number(e.detail.value), answer: null });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ number: e.detail.value.trim(), message: "" });
  },
  async ask() {
    this.setData({ busy: true, answer: null, message: "" });
    try {
      const answer = await client.call("look_up_order", { body: { order_no: this.data.number, source: sources[this.data.at].id } });
      this.setData({ answer, left: texts.lookUp.left(answer.left) });
    } catch (e) {
      const { wrong, message } = wrongOf(e, []);
      this.setData({ message: wrong.order_no ? texts.lookUp.wrong(wrong.order_no) : message });
    } finally {
      this.setData({ busy: false });
    }
  },
});
