// The enterprises that a contact acts for: listed, bound by their credit code, unbound.

import type { Enterprise } from "../../api/contract";
import { cachedBecause, messageOf, Unreachable } from "../../api/problem";
import { look } from "../../look";
import { dayOf } from "../../lib/when";
import { client, me, now, signedIn, store } from "../../services";
import { texts } from "../../texts";

interface Row { code: string; name: string; since: string }

const t = texts.enterprise;
const keyOf = () => `cache/${me()?.id}/enterprises`;

Page({
  behaviors: [look],
  data: { t, rows: [] as Row[], state: "loading", failed: "", cached: "", code: "", name: "", message: "", done: "", busy: false },
  onShow() {
    if (signedIn()) void this.load();
  },
  async load() {
    if (this.data.state !== "ready") this.setData({ state: "loading" });
    try {
      const { items } = await client.call("list_my_enterprises", {});
      store.set(keyOf(), items);
      this.show(items, "");
    } catch (e) {
      const kept = e instanceof Unreachable ? store.get<Enterprise[]>(keyOf()) : undefined;
      if (kept) this.show(kept, cachedBecause(e as Unreachable));
      else this.setData({ state: "failed", failed: messageOf(e) });
    }
  },
  show(items: Enterprise[], cached: string) {
    this.setData({ cached, state: items.length ? "ready" : "empty", rows: items.map((e) => ({ code: e.credit_code, name: e.name, since: t.since(dayOf(e.bound_at, now())) })) });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const name = e.currentTarget.dataset.name as "code" | "name";
    this.setData({ [name]: name === "code" ? e.detail.value.trim().toUpperCase() : e.detail.value, message: "", done: "" });
  },
  async bind() {
    const done = await this.try(() => client.call("add_my_enterprise", { body: { credit_code: this.data.code, name: this.data.name.trim() } }), t.bound);
    if (done) this.setData({ code: "", name: "" });
  },
  async unbind(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const { code, name } = this.data.rows[e.currentTarget.dataset.at];
    if (!(await wx.showModal({ content: t.unbindSure(name), confirmText: texts.me.dropPhone, cancelText: texts.common.cancel })).confirm) return;
    await this.try(() => client.call("drop_my_enterprise", { path: { id: code } }), t.unbound);
  },
  /** try does one thing and reads the list again, also when no answer came: it says whether it was done. */
  async try(act: () => Promise<unknown>, done: string): Promise<boolean> {
    this.setData({ busy: true, message: "", done: "" });
    try {
      await act();
      this.setData({ done });
    } catch (e) {
      this.setData({ message: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
    await this.load();
    return this.data.done === done;
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
