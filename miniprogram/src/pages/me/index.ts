// Who I am here, and what belongs to me: 长辈版, the other side, WeChat, delegates, personal data.

import type { PhoneView } from "../../api/contract";
import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { chooseElder, client, enter, isElder, keptOf, leave, learnMe, me, queue, session, side, signedIn } from "../../services";
import { texts } from "../../texts";

const t = texts.me;

Page({
  behaviors: [look],
  data: { t, name: "", posts: "", staff: false, other: "" as "" | "staff" | "resident", phones: [] as PhoneView[], follows: "", waiting: 0, switchText: "" },

  onShow() {
    this.getTabBar?.()?.setData({ at: 2 });
    if (!signedIn()) return;
    this.draw();
    void this.load();
  },
  draw() {
    const staff = side() === "staff";
    const other = staff ? "resident" : "staff";
    this.setData({
      name: me()?.name ?? "", posts: staff ? (me()?.posts.map((p) => p.label).join("、") ?? "") : "", staff, other: session.kept?.sides.includes(other) ? other : "", switchText: staff ? t.switchResident : t.switchStaff, waiting: queue.list().length,
    });
  },
  async load() {
    try {
      const [, wechat] = await Promise.all([learnMe(), client.call("get_my_wechat", {})]);
      this.setData({ phones: wechat.phones, follows: wechat.follows ? t.follows : t.followsNot });
      this.draw();
    } catch {
      // what is known already stands there
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
    if (!phone_code) return;
    await this.try(() => client.call("add_my_phone", { body: { phone_code } }));
    await this.load();
  },
  async copy() {
    await this.try(async () => {
      const data = await client.call("copy_my_data", {});
      await wx.setClipboardData({ data: JSON.stringify(data, null, 2) });
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
});
