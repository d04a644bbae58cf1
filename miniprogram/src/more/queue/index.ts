// What waits to be sent, and what did not go through: each with its reason, and what can be done about it.

import type { Action } from "../../lib/queue";
import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { momentOf } from "../../lib/when";
import { client, now, onQueue, queue, signedIn } from "../../services";
import { texts } from "../../texts";

interface Row { id: string; title: string; at: string; state: Action["state"]; words: string; caseId: string; message: string }

Page({
  behaviors: [look],
  data: { t: texts.queue, rows: [] as Row[], sending: false, waiting: false },
  unhear: undefined as (() => void) | undefined,

  onLoad() {
    this.unhear = onQueue(() => this.draw());
  },
  onUnload() {
    this.unhear?.();
  },
  onShow() {
    if (signedIn()) this.draw();
  },
  draw() {
    const rows = queue.list().map((a) => ({ id: a.id, title: a.title, at: momentOf(a.at, now()), state: a.state, words: texts.queue.state[a.state], caseId: (a.path as { id?: string }).id ?? "", message: a.state === "conflict" ? texts.queue.conflict : (a.problem?.message ?? "") }));
    this.setData({ rows, waiting: rows.some((r) => r.state === "waiting") });
  },
  async send() {
    this.setData({ sending: true });
    await queue.run().catch((e) => wx.showToast({ title: messageOf(e), icon: "none" }));
    this.setData({ sending: false });
    if (this.data.rows.some((r) => r.state === "waiting")) void wx.showToast({ title: texts.problem.unreachable, icon: "none" });
  },
  async again(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const row = this.data.rows[e.currentTarget.dataset.at];
    try {
      const version = row.caseId ? (await client.call("get_case", { path: { id: row.caseId } })).version : undefined;
      await queue.again(row.id, version);
    } catch (e) {
      void wx.showToast({ title: messageOf(e), icon: "none" });
    }
  },
  async drop(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const sure = await wx.showModal({ content: texts.queue.dropSure, confirmText: texts.queue.drop, cancelText: texts.common.cancel });
    if (sure.confirm) queue.drop(this.data.rows[e.currentTarget.dataset.at].id);
  },
  open(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${this.data.rows[e.currentTarget.dataset.at].caseId}` });
  },
  async onPullDownRefresh() {
    if (this.data.waiting) await this.send();
    this.draw();
    void wx.stopPullDownRefresh();
  },
});
