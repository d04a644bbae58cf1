// Family: whom I let see and do what is mine, and who lets me. Begun with a code that one gives the other, ended by either.

import type { FamilyView, InviteMyFamilyRequest } from "../../api/contract";
import { cachedBecause, messageOf, Unreachable } from "../../api/problem";
import { look } from "../../look";
import { dayOf, momentOf } from "../../lib/when";
import { client, me, now, signedIn, store } from "../../services";
import { texts } from "../../texts";

interface Row { id: string; given: boolean; badge: string; words: string; since: string; end: string }

const t = texts.family;
type Relation = InviteMyFamilyRequest["relation"];
const relations = Object.entries(t.relations).map(([id, name]) => ({ id: id as Relation, name }));
const keyOf = () => `cache/${me()?.id}/family`;

Page({
  behaviors: [look],
  data: { t, choose: texts.common.choose, cachedText: texts.common.cached as string, relations, at: -1, relationWrong: "", rows: [] as Row[], state: "loading", message: "", cached: false, code: "", codeDo: "", given: "", giveWrong: "", takeWrong: "", busy: false },
  onShow() {
    if (signedIn()) void this.load();
  },
  async load() {
    const kept = store.get<FamilyView[]>(keyOf());
    if (this.data.state !== "ready") this.setData({ state: "loading" });
    try {
      const { items } = await client.call("list_my_family", {});
      store.set(keyOf(), items);
      this.show(items, false);
    } catch (e) {
      if (kept && e instanceof Unreachable) {
        this.setData({ cachedText: cachedBecause(e) });
        this.show(kept, true);
      }
      else this.setData({ state: "failed", message: messageOf(e) });
    }
  },
  show(items: FamilyView[], cached: boolean) {
    this.setData({
      cached, state: items.length ? "ready" : "empty",
      rows: items.map((f) => {
        const relation = t.relations[f.relation as Relation] ?? t.relations.other;
        return { id: f.id, given: f.given, badge: f.given ? t.givenBadge : t.heldBadge, words: f.given ? t.given(relation) : t.held(relation), since: t.since(dayOf(f.made_at, now())), end: f.given ? t.endGiven : t.endHeld };
      }),
    });
  },
  pick(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ at: Number(e.detail.value), relationWrong: "", giveWrong: "" });
  },
  async invite() {
    const relation = relations[this.data.at]?.id;
    if (!relation) return this.setData({ relationWrong: t.chooseRelation });
    this.setData({ busy: true, giveWrong: "" });
    try {
      const { code, expires_at } = await client.call("invite_my_family", { body: { relation } });
      this.setData({ code, codeDo: t.codeDo(momentOf(expires_at, now())) });
    } catch (e) {
      this.setData({ giveWrong: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
  },
  async copy() {
    await wx.setClipboardData({ data: this.data.code });
    void wx.showToast({ title: t.copied, icon: "none" });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ given: e.detail.value.trim(), takeWrong: "" });
  },
  async accept() {
    this.setData({ busy: true, takeWrong: "" });
    try {
      await client.call("accept_family", { body: { code: this.data.given } });
      this.setData({ given: "" });
      void wx.showToast({ title: t.accepted, icon: "none" });
    } catch (e) {
      this.setData({ takeWrong: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
    await this.load(); // also when no answer came: the list says whether it was done
  },
  async end(e: WechatMiniprogram.TouchEvent<object, object, { id: string; given: boolean }>) {
    const { id, given } = e.currentTarget.dataset;
    if (!(await wx.showModal({ content: given ? t.endGivenSure : t.endHeldSure, confirmText: given ? t.endGiven : t.endHeld, cancelText: texts.common.cancel })).confirm) return;
    try {
      await client.call("end_my_family", { path: { id } });
      void wx.showToast({ title: t.ended, icon: "none" });
    } catch (e) {
      await wx.showModal({ content: messageOf(e), showCancel: false, confirmText: texts.common.ok });
    }
    await this.load();
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
