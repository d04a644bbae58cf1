// One case. Notices open it. What stands on it, and which buttons, the server says: staff see why it is a hard case before what it is
// about; residents read plain words, a promised date and whether it was kept.

import type { Allowed, CaseView, LocationView, MergedCase, PageTimelineItem, Promise as Promised, TimelineItem } from "../../api/contract";
import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import { buttonsOf, type Button } from "../../lib/buttons";
import { directory, handlersOf, kept, rememberHandler, type Choice } from "../../lib/directory";
import { noteOf, type Note } from "../../lib/note";
import type { ListState } from "../../lib/pager";
import { unmask } from "../../lib/place";
import { askOwed, Question } from "../../lib/subscribe";
import { folded, lineOf, type Fold, type Line as Happened } from "../../lib/timeline";
import { headOf, plainCardOfCase, toneOf, type Card, type Tone } from "../../lib/view";
import { dayOf, momentOf } from "../../lib/when";
import { client, live, me, now, queue, side, signedIn } from "../../services";
import { texts } from "../../texts";

interface Line { label: string; value: string }
interface Block { title: string; short: boolean; lines: Line[] }
interface Caller { id: string; name: string; who: string }
interface Said { text: string; next: string }
interface Mine { id: string; kind: string; text: string; meta: string }
interface Placed extends LocationView { meta: string }
interface Picture { id: string; thumb: string; url: string; name: string; label: string; picture: boolean }


