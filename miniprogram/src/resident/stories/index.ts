// What the street has solved, told to residents, and this month's figures: each says how it was counted.

import type { PublicStory, StreetFigure } from "../../api/contract";
import { look } from "../../look";
import { listed, Pager, type Shown } from "../../lib/pager";
import { dayOf } from "../../lib/when";
import { client, now, signedIn } from "../../services";
import { texts } from "../../texts";

interface Row extends PublicStory { day: string }

Page({
  ...listed,
  behaviors: [look],
  data: { t: texts.stories, figures: [] as StreetFigure[], list: { items: [], state: "loading", message: "" } as Shown<Row> },
  pager: undefined as Pager<Row> | undefined,

  onShow() {
    if (!signedIn()) return;
    this.pager ??= new Pager(async (cursor) => {
      const page = await client.call("list_stories", { query: { cursor } });
      return { items: page.items.map((s) => ({ ...s, day: dayOf(s.at, now()) })), next: page.next };
    }, (list) => this.setData({ list }));
    void this.load();
  },
  load() {
    return Promise.allSettled([this.pager?.first(), client.call("get_street_figures", {}).then((f) => this.setData({ figures: f.items }))]);
  },
  retry() {
    void (this.data.list.items.length ? this.pager?.more() : this.load());
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
