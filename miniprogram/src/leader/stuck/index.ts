// What is stuck in what somebody leads: how many of each tier, how many of them late or near, and behind each number its cases, each with
// why. Numbers and reasons are the server's.

import type { TierCount } from "../../api/contract";
import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { listed, Pager, type Shown } from "../../lib/pager";
import { cardOfStuck, type Card } from "../../lib/view";
import { client, signedIn } from "../../services";
import { texts } from "../../texts";

type Tier = TierCount["tier"];
type Due = "" | "late" | "near";

interface Number { due: Due; words: string; value: string; none: boolean }
interface Row { tier: Tier; label: string; numbers: Number[] }

const t = texts.stuck;
const dues: { due: Due; of: "open" | "late" | "near" }[] = [{ due: "", of: "open" }, { due: "late", of: "late" }, { due: "near", of: "near" }];

const wordsOf = (tier: Tier, of: "open" | "late" | "near"): string => (tier === "none" && of === "open" ? t.openNone : t[of]);

Page({
  ...listed,
  behaviors: [look],
  data: { t, retry: texts.common.retry, scope: "", both: false, own: true, rows: [] as Row[], failed: "", tier: "" as "" | Tier, due: "" as Due, chosen: "", empty: t.empty as string, list: { items: [], state: "loading", message: "" } as Shown<Card> },
  pager: undefined as Pager<Card> | undefined,

  onShow() {
    if (!signedIn()) return;
    void this.count();
    if (this.pager) void this.pager.first();
    else this.open(this.data.tier, this.data.due);
  },

  async count() {
    try {
      const { own } = this.data;
      const { scope, both, tiers, cap } = await client.call("count_tiers", { query: { own } });
      if (own !== this.data.own) return;
      this.setData({
        scope, both, failed: "",
        rows: tiers.map((c) => ({ tier: c.tier, label: c.label, numbers: dues.map(({ due, of }) => ({ due, words: wordsOf(c.tier, of), value: c[of] >= cap ? `${cap}+` : String(c[of]), none: !c[of] })) })),
      });
    } catch (e) {
      this.setData({ failed: messageOf(e) });
    }
  },

  open(tier: "" | Tier, due: Due) {
    const { own } = this.data;
    const label = this.data.rows.find((r) => r.tier === tier)?.label ?? "";
    this.setData({ tier, due, chosen: tier ? t.chosen(label, wordsOf(tier, due || "open")) : t.all, list: { items: [], state: "loading", message: "" } });
    this.pager = new Pager(
      async (cursor) => {
        const page = await client.call("list_stuck_cases", { query: { own, tier: tier || undefined, due: due || undefined, cursor } });
        return { items: page.items.map(cardOfStuck), next: page.next };
      },
      (list) => {
        if (this.data.own === own && this.data.tier === tier && this.data.due === due) this.setData({ list }); // else answered after another list was opened
      },
    );
    void this.pager.first();
  },
  choose(e: WechatMiniprogram.TouchEvent<object, object, { tier: Tier; due: Due }>) {
    const { tier, due } = e.currentTarget.dataset;
    const again = tier === this.data.tier && due === this.data.due;
    this.open(again ? "" : tier, again ? "" : due);
  },

  side(e: WechatMiniprogram.TouchEvent<object, object, { own: boolean }>) {
    const { own } = e.currentTarget.dataset;
    if (own === this.data.own) return;
    this.setData({ own });
    void this.count();
    this.open(this.data.tier, this.data.due);
  },

  async onPullDownRefresh() {
    await Promise.allSettled([this.count(), this.pager?.first()]);
    void wx.stopPullDownRefresh();
  },
  again() {
    void this.count();
  },
  retry() {
    if (this.data.failed) void this.count();
    void this.pager?.again();
  },
  detail(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },
});