Page({
  behaviors: [look],
  data: {
    p: texts.place, placed: [] as Placed[], t: texts.case, common: texts.common, state: "loading" as ListState, message: "", staff: false, head: {} as Card, facts: "", why: [] as string[], masked: false, top: [] as Block[], blocks: [] as Block[], promise: null as Promised | null, said: [] as Said[], urged: "", rateUntil: "",
    fresh: false, waits: [] as { text: string; tone: Tone }[], merged: [] as MergedCase[], own: [] as { id: string; name: string }[], callers: [] as Caller[], mine: [] as Mine[], answer: "", standing: "", obstacle: "", primary: null as Button | null, second: null as Button | null, more: [] as Button[], moreOpen: false,
    handler: null as Choice | null, handlers: [] as Choice[], handlerOpen: false, mayRate: false, ratings: ["satisfied", "mostly", "dissatisfied"] as const, ratingNames: texts.case.rating as Record<string, string>,
    events: [] as Fold[], unfolded: {} as Record<string, boolean>, eventsState: "loading" as ListState, pictures: [] as Picture[], notes: [] as Note[], beside: [] as Note[], n: texts.ticket, canAdd: false, busy: false, waiting: "",
  },
  id: "",
  shown: undefined as CaseView | undefined,
  events: [] as Happened[],
  question: undefined as Question | undefined,
  unheard: undefined as (() => void) | undefined,

  onLoad(query: { id?: string }) {
    this.question = new Question("accept"); // here, not above: WeChat copies what stands in a page
    this.id = decodeURIComponent(query.id ?? "");
    this.unheard = live.on((e) => {
      if (this.shown && !this.data.fresh && (e.kind === "resync" || (e.kind === "case" && e.case_id === this.shown.id))) this.setData({ fresh: true });
    });
  },
  onUnload() {
    this.unheard?.();
  },
  onShow() {
    if (signedIn()) void this.load();
  },

  async load() {
    if (!this.shown) this.setData({ state: "loading" });
    try {
      if (side() === "staff" && !kept()) void directory().catch(() => undefined); // beside the case, not after it
      this.draw(await client.call("get_case", { path: { id: this.id } }));
      await Promise.all([this.loadEvents(), this.loadPictures(), this.loadNotes(), this.loadPlaces(), this.loadHandlers(), this.shown?.allowed.some((a) => a.name === "accept" || a.name === "accept_task") && this.question?.prepare()]);
    } catch (e) {
      if (this.shown) void wx.showToast({ title: messageOf(e), icon: "none" });
      else this.setData({ state: "failed", message: messageOf(e) });
    }
  },

  /** draw puts a case on the screen. */
  draw(c: CaseView) {
    this.shown = c;
    live.know(c.id, c.version);
    const staff = side() === "staff";
    const { primary, second, more } = buttonsOf(c.allowed, doneOn(c), (target) => {
      const task = c.tasks.find((x) => x.id === target);
      return task ? `${texts.case.taskKind[task.kind]}：${task.text.slice(0, 12)}` : "";
    });
    const rate = c.allowed.some((a) => a.name === "rate");
    const blocks = staff ? blocksOf(c) : [];
    const at = blocks.findIndex((b) => primary && b.title === about[primary.name]);
    const top = at < 0 ? [] : blocks.splice(at, 1);
    this.setData({
      fresh: false, state: "ready", staff, head: staff ? headOf(c) : { ...plainCardOfCase({ ...c, triggers: [] }), badge: texts.case.plain[c.status], ...(c.promise?.late ? { clock: "" } : {}) }, facts: c.facts, why: c.why.map((w) => w.summary), masked: c.masked ?? false, top, blocks, mine: staff ? mineOf(c) : [],
      waits: (c.waits ?? []).map((w) => ({ text: texts.case.wait(w.kind_label, w.clock.text), tone: toneOf(w.clock) })), merged: c.merged ?? [], own: staff ? [] : c.ticket_refs.map((x) => ({ id: x.id, name: texts.case.caller(x.order_no) })), callers: c.reachable ? c.ticket_refs.map((t) => ({ id: t.id, name: texts.case.caller(t.order_no), who: this.data.callers.find((x) => x.id === t.id)?.who ?? "" })) : [], promise: c.promise ?? null, said: staff ? [] : saidOf(c), urged: c.reminded_today ? texts.case.urgedToday : "", rateUntil: c.rate_until ? texts.case.rateUntil(dayOf(c.rate_until, now())) : "", answer: staff || !c.submission ? "" : [texts.case.outcome[c.submission.outcome], c.submission.answer].filter(Boolean).join("。"), standing: c.standing ?? "", obstacle: c.obstacle ?? "",
      primary: staff ? primary : null, second: staff ? second : null, more: staff ? (c.publication ? [...more, { name: "publication", label: texts.publication.open, target: "" } as never as Button] : more) : [], mayRate: rate && !staff, canAdd: !staff && c.status !== "closed" && c.ticket_refs.length > 0, waiting: waitingOn(c.id),
    });
    void wx.setNavigationBarTitle({ title: staff ? texts.case.title : texts.case.residentTitle });
    if (!staff) {
      const remind = c.allowed.find((a) => a.name === "remind");
      this.setData({ second: remind ? { name: "remind", label: texts.case.urge, target: "" } : null });
    }
    const before = kept();
    if (before || !c.allowed.some((a) => a.name === "accept")) this.chooseHandlers(handlersOf(before ?? noDirectory, c.lead_department?.id ?? "", c.handler?.id));
  },

  async loadEvents() {
    try {
      const all: TimelineItem[] = [];
      for (let after: number | undefined = 0; after !== undefined; ) { // the newest come last, and stand first
        const page: PageTimelineItem = await client.call("get_timeline", { path: { id: this.id }, query: { limit: 100, after } });
        all.push(...page.items);
        after = page.next === undefined ? undefined : Number(page.next);
      }
      this.events = all.map((e) => lineOf(e, now())).reverse();
      this.drawEvents();
      this.setData({ eventsState: all.length ? "ready" : "empty" });
    } catch {
      this.setData({ eventsState: "moreFailed" });
    }
  },
  /** loadNotes reads what the requesters have said beside their tickets: a requester's own stands among the events. */
  async loadNotes() {
    if (this.data.masked) return;
    try {
      const page = await client.call("list_case_notes", { path: { id: this.id }, query: { limit: 100 } });
      this.setData({ notes: page.items.map((n) => noteOf(n, now())) });
      this.drawEvents();
    } catch {
      this.setData({ notes: [] });
    }
  },
  /** loadPlaces reads where it is: a requester's own, or what staff may see. */
  async loadPlaces() {
    if (this.data.masked) return;
    try {
      const page = await client.call("list_case_locations", { path: { id: this.id }, query: { limit: 100 } });
      this.setData({ placed: page.items.map((l) => ({ ...l, meta: [this.data.staff ? l.of_label : "", l.by?.name, momentOf(l.at, now())].filter(Boolean).join(" · ") })) });
    } catch {
      this.setData({ placed: [] });
    }
  },
  unmask(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void unmask(e.currentTarget.dataset.id);
  },
  drawEvents() {
    const mine = this.data.staff ? [] : this.data.notes.filter((n) => n.text).map((n): Happened => ({ seq: n.id, at: n.at, text: `${texts.ticket.mine}：${n.text}`, meta: n.meta, routine: false }));
    this.setData({ beside: this.data.staff ? this.data.notes : this.data.notes.filter((n) => n.pictures.length).map((n) => ({ ...n, text: "" })), events: folded([...this.events, ...mine].sort((a, b) => b.at.localeCompare(a.at)), now()) });
  },
  unfold(e: WechatMiniprogram.TouchEvent<object, object, { seq: number }>) {
    const { seq } = e.currentTarget.dataset;
    this.setData({ [`unfolded.${seq}`]: !this.data.unfolded[seq] });
  },
  addFacts() {
    const ticket = this.shown?.ticket_refs[this.shown.ticket_refs.length - 1];
    if (ticket) void wx.navigateTo({ url: `/resident/facts/index?id=${ticket.id}&title=${encodeURIComponent(this.shown?.title ?? "")}` });
  },
  openMerged(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },
  openOwn(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/resident/ticket/index?id=${e.currentTarget.dataset.id}` });
  },
  notePicture(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
    void wx.previewImage({ urls: this.data.notes.flatMap((n) => n.pictures.map((p) => p.url)), current: e.currentTarget.dataset.url });
  },
  async loadPictures() {
    try {
      const page = await client.call("list_case_attachments", { path: { id: this.id }, query: {} });
      this.setData({
        pictures: page.items.flatMap((a) => (a.url ? [{ id: a.id, thumb: a.thumb_url ?? "", url: a.url, name: a.name ?? "", label: a.with_label, picture: a.type.startsWith("image/") }] : [])),
      });
    } catch {
      this.setData({ pictures: [] });
    }
  },
  /** loadHandlers reads whom the head can name; only who may accept needs it. */
  async loadHandlers() {
    const c = this.shown;
    if (!c?.allowed.some((a) => a.name === "accept") || !c.lead_department) return;
    try {
      this.chooseHandlers(handlersOf(await directory(), c.lead_department.id, c.handler?.id));
    } catch {
      // accepting says itself what it misses
    }
  },
  chooseHandlers(handlers: Choice[]) {
    const accept = this.shown?.allowed.find((a) => a.name === "accept");
    if (!accept) this.setData({ handler: null, handlers: [] });
    if (!accept || this.data.primary?.name !== "accept") return;
    const mine = accept.as.role === "handler" ? { id: "", name: texts.case.handlerMe } : undefined;
    const handler = mine ?? this.data.handler ?? handlers[0] ?? null;
    this.setData({ handlers: mine ? [] : handlers, handler, "primary.label": mine ? `${accept.label}，${mine.name}` : handler ? texts.case.acceptBy(handler.name) : accept.label });
  },
  openHandlers() {
    this.setData({ handlerOpen: true });
  },
  closeHandlers() {
    this.setData({ handlerOpen: false });
  },
  pickHandler(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const handler = this.data.handlers[e.currentTarget.dataset.at];
    this.setData({ handler, handlerOpen: false, "primary.label": texts.case.acceptBy(handler.name) });
  },

  press(e: WechatMiniprogram.TouchEvent<object, object, { which: "primary" | "second" }>) {
    askOwed();
    const button = this.data[e.currentTarget.dataset.which];
    if (button) void this.go(button);
  },
  openMore() {
    askOwed();
    this.setData({ moreOpen: true });
  },
  closeMore() {
    this.setData({ moreOpen: false });
  },
  pressMore(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    this.setData({ moreOpen: false });
    void this.go(this.data.more[e.currentTarget.dataset.at]);
  },

  /** go gives a command that needs nothing more at once, and opens the form of the others. */
  async go(button: Button) {
    const c = this.shown;
    if (!c || this.data.busy) return;
    if (button.name === "accept" && this.data.handler) {
      const { id } = this.data.handler;
      if (id) rememberHandler(c.lead_department?.id ?? "", id);
      return this.give("case_accept", { version: c.version, handler_id: id || undefined }, button.label);
    }
    if (button.name === "accept_task") return this.give("case_accept_task", { version: c.version, task_id: button.target }, button.label);
    if (button.name === "remind" && !this.data.staff) return this.give("case_remind", { version: c.version }, button.label);
    if ((button.name as string) === "publication") return void wx.navigateTo({ url: `/staff/publication/index?id=${c.id}` });
    await wx.navigateTo({ url: `/staff/command/index?id=${c.id}&name=${button.name}&target=${button.target}` });
  },
  async give(operation: "case_accept" | "case_accept_task" | "case_remind", body: { version: number; handler_id?: string; task_id?: string }, title: string) {
    const c = this.shown;
    const person = me()?.id;
    if (!c || !person) return;
    this.setData({ busy: true });
    try {
      const out = await queue.give({ person, operation, path: { id: c.id }, body: body as never, title: `${c.title} · ${title}` });
      if (out.state === "done" && operation !== "case_remind") this.question?.owe();
      if (out.state === "done") this.draw(out.answer.case);
      else this.draw(c);
      void wx.showToast({ title: out.state !== "done" ? texts.queue.kept : operation === "case_remind" ? texts.case.urged : texts.case.done, icon: "none" });
      if (out.state === "done") void this.loadEvents();
    } catch (e) {
      void wx.showModal({ content: messageOf(e), showCancel: false, confirmText: texts.common.ok });
      if (e instanceof Refused) void this.load();
    } finally {
      this.setData({ busy: false });
    }
  },
  rate(e: WechatMiniprogram.TouchEvent<object, object, { rating: string }>) {
    void wx.navigateTo({ url: `/staff/command/index?id=${this.id}&name=rate&rating=${e.currentTarget.dataset.rating}` });
  },
  /** call shows a requester's number to who works on the case, and dials it: the server notes why it was looked at. */
  async call(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const { at } = e.currentTarget.dataset;
    const reasons = [...texts.case.callFor];
    const chosen = await wx.showActionSheet({ alertText: texts.case.callWhy, itemList: reasons }).then((r) => r.tapIndex, () => -1);
    if (chosen < 0) return;
    try {
      const who = await client.call("unmask_ticket", { path: { id: this.data.callers[at].id }, body: { fields: ["phone", "name"], reason: reasons[chosen] } });
      if (!who.phone) return void wx.showToast({ title: texts.case.noNumber, icon: "none" });
      this.setData({ [`callers[${at}].who`]: [who.contact || who.name, who.phone].filter(Boolean).join("  ") });
      await wx.makePhoneCall({ phoneNumber: who.phone }).catch(() => undefined);
    } catch (e) {
      void wx.showModal({ content: messageOf(e), showCancel: false, confirmText: texts.common.ok });
    }
  },
  picture(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const urls = this.data.pictures.filter((p) => p.picture).map((p) => p.url);
    void wx.previewImage({ urls, current: this.data.pictures[e.currentTarget.dataset.at].url });
  },
  openQueue() {
    void wx.navigateTo({ url: "/more/queue/index" });
  },
  renew() {
    void this.load();
  },
  retry() {
    void this.load();
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
  onShareAppMessage() {
    return { title: texts.name, path: "/pages/home/index" }; // a case is nobody else's to open
  },
});

/** waitingOn says how many of my actions on a case have not gone out yet. */
function waitingOn(id: string): string {
  const n = queue.list().filter((a) => (a.path as { id?: string }).id === id).length;
  return n ? texts.queue.waiting(n) : "";
}

/** doneOn has the commands that were given already and no longer come first. */
const doneOn = (c: CaseView): Set<Allowed["name"]> => new Set([...((c.contacts ?? []).some((x) => x.round === c.round) ? ["contact" as const] : []), ...(c.scope && c.reach ? ["classify" as const] : [])]);

/** about names what one reads before giving a command: it stands above the rest. */
const about: { [name in Allowed["name"]]?: string } = { confirm_dissatisfaction: texts.case.ratings, verify_pass: texts.case.submission, convene: texts.case.ratings, answer: texts.case.orders };

/** saidOf is what I have said of the result, and what follows from it. */
const saidOf = (c: CaseView): Said[] => (c.ratings ?? []).filter((r) => r.from === "own").map((r) => ({ text: [texts.case.rating[r.rating], r.words].filter(Boolean).join("："), next: r.rating !== "dissatisfied" ? "" : r.callback ? texts.case.calledBack[r.callback as "confirmed"] : c.call_back_by ? texts.case.callBack(dayOf(c.call_back_by, now())) : "" }));

const noDirectory = { departments: [], grids: [], communities: [], people: [] };

/** mineOf are the tasks that wait for whoever looks: those on which the server lets them act as who they were given to. */
function mineOf(c: CaseView): Mine[] {
  const mine = new Set(c.allowed.flatMap((a) => (["accept_task", "finish_task", "decline_task"].includes(a.name) ? (a.targets ?? []) : [])));
  const t = texts.case;
  return c.tasks.filter((x) => mine.has(x.id)).map((x) => ({ id: x.id, kind: t.taskKind[x.kind], text: x.text, meta: [x.asked_by_name && t.askedBy(x.asked_by_name), t.dueBy(momentOf(x.due_at, now()))].filter(Boolean).join(" · ") }));
}

/** attached is how evidence is named that hangs on the case and is shown among its photos. */
const attached = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** blocksOf lays out who works on a case and what they have done, as far as there is any. */
function blocksOf(c: CaseView): Block[] {
  const t = texts.case;
  const block = (title: string, lines: (Line | false | undefined)[]): Block => ({ title, short: title === t.people, lines: lines.filter((l): l is Line => Boolean(l)) });
  const named = (label: string, who?: { name: string }) => who && { label, value: who.name };
  const at = (iso: string) => momentOf(iso, now());
  const ended = c.stages[c.stages.length - 1];
  return [
    block(t.people, [named(t.lead, c.lead_department), !c.lead_department && named(t.suggested, c.suggested_department), named(t.handler, c.handler), named(t.deputy, c.deputy_leader), c.convener !== undefined && { label: t.convener, value: c.convener }, named(t.coordinator, c.coordinator), named(t.grid, c.grid), ...(c.sponsors ?? []).map((s) => named(t.sponsor, s))]),
    block(t.contacts, (c.contacts ?? []).map((x) => ({ label: [x.reached ? texts.forms.reachedOr.yes : texts.forms.reachedOr.no, at(x.at)].join(" · "), value: x.said }))),
    block(t.submission, c.submission ? [{ label: `${t.outcome[c.submission.outcome]} · ${at(c.submission.at)}`, value: c.submission.result }, c.submission.answer !== undefined && { label: t.answer, value: c.submission.answer }, ...(c.submission.evidence ?? []).filter((e) => !attached.test(e)).map((e) => ({ label: t.evidence, value: e }))] : []),
    block(t.verification, c.verification ? [{ label: [at(c.verification.at), ended?.end === "resolved" && (ended.on_time ? t.onTime : t.notOnTime)].filter(Boolean).join(" · "), value: c.verification.finding }] : []),
    block(t.ratings, (c.ratings ?? []).map((r) => ({ label: [t.rating[r.rating], c.round > 1 && t.round(r.round)].filter(Boolean).join(" · "), value: [r.words, at(r.at)].filter(Boolean).join(" · ") }))),
    block(t.tasks, c.tasks.map((x) => ({ label: [t.taskKind[x.kind], t.taskStatus[x.status], x.addressee_name, x.ended_at ? at(x.ended_at) : `${t.due} ${at(x.due_at)}`].join(" · "), value: [x.text, x.result, x.on_site_at && t.onSiteAt(at(x.on_site_at))].filter(Boolean).join("\n") }))),
    block(t.orders, (c.orders ?? []).map((o) => ({ label: `${t.due} ${at(o.due_at)}`, value: [o.text, o.answer].filter(Boolean).join("\n") }))),
    block(t.consultation, (c.consultations ?? []).map((x) => ({ label: at(x.at), value: `${x.minutes}\n${t.plan}：${x.plan}` }))),
  ].filter((b) => b.lines.length);
}

