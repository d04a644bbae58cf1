// All of my tickets that are in no case, newest first.

import { look } from "../../look";
import { listed, Pager, type Shown } from "../../lib/pager";
import { cardOfReport, type Card } from "../../lib/view";
import { client, now, signedIn } from "../../services";
import { texts } from "../../texts";

Page({
  ...listed,
  behaviors: [look],
  data: { t: texts.reports, list: { items: [], state: "loading", message: "" } as Shown<Card> },
  pager: undefined as Pager<Card> | undefined,

  onShow() {
    if (!signedIn()) return;
    this.pager ??= new Pager(async (cursor) => {
      const page = await client.call("list_own_reports", { query: { cursor } });
      return { items: page.items.map((r) => cardOfReport(r, now())), next: page.next };
    }, (list) => this.setData({ list }));
    void this.pager.first();
  },
  open(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/resident/ticket/index?id=${e.currentTarget.dataset.id}` });
  },
  report() {
    void wx.navigateTo({ url: "/resident/report/index" });
  },
});
