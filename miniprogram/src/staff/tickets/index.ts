// Residents' tickets that are in no case, newest first: what the centre has to decide on.

import { look } from "../../look";
import { listed, Pager, type Shown } from "../../lib/pager";
import { cardOfWaiting, type Card } from "../../lib/view";
import { client, now, signedIn } from "../../services";
import { texts } from "../../texts";

Page({
  ...listed,
  behaviors: [look],
  data: { t: texts.waiting, list: { items: [], state: "loading", message: "" } as Shown<Card> },
  pager: undefined as Pager<Card> | undefined,

  onShow() {
    if (!signedIn()) return;
    this.pager ??= new Pager(async (cursor) => {
      const page = await client.call("list_waiting_tickets", { query: { cursor } });
      return { items: page.items.map((w) => cardOfWaiting(w, now())), next: page.next };
    }, (list) => this.setData({ list }));
    void this.pager.first();
  },
  open(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/staff/ticket/index?id=${e.currentTarget.dataset.id}` });
  },
});
