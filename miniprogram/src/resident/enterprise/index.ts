// The enterprises that a contact acts for: bound and unbound by the credit code. The server lists them only in the copy of one's data.

import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { client, signedIn } from "../../services";
import { texts } from "../../texts";

const t = texts.enterprise;

Page({
  behaviors: [look],
  data: { t, code: "", name: "", message: "", done: "", busy: false },
  onShow() {
    signedIn();
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const name = e.currentTarget.dataset.name as "code" | "name";
    this.setData({ [name]: name === "code" ? e.detail.value.trim().toUpperCase() : e.detail.value, message: "", done: "" });
  },
  async bind() {
    await this.try(() => client.call("add_my_enterprise", { body: { credit_code: this.data.code, name: this.data.name.trim() } }), t.bound);
  },
  async unbind() {
    if (!(await wx.showModal({ content: t.unbindSure(this.data.code), confirmText: texts.me.dropPhone, cancelText: texts.common.cancel })).confirm) return;
    await this.try(() => client.call("drop_my_enterprise", { path: { id: this.data.code } }), t.unbound);
  },
  async try(act: () => Promise<unknown>, done: string) {
    this.setData({ busy: true, message: "", done: "" });
    try {
      await act();
      this.setData({ done });
    } catch (e) {
      this.setData({ message: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
  },
});
