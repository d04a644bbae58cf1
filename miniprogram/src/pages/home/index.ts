// The first page: what waits for me, nearest deadline first; or, for residents, their own matters. One request paints it.
// What was read last stays on the phone, for a street without a network.

import { cachedBecause, Unreachable } from "../../api/problem";
import { look } from "../../look";
import { directory, kept } from "../../lib/directory";
import { Pager, type Shown } from "../../lib/pager";
import { capped, cardOfCase, cardOfReport, cardOfReported, cardOfTodo, headed, plainCardOfCase, type Card } from "../../lib/view";
import { client, learnMe, live, may, me, now, onQueue, queue, side, signedIn, store, unread } from "../../services";
import { texts } from "../../texts";

type View = "todo" | "cases" | "claimable" | "reported" | "own";

const read: Record<View, (cursor?: string) => Promise<{ items: Card[]; next?: string }>> = {
  todo: async (cursor) => {
    const page = await client.call("list_todos", { query: { cursor } });
    return { items: page.items.map((t) => cardOfTodo(t, now())), next: page.next };
  },
  cases: async (cursor) => {
    const page = await client.call("list_cases", { query: { cursor } });
    return { items: page.items.map(cardOfCase), next: page.next };
  },
  claimable: async (cursor) => {
    const page = await client.call("list_cases", { query: { cursor, view: "claimable" } });
    return { items: page.items.map(cardOfCase), next: page.next };
  },
  reported: async (cursor) => {
    const page = await client.call("list_reported_cases", { query: { cursor } });
    return { items: page.items.map((c) => cardOfReported(c, now())), next: page.next };
  },
  own: async (cursor) => {
    const page = await client.call("list_cases", { query: { cursor, view: "own", all: true } });
    return { items: page.items.map(plainCardOfCase), next: page.next };
  },
};

const shownReports = 3;
const waitingDoor = "/staff/tickets/index";
const cacheOf = (view: View) => `cache/${me()?.id}/${view}`;

