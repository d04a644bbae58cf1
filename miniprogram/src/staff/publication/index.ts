// What residents may read of a case: a title and words that a person of the centre writes for them, and how it was solved. What may be
// done now the server says.

import type { PublicationView } from "../../api/contract";
import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import type { ListState } from "../../lib/pager";
import { client, drafts, me, signedIn } from "../../services";
import { texts } from "../../texts";

type Name = "title" | "words" | "story_title" | "problem" | "done";
const t = texts.publication;

Page({
  behaviors: [look],
  data: { t, form: texts.command, state: "loading" as ListState, message: "", view: {} as PublicationView, values: {} as Partial<Record<Name, string>>, wrong: {} as Record<string, string>, restored: false, busy: false },
  id: "",

  onLoad(query: { id?: string }) {
    this.id = query.id ?? "";
    if (signedIn()) void this.load();
  },
  draftOf() {
    return `publication/${this.id}`;
  },
  async load() {
    this.setData({ state: "loading", message: "" });
    try {
      this.draw(await client.call("get_publication", { path: { id: this.id } }));
    } catch (e) {
      this.setData({ state: "failed", message: messageOf(e) });
    }
  },
  draw(view: PublicationView) {
    const draft = drafts.get(me()?.id ?? "", this.draftOf());
    const values = draft ? (draft.values as Partial<Record<Name, string>>) : { title: view.matter?.title, words: view.matter?.words, story_title: view.story?.title, problem: view.story?.problem, done: view.story?.done };
    this.setData({ state: "ready", view, values, restored: draft !== undefined });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const name = e.currentTarget.dataset.name as Name;
    this.data.values[name] = e.detail.value; // not drawn again: the keyboard has it
    if (this.data.wrong[name]) this.setData({ [`wrong.${name}`]: "" });
    drafts.keep(me()?.id ?? "", this.draftOf(), this.data.values, []);
  },
  publish() {
    const { title = "", words } = this.data.values;
    return this.give(() => client.call("publish_case", { path: { id: this.id }, body: { title, words: words || undefined } }), t.published);
  },
  tell() {
    const { story_title: title = "", problem = "", done = "" } = this.data.values;
    return this.give(() => client.call("tell_story", { path: { id: this.id }, body: { title, problem, done } }), t.told, "story_");
  },
  async withdraw() {
    if (!(await wx.showModal({ content: t.withdrawSure, confirmText: t.withdraw, cancelText: texts.common.cancel })).confirm) return;
    await this.give(() => client.call("withdraw_publication", { path: { id: this.id } }), t.withdrawn);
  },
  async give(call: () => Promise<PublicationView>, done: string, prefix = "") {
    if (this.data.busy) return;
    this.setData({ busy: true, message: "", wrong: {} });
    try {
      const view = await call();
      drafts.drop(me()?.id ?? "", this.draftOf());
      this.draw(view);
      void wx.showToast({ title: done, icon: "none" });
    } catch (e) {
      const fields = e instanceof Refused ? (e.problem.fields ?? []) : [];
      this.setData({ message: fields.length ? texts.command.fields : messageOf(e), wrong: Object.fromEntries(fields.map((f) => [f.name === "title" ? `${prefix}title` : f.name, f.message])) });
      void wx.pageScrollTo({ scrollTop: 0 });
    } finally {
      this.setData({ busy: false });
    }
  },
});
