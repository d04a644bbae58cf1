// What requesters wrote or brought that waits for the centre, the oldest first: read, then passed or refused. A notice about it opens this
// page, and what it is about stands first.

import type { ReviewView } from "../../api/contract";
import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import { listed, Pager, type Shown } from "../../lib/pager";
import { momentOf } from "../../lib/when";
import { client, now, signedIn } from "../../services";
import { texts } from "../../texts";

interface Item { id: string; caseId: string; number: string; meta: string; text: string; url: string; thumb: string; gone: boolean }

const t = texts.reviews;
const itemOf = (r: ReviewView): Item => ({ id: r.id, caseId: r.case_id, number: r.number, meta: [r.with, r.number, momentOf(r.created_at, now())].filter(Boolean).join(" · "), text: r.text ?? "", url: r.url ?? "", thumb: r.thumb_url ?? r.url ?? "", gone: !r.text && !r.url });

Page({
  ...listed,
  behaviors: [look],
  data: { t, list: { items: [], state: "loading", message: "" } as Shown<Item>, caseId: "", busy: false },
  pager: undefined as Pager<Item> | undefined,
  number: "",

  onLoad(query: { of?: string; case?: string }) {
    this.number = query.of ?? "";
    this.setData({ caseId: query.case ?? "" });
  },
  onShow() {
    if (!signedIn()) return;
    this.pager ??= new Pager(async (cursor) => {
      const page = await client.call("list_reviews", { query: { cursor } });
      const meant = (i: Item) => Number(i.number === this.number);
      return { items: page.items.map(itemOf).sort((a, b) => meant(b) - meant(a)), next: page.next };
    }, (list) => this.setData({ list }));
    void this.pager.first();
  },
  pass(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    return this.decide(e.currentTarget.dataset.id, { pass: true }, t.passed);
  },
  async refuse(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    const itemList = [...t.reasons];
    const chosen = await wx.showActionSheet({ alertText: t.why, itemList }).then((r) => r.tapIndex, () => -1);
    if (chosen >= 0) await this.decide(e.currentTarget.dataset.id, { pass: false, reason: itemList[chosen] }, t.refused);
  },
  /** decide says it once: the same again changes nothing, and what somebody else has decided meanwhile is said. */
  async decide(id: string, body: { pass: boolean; reason?: string }, done: string) {
    if (this.data.busy) return;
    this.setData({ busy: true });
    try {
      await client.call("decide_review", { path: { id }, body });
      void wx.showToast({ title: done, icon: "none" });
      await this.pager?.first();
    } catch (e) {
      void wx.showModal({ content: messageOf(e), showCancel: false, confirmText: texts.common.ok });
      if (e instanceof Refused) await this.pager?.first();
    } finally {
      this.setData({ busy: false });
    }
  },
  picture(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
    void wx.previewImage({ urls: [e.currentTarget.dataset.url] });
  },
  toCase(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },
});
