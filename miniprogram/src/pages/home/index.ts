// The first page: what waits for me, nearest deadline first; or, for residents, their own matters. One request paints it.
// What was read last stays on the phone, for a street without a network.

import type { TodoPost } from "../../api/contract";
import { cachedBecause, Refused, Unreachable } from "../../api/problem";
import { look } from "../../look";
import { directory, kept } from "../../lib/directory";
import { listed, Pager, type Shown } from "../../lib/pager";
import { askOwed } from "../../lib/subscribe";
import { capped, cardOfCase, cardOfReport, cardOfReported, cardOfTodo, headed, plainCardOfCase, type Card } from "../../lib/view";
import { client, learnMe, live, may, me, now, onQueue, queue, side, signedIn, store, unread } from "../../services";
import { texts } from "../../texts";

type View = "todo" | "cases" | "claimable" | "reported" | "own";

/** Chip is a post above the list, or all of them (""). */
interface Chip { post: string; text: string; on: boolean }

/** chosenPost is the post that the list is narrowed to, as chosen on this phone; "" for all. */
const keyOfPost = () => `post/${me()?.id}`;
const chosenPost = (): string => store.get<string>(keyOfPost()) ?? "";

const read: Record<View, (cursor?: string) => Promise<{ items: Card[]; next?: string; posts?: Chip[] }>> = {
  todo: async (cursor) => {
    const post = chosenPost();
    try {
      const page = await client.call("list_todos", { query: { cursor, post: post || undefined } });
      return { items: page.items.map((t) => cardOfTodo(t, now(), me())), next: page.next, posts: chipsOf(page.posts, page.cap, post) };
    } catch (e) {
      if (cursor !== undefined || !post || !(e instanceof Refused) || e.problem.reason !== "todo.post") throw e;
      store.remove(keyOfPost()); // a post that they hold no longer
      return read.todo();
    }
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
const cacheOf = (view: View) => `cache/${me()?.id}/${view}${view === "todo" ? chosenPost() : ""}`;
const cacheOfPosts = () => `cache/${me()?.id}/posts`;

/** chipsOf are the posts to choose from, as the server lists them; none where there is no choice. */
const chipsOf = (posts: TodoPost[] | undefined, cap: number, on: string): Chip[] =>
  posts?.length ? [{ post: "", text: texts.home.allPosts }, ...posts.map((p) => ({ post: p.post, text: `${p.label} ${capped(p.count, cap)}`.trim() }))].map((c) => ({ ...c, on: c.post === on })) : [];

Page({
  ...listed,
  behaviors: [look],
  data: {
    t: texts.home, staff: false, view: "todo" as View, views: [] as { view: View; text: string }[], posts: [] as Chip[], empty: "", list: { items: [], state: "loading", message: "" } as Shown<Card>,
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
    const doors = !staff ? (may("public.read") ? [{ url: "/resident/stories/index", text: texts.doors.stories }] : []) : [...waiting, ...(may("review.decide") ? [{ url: "/staff/reviews/index", text: texts.doors.reviews }] : []), ...(may("team.read") ? [{ url: "/staff/team/index", text: texts.doors.team }] : []), ...(may("case.lead") ? [{ url: "/leader/stuck/index", text: texts.doors.stuck }] : []), ...(may("figures.read") ? [{ url: "/figures/index", text: texts.doors.figures }] : [])];
    this.setData({ staff, views, standsInFor, doors, canReport: may("case.report"), canLookUp: may("order.look_up"), canReportMatter: !staff && may("resident.self"), reports: store.get<Card[]>(`cache/${who}/reports`) ?? [] });
    void wx.setNavigationBarTitle({ title: staff ? texts.home.title : texts.home.residentTitle });
    return this.open(staff ? "todo" : "own");
  },

  open(view: View): Promise<void> {
    const post = view === "todo" ? chosenPost() : "";
    const empty = { todo: post ? texts.home.emptyPost : texts.home.emptyTodo, cases: texts.home.emptyCases, claimable: texts.home.emptyClaimable, reported: texts.home.emptyReported, own: texts.home.emptyOwn }[view];
    const last = store.get<Card[]>(cacheOf(view));
    const posts = view === "todo" ? (store.get<Chip[]>(cacheOfPosts()) ?? []).map((c) => ({ ...c, on: c.post === post })) : [];
    this.setData({ view, posts, empty, cached: false, list: { items: headed(last ?? []), state: last?.length ? "ready" : "loading", message: "" } });
    const pager: Pager<Card> = new Pager(
      async (cursor) => {
        try {
          const page = await read[view](cursor);
          if (cursor === undefined) store.set(cacheOf(view), page.items);
          if (this.pager !== pager) return page;
          if (this.data.cached) this.setData({ cached: false });
          if (cursor === undefined && page.posts) this.drawPosts(page.posts);
          return page;
        } catch (e) {
          const last = cursor === undefined && e instanceof Unreachable ? store.get<Card[]>(cacheOf(view)) : undefined;
          if (last) {
            if (this.pager === pager) this.setData({ cached: true, cachedText: cachedBecause(e as Unreachable) });
            return { items: last };
          }
          throw e;
        }
      },
      (list) => {
        if (this.pager !== pager) return; // answered after another list was opened
        if (list.state === "loading" && last?.length) return; // the old list stays until the new one is there
        this.setData({ list: { ...list, items: headed(list.items) } });
      },
    );
    this.pager = pager;
    return pager.first();
  },
  drawPosts(posts: Chip[]) {
    store.set(cacheOfPosts(), posts);
    this.setData({ posts });
  },
  choosePost(e: WechatMiniprogram.TouchEvent<object, object, { post: string }>) {
    const { post } = e.currentTarget.dataset;
    if (post === chosenPost()) return;
    store.set(keyOfPost(), post);
    void this.open("todo");
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
  detail(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    askOwed();
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },
  through(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
    void wx.navigateTo({ url: e.currentTarget.dataset.url });
  },
  queue() {
    void wx.navigateTo({ url: "/more/queue/index" });
  },
  report() {
    askOwed();
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
