// One of residents' tickets that is in no case: what was said, what it may be the same as, and what the centre makes of it: a case, a part of
// one, or an answer. What is typed is kept at every stroke.

import type { Similar, WaitingTicketView } from "../../api/contract";
import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import { noteOf, type Note } from "../../lib/note";
import type { ListState } from "../../lib/pager";
import { unmask } from "../../lib/place";
import { momentOf } from "../../lib/when";
import { client, drafts, me, now, signedIn } from "../../services";
import { texts } from "../../texts";

type Form = "" | "register" | "answer";
type Name = "title" | "reason" | "words";
interface Same { key: string; title: string; about: string; why: string; at: number; attachable: boolean }

const t = texts.waiting;

Page({
  behaviors: [look],
  data: { p: texts.place, t, common: texts.common, draft: texts.command.draft, state: "loading" as ListState, message: "", view: null as WaitingTicketView | null, place: "", meta: "", same: [] as Same[], notes: [] as Note[], form: "" as Form, values: {} as Partial<Record<Name, string>>, restored: false, wrong: {} as Record<string, string>, problem: "", busy: false },
  id: "",

  onLoad(query: { id?: string }) {
    this.id = query.id ?? "";
  },
  onShow() {
    if (signedIn()) void this.load();
  },
  async load() {
    if (!this.data.view) this.setData({ state: "loading" });
    try {
      const [view, notes] = await Promise.all([client.call("get_waiting_ticket", { path: { id: this.id } }), client.call("list_ticket_notes", { path: { id: this.id } })]);
      this.draw(view);
      this.setData({ notes: notes.items.map((n) => noteOf(n, now())) });
    } catch (e) {
      if (this.data.view) void wx.showToast({ title: messageOf(e), icon: "none" });
      else this.setData({ state: "failed", message: messageOf(e) });
    }
  },
  draw(view: WaitingTicketView) {
    const kept = drafts.get(me()?.id ?? "", this.key());
    this.setData({
      state: "ready", view, form: view.open ? this.data.form : "",
      place: [view.topic, view.community, view.address].filter(Boolean).join(" · "),
      meta: [momentOf(view.accepted_at, now()), view.requester_name, view.requester_phone].filter(Boolean).join("  "),
      same: view.similar.map((s, at) => ({ key: s.case_id ?? s.ticket_id ?? "", at, title: s.title, about: [s.case_number ?? s.order_no, s.status_label, s.place].filter(Boolean).join(" · "), why: s.reasons.join("；"), attachable: s.attachable ?? false })),
      values: (kept?.values ?? { title: view.case_title }) as Partial<Record<Name, string>>, restored: Boolean(kept),
    });
  },
  key() {
    return `ticket/${this.id}`;
  },

  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const name = e.currentTarget.dataset.name as Name;
    this.data.values[name] = e.detail.value; // not drawn again: the keyboard has it
    if (this.data.wrong[name]) this.setData({ [`wrong.${name}`]: "" });
    drafts.keep(me()?.id ?? "", this.key(), this.data.values, []);
  },
  openForm(e: WechatMiniprogram.TouchEvent<object, object, { form: Form }>) {
    this.setData({ form: e.currentTarget.dataset.form, problem: "", wrong: {}, values: this.data.values });
    void wx.pageScrollTo({ scrollTop: 0 });
  },

  register() {
    const { title, reason = "" } = this.data.values;
    return this.give(async () => (await client.call("register_ticket", { path: { id: this.id }, body: { title, reason } })).case.id, t.registered);
  },
  answer() {
    return this.give(async () => void (await client.call("answer_ticket", { path: { id: this.id }, body: { words: this.data.values.words ?? "" } })), t.answered);
  },
  attach(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const { case_id: id = "", case_version: version = 0 } = this.similar(e.currentTarget.dataset.at);
    return this.give(async () => (await client.call("case_attach", { path: { id }, body: { version, ticket_id: this.id } })).case.id, t.attached);
  },
  /** give does it, and opens the case that the ticket is in now. */
  async give(act: () => Promise<string | void>, done: string) {
    if (this.data.busy) return;
    this.setData({ busy: true, problem: "", wrong: {} });
    try {
      const id = await act();
      drafts.drop(me()?.id ?? "", this.key());
      await (id ? wx.redirectTo({ url: `/pages/case/detail?id=${id}` }) : wx.navigateBack());
      void wx.showToast({ title: done, icon: "none" });
    } catch (e) {
      const fields = e instanceof Refused ? (e.problem.fields ?? []) : [];
      this.setData({ problem: fields.length ? texts.command.fields : messageOf(e), wrong: Object.fromEntries(fields.map((f) => [f.name, f.message])) });
      if (e instanceof Refused && !fields.length && e.problem.code !== "invalid_argument") void this.load(); // somebody else has decided meanwhile
      void wx.pageScrollTo({ scrollTop: 0 });
    } finally {
      this.setData({ busy: false });
    }
  },

  similar(at: number): Similar {
    return this.data.view?.similar[at] ?? ({} as Similar);
  },
  openSame(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const s = this.similar(e.currentTarget.dataset.at);
    void wx.navigateTo({ url: s.case_id ? `/pages/case/detail?id=${s.case_id}` : `/staff/ticket/index?id=${s.ticket_id}` });
  },
  unmask() {
    void unmask(this.id);
  },
  toCase() {
    const id = this.data.view?.case?.id;
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