Page({
  behaviors: [look],
  data: {
    t: texts.home, staff: false, view: "todo" as View, views: [] as { view: View; text: string }[], empty: "", list: { items: [], state: "loading", message: "" } as Shown<Card>,
    fresh: false, freshText: texts.common.fresh, cached: false, cachedText: texts.common.cached as string, waiting: "", wrong: "", standsInFor: "", doors: [] as { url: string; text: string }[], canReport: false, canLookUp: false, canReportMatter: false, unbound: false, r: texts.reports, reports: [] as Card[], moreReports: false,
  },
  pager: undefined as Pager<Card> | undefined,
  unhear: undefined as (() => void) | undefined,
  unheard: undefined as (() => void) | undefined,
  of: "",
  queued: 0,
  online: undefined as ((n: { isConnected: boolean }) => void) | undefined,

  onLoad() {
    this.unhear = onQueue(() => this.drawQueue());
    this.unheard = live.on((e) => e.kind !== "inbox" && !this.data.fresh && this.setData({ fresh: true }));
    this.online = (n) => n.isConnected && void this.pager?.first();
    wx.onNetworkStatusChange(this.online);
  },
  onUnload() {
    this.unhear?.();
    this.unheard?.();
    if (this.online) wx.offNetworkStatusChange(this.online as never);
  },
  onShow() {
    this.getTabBar?.()?.setData({ at: 0 });
    if (!signedIn()) return;
    this.setData({ fresh: false, unbound: side() === "resident" && !me()?.bound });
    const who = `${me()?.id}`;
    const listed = this.of !== who ? this.start(who) : this.pager?.first();
    this.drawQueue();
    void Promise.resolve(listed).then(() => this.behind());
  },

  /** loadReports shows a resident the latest of their tickets that are in no case; what was read last stays while it cannot be. */
  async loadReports() {
    if (!this.data.canReportMatter) return;
    const who = this.of;
    try {
      const page = await client.call("list_own_reports", { query: { limit: shownReports + 1 } });
      if (who !== this.of) return;
      const reports = page.items.slice(0, shownReports).map((r) => cardOfReport(r, now()));
      store.set(`cache/${who}/reports`, reports);
      this.setData({ reports, moreReports: page.items.length > shownReports || page.next !== undefined });
    } catch {
      // the list stays as it was
    }
  },

  /** start lays the page out for who is signed in. */
  start(who: string): Promise<void> {
    this.of = who;
    const staff = side() === "staff";
    const views: { view: View; text: string }[] = staff
      ? [{ view: "todo", text: texts.home.todo }, { view: "cases", text: texts.home.cases }, ...(me()?.posts.some((p) => p.role === "department_head") ? [{ view: "claimable" as View, text: texts.home.claimable }] : []), ...(may("case.report") ? [{ view: "reported" as View, text: texts.home.reported }] : [])]
      : [];
    const standsInFor = me()?.stands_in_for.map((p) => p.name).join("、") ?? "";
    const waiting = may("ticket.place") ? [{ url: waitingDoor, text: texts.doors.waiting("") }] : [];
    const doors = !staff ? (may("public.read") ? [{ url: "/resident/stories/index", text: texts.doors.stories }] : []) : [...waiting, ...(may("team.read") ? [{ url: "/staff/team/index", text: texts.doors.team }] : []), ...(may("case.lead") ? [{ url: "/leader/stuck/index", text: texts.doors.stuck }] : []), ...(may("figures.read") ? [{ url: "/figures/index", text: texts.doors.figures }] : [])];
    this.setData({ staff, views, standsInFor, doors, canReport: may("case.report"), canLookUp: may("order.look_up"), canReportMatter: !staff && may("resident.self"), reports: store.get<Card[]>(`cache/${who}/reports`) ?? [] });
    void wx.setNavigationBarTitle({ title: staff ? texts.home.title : texts.home.residentTitle });
    return this.open(staff ? "todo" : "own");
  },

  open(view: View): Promise<void> {
    const empty = { todo: texts.home.emptyTodo, cases: texts.home.emptyCases, claimable: texts.home.emptyClaimable, reported: texts.home.emptyReported, own: texts.home.emptyOwn }[view];
    const last = store.get<Card[]>(cacheOf(view));
    this.setData({ view, empty, cached: false, list: { items: headed(last ?? []), state: last?.length ? "ready" : "loading", message: "" } });
    this.pager = new Pager(
      async (cursor) => {
        try {
          const page = await read[view](cursor);
          if (cursor === undefined) store.set(cacheOf(view), page.items);
          if (this.data.view === view && this.data.cached) this.setData({ cached: false });
          return page;
        } catch (e) {
          const last = cursor === undefined && e instanceof Unreachable ? store.get<Card[]>(cacheOf(view)) : undefined;
          if (last) {
            if (this.data.view === view) this.setData({ cached: true, cachedText: cachedBecause(e as Unreachable) });
            return { items: last };
          }
          throw e;
        }
      },
      (list) => {
        if (this.data.view !== view) return; // answered after another list was opened
        if (list.state === "loading" && last?.length) return; // the old list stays until the new one is there
        this.setData({ list: { ...list, items: headed(list.items) } });
      },
    );
    return this.pager.first();
  },
  choose(e: WechatMiniprogram.TouchEvent<object, object, { view: View }>) {
    if (e.currentTarget.dataset.view !== this.data.view) void this.open(e.currentTarget.dataset.view);
  },

  /** behind reads what the list does not wait for: on a slow link it would come in its way. */
  async behind() {
    await Promise.all([this.loadReports(), this.count()]);
    if (this.data.staff && !kept()) void directory().catch(() => undefined); // so that a case has its handlers at once
  },

  /** count has the tabs show how many messages are unread, and a door how many tickets wait behind it. */
  async count() {
    const c = await unread.count();
    if (!c || !may("ticket.place")) return;
    const waiting = { url: waitingDoor, text: texts.doors.waiting(capped(c.waiting ?? 0, c.cap)) };
    this.setData({ doors: this.data.doors.map((d) => (d.url === waitingDoor ? waiting : d)) });
  },
  drawQueue() {
    const all = queue.list();
    const wrong = all.filter((a) => a.state !== "waiting").length;
    const waiting = all.length - wrong;
    if (all.length < this.queued) void this.loadReports(); // one has left: it may be a new matter
    this.queued = all.length;
    this.setData({ waiting: waiting ? texts.queue.waiting(waiting) : "", wrong: wrong ? texts.queue.look(wrong) : "" });
  },

  /** renew reads anew what has changed, where the person asks for it. */
  async renew() {
    this.setData({ fresh: false });
    await Promise.allSettled([this.pager?.first(), this.loadReports()]);
    await wx.pageScrollTo({ scrollTop: 0 });
  },
  async onPullDownRefresh() {
    this.setData({ fresh: false });
    await Promise.allSettled([this.pager?.first(), learnMe(), queue.run(), this.count(), this.loadReports()]);
    void wx.stopPullDownRefresh();
  },
  onReachBottom() {
    void this.pager?.more();
  },
  retry() {
    void (this.data.list.items.length ? this.pager?.more() : this.pager?.first());
  },
  detail(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },
  through(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
    void wx.navigateTo({ url: e.currentTarget.dataset.url });
  },
  queue() {
    void wx.navigateTo({ url: "/more/queue/index" });
  },
  report() {
    void wx.navigateTo({ url: "/staff/report/index" });
  },
  reportMatter() {
    void wx.navigateTo({ url: "/resident/report/index" });
  },
  openReport(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/resident/ticket/index?id=${e.currentTarget.dataset.id}` });
  },
  openReports() {
    void wx.navigateTo({ url: "/resident/reports/index" });
  },
  toMe() {
    void wx.switchTab({ url: "/pages/me/index" });
  },
  lookUp() {
    void wx.navigateTo({ url: "/resident/look-up/index" });
  },
});
