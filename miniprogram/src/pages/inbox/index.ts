// The inbox: every notice I was given, newest first. A notice opens its case or ticket, if it has one, or what waits for who may
// decide it, and is read by that.

import type { NoticeItem } from "../../api/contract";
import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { listed, Pager, type Shown } from "../../lib/pager";
import { Question } from "../../lib/subscribe";
import { momentOf } from "../../lib/when";
import { client, live, may, now, side, signedIn, unread } from "../../services";
import { texts } from "../../texts";

interface Row { id: string; caseId: string; ticketId: string; number: string; title: string; text: string; at: string; unread: boolean; urgent: boolean; for: string; review: boolean }

const rowOf = (n: NoticeItem): Row => ({ id: n.id, caseId: n.case_id, ticketId: n.ticket_id ?? "", number: n.number, title: n.title ?? "", text: n.text, at: momentOf(n.created_at, now()), unread: !n.read_at, urgent: n.urgent, for: n.for ? texts.inbox.for(n.for.name) : "", review: (n.kind === "content_waiting" || n.kind === "content_late") && may("review.decide") });

Page({
  ...listed,
  behaviors: [look],
  data: { t: texts.inbox, fresh: false, freshText: texts.common.fresh, unread: false, empty: texts.inbox.empty as string, list: { items: [], state: "loading", message: "" } as Shown<Row>, canAsk: false },
  pager: undefined as Pager<Row> | undefined,
  question: undefined as Question | undefined,
  unheard: undefined as (() => void) | undefined,

  onLoad() {
    this.question = new Question("inbox");
    this.unheard = live.on((e) => (e.kind === "inbox" || e.kind === "resync") && !this.data.fresh && this.setData({ fresh: true }));
  },
  onUnload() {
    this.unheard?.();
  },
  onShow() {
    this.getTabBar?.()?.setData({ at: 1 });
    if (!signedIn()) return;
    this.setData({ fresh: false });
    this.open(this.data.unread);
    void this.mayAsk();
  },
  open(only: boolean) {
    this.setData({ unread: only, empty: only ? texts.inbox.emptyUnread : texts.inbox.empty });
    this.pager = new Pager(
      async (before) => {
        const page = await client.call("list_inbox", { query: { before, unread: only } });
        return { items: page.items.map(rowOf), next: page.next };
      },
      (list) => (list.state === "loading" && this.data.list.items.length ? undefined : this.setData({ list })),
    );
    void this.pager.first().then(() => unread.count());
  },
  choose(e: WechatMiniprogram.TouchEvent<object, object, { unread: boolean }>) {
    this.setData({ list: { items: [], state: "loading", message: "" } });
    this.open(e.currentTarget.dataset.unread);
  },
  async read(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const row = this.data.list.items[e.currentTarget.dataset.at];
    if (row.unread) void client.call("mark_inbox_read", { body: { ids: [row.id] } }, { tries: 2 }).then((r) => unread.set(r.unread), () => undefined);
    if (row.review) await wx.navigateTo({ url: `/staff/reviews/index?of=${row.number}&case=${row.caseId}` });
    else if (row.caseId) await wx.navigateTo({ url: `/pages/case/detail?id=${row.caseId}` });
    else if (row.ticketId) await wx.navigateTo({ url: `/${side() === "staff" ? "staff" : "resident"}/ticket/index?id=${row.ticketId}` });
    else this.setData({ [`list.items[${e.currentTarget.dataset.at}].unread`]: false });
  },
  async readAll() {
    const [first] = this.data.list.items;
    if (!first) return;
    try {
      const r = await client.call("mark_inbox_read", { body: { until: first.id } });
      unread.set(r.unread);
      this.open(this.data.unread);
    } catch (e) {
      void wx.showToast({ title: messageOf(e), icon: "none" });
    }
  },

  /** mayAsk shows the button for WeChat's reminders when the server misses a permission. */
  async mayAsk() {
    this.setData({ canAsk: (await this.question?.prepare()) ?? false });
  },
  async ask() {
    const yes = await this.question?.ask();
    void wx.showToast({ title: yes ? texts.inbox.asked : texts.inbox.notAsked, icon: "none" });
    void this.mayAsk();
  },
  /** renew reads anew what has come, where the person asks for it. */
  async renew() {
    this.setData({ fresh: false });
    await Promise.all([this.pager?.first(), unread.count()]);
    await wx.pageScrollTo({ scrollTop: 0 });
  },
  async onPullDownRefresh() {
    this.setData({ fresh: false });
    await Promise.all([this.pager?.first(), unread.count()]);
    void wx.stopPullDownRefresh();
  },
});
