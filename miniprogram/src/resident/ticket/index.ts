// One of my own tickets that is in no case: what I said, what happens next, what I have added.

import type { ReportTaken } from "../../api/contract";
import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { noteOf, type Note } from "../../lib/note";
import type { ListState } from "../../lib/pager";
import { momentOf } from "../../lib/when";
import { client, now, signedIn } from "../../services";
import { texts } from "../../texts";

Page({
  behaviors: [look],
  data: { p: texts.place, t: texts.ticket, orderNo: texts.matter.orderNo, state: "loading" as ListState, message: "", ticket: null as ReportTaken | null, at: "", content: "", where: "", notes: [] as Note[] },
  id: "",

  onLoad(query: { id?: string }) {
    this.id = query.id ?? "";
  },
  onShow() {
    if (signedIn()) void this.load();
  },
  async load() {
    if (!this.data.ticket) this.setData({ state: "loading" });
    try {
      const ticket = await client.call("get_own_report", { path: { id: this.id } });
      const [full, notes] = ticket.ticket ? await Promise.all([client.call("get_ticket", { path: { id: this.id } }), client.call("list_ticket_notes", { path: { id: this.id } })]) : [undefined, { items: [] }];
      this.setData({ state: "ready", ticket, at: texts.ticket.at(momentOf(ticket.at, now())), content: full?.content || full?.title || ticket.title, where: [full?.community, full?.address].filter(Boolean).join(" · "), notes: notes.items.map((n) => noteOf(n, now())) });
    } catch (e) {
      if (this.data.ticket) void wx.showToast({ title: messageOf(e), icon: "none" });
      else this.setData({ state: "failed", message: messageOf(e) });
    }
  },
  add() {
    void wx.navigateTo({ url: `/resident/facts/index?id=${this.id}&title=${encodeURIComponent(this.data.ticket?.title ?? "")}` });
  },
  toCase() {
    const id = this.data.ticket?.case?.id;
    if (id) void wx.navigateTo({ url: `/pages/case/detail?id=${id}` });
  },
  picture(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
    void wx.previewImage({ urls: this.data.notes.flatMap((n) => n.pictures.map((p) => p.url)), current: e.currentTarget.dataset.url });
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
