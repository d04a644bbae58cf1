// Who I am here, and what belongs to me: 长辈版, the other side, WeChat, delegates, family, enterprises, personal data.

import type { PhoneView } from "../../api/contract";
import { messageOf } from "../../api/problem";
import { server } from "../../config";
import { copyOf } from "../../lib/copy";
import { look } from "../../look";
import { chooseElder, client, enter, isElder, keptOf, leave, learnMe, me, now, queue, session, side, signedIn, unread } from "../../services";
import { texts } from "../../texts";

const t = texts.me;

Page({
  behaviors: [look],
  data: { t, retry: texts.common.retry, loading: texts.common.loading, state: "loading", message: "", name: "", posts: "", staff: false, other: "" as "" | "staff" | "resident", phones: [] as PhoneView[], follows: "", waiting: false, waitingText: "", followsHow: "", switchText: "" },

  onShow() {
    this.getTabBar?.()?.setData({ at: 2 });
    if (!signedIn()) return;
    this.draw();
    void this.load().then(() => unread.count());
  },
  draw() {
    const staff = side() === "staff";
    const other = staff ? "resident" : "staff";
    this.setData({
      name: me()?.name ?? "", posts: staff ? (me()?.posts.map((p) => p.label).join("、") ?? "") : "", staff, other: session.kept?.sides.includes(other) ? other : "", switchText: staff ? t.switchResident : t.switchStaff, waiting: queue.list().length > 0, waitingText: t.waiting(queue.list().length),
    });
  },
  async load() {
    this.setData({ message: "" });
    try {
      const [, wechat] = await Promise.all([learnMe(), client.call("get_my_wechat", {})]);
      this.setData({ state: "ready", phones: wechat.phones, follows: wechat.follows ? t.follows : t.followsNot, followsHow: wechat.follows ? "" : t.followsHow });
      this.draw();
    } catch (e) {
      this.setData({ message: messageOf(e) }); // what is known already stays
    }
  },
  elderly(e: WechatMiniprogram.CustomEvent<{ value: boolean }>) {
    chooseElder(e.detail.value);
    this.setData({ elder: isElder() });
    this.getTabBar?.()?.setData({ elder: isElder() });
  },
  async swap() {
    const as = this.data.other;
    if (!as) return;
    await this.try(async () => {
      const kept = keptOf(await client.call("switch_side", { body: { as } }));
      if (kept) await enter(kept);
    });
  },
  async addPhone(e: WechatMiniprogram.CustomEvent<{ code?: string }>) {
    const phone_code = e.detail.code;
    if (!phone_code) return void wx.showModal({ content: t.phoneRefused, showCancel: false, confirmText: texts.common.ok });
    await this.try(async () => {
      await client.call("add_my_phone", { body: { phone_code } });
      void wx.showToast({ title: t.phoneAdded, icon: "none" });
    });
    await this.load();
  },
  async dropPhone(e: WechatMiniprogram.TouchEvent<object, object, { id: string; number: string }>) {
    const { id, number } = e.currentTarget.dataset;
    if (!(await wx.showModal({ content: t.dropPhoneSure(number), confirmText: t.dropPhone, cancelText: texts.common.cancel })).confirm) return;
    await this.try(() => client.call("drop_my_phone", { path: { id } }));
    await this.load(); // the sign-in has ended: this signs in again
  },
  unbind() {
    return this.end(side() === "staff" ? t.unbindStaffSure : t.unbindResidentSure, t.dropPhone, false);
  },
  lost() {
    return this.end(t.lostSure, t.lostDo, true);
  },
  /** end unbinds WeChat: from this side, or, of a lost phone, from both. */
  async end(content: string, confirmText: string, lost: boolean) {
    const staff = side() === "staff";
    if (!(await wx.showModal({ content, confirmText, cancelText: texts.common.cancel })).confirm) return;
    await this.try(async () => {
      await client.call("unbind_my_wechat", { body: { lost } });
      leave(!staff); // a resident's account goes, and nobody could send what waits for it
      await wx.showModal({ content: t.unbound, showCancel: false, confirmText: texts.common.ok });
      await wx.reLaunch({ url: "/pages/login/login" });
    });
  },
  async copy() {
    await this.try(async () => {
      const data = await client.call("copy_my_data", {});
      await wx.setClipboardData({ data: copyOf(data, now(), server) });
      await wx.showModal({ content: t.copied, showCancel: false, confirmText: texts.common.ok });
    });
  },
  async erase() {
    if (!(await wx.showModal({ content: t.eraseSure, confirmText: texts.common.delete, cancelText: texts.common.cancel })).confirm) return;
    await this.try(async () => {
      const { code } = await wx.login();
      const out = await client.call("erase_my_data", { body: { code } });
      await wx.showModal({ content: t.erased(out.kept), showCancel: false, confirmText: texts.common.ok });
      leave(true);
      await wx.reLaunch({ url: "/pages/login/login" });
    });
  },
  async out() {
    if (!(await wx.showModal({ content: t.signOutSure, confirmText: t.signOut, cancelText: texts.common.cancel })).confirm) return;
    await client.call("sign_out", {}, { tries: 1 }).catch(() => undefined);
    leave();
    await wx.reLaunch({ url: "/pages/login/login" });
  },
  async try(act: () => Promise<unknown>) {
    try {
      await act();
    } catch (e) {
      void wx.showModal({ content: messageOf(e), showCancel: false, confirmText: texts.common.ok });
    }
  },
  go(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
    void wx.navigateTo({ url: e.currentTarget.dataset.url });
  },
  async onPullDownRefresh() {
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
