// AB角: who stands in for me from when to when, and for whom I do.

import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { directory, type Choice } from "../../lib/directory";
import { momentOf } from "../../lib/when";
import { client, me, now, signedIn } from "../../services";
import { texts } from "../../texts";

interface Row { id: string; words: string; state: string; span: string; live: boolean }

const t = texts.delegation;
const shanghaiDay = (d: Date) => new Date(d.getTime() + 8 * 3600_000).toISOString().slice(0, 10);

Page({
  behaviors: [look],
  data: { t, choose: texts.common.choose, people: [] as Choice[], at: -1, person: "", from: "", until: "", rows: [] as Row[], message: "", busy: false, loaded: false },
  onShow() {
    if (!signedIn()) return;
    if (!this.data.from) this.setData({ from: shanghaiDay(now()), until: shanghaiDay(now()) });
    void this.load();
  },
  async load() {
    try {
      const [d, list] = await Promise.all([directory(), client.call("list_delegations", { query: {} })]);
      const mine = me()?.id;
      this.setData({
        loaded: true, people: d.people.filter((p) => p.id !== mine).map((p) => ({ id: p.id, name: `${p.name} ${p.posts[0]?.label ?? ""}` })),
        rows: list.items.map((x) => ({ id: x.id, words: x.person.id === mine ? t.forMe(x.to.name) : t.iFor(x.person.name), state: t[x.status], span: `${momentOf(x.from, now())} – ${momentOf(x.until, now())}`, live: x.status !== "over" })),
      });
    } catch (e) {
      this.setData({ message: messageOf(e) });
    }
  },
  pick(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.detail.value);
    this.setData({ at, person: this.data.people[at]?.name ?? "", message: "" });
  },
  dated(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ [e.currentTarget.dataset.name as "from"]: e.detail.value, message: "" });
  },
  async ask() {
    this.setData({ busy: true, message: "" });
    try {
      const today = this.data.from === shanghaiDay(now());
      await client.call("create_delegation", { body: { to: this.data.people[this.data.at]?.id ?? "", from: today ? now().toISOString() : new Date(`${this.data.from}T00:00:00+08:00`).toISOString(), until: new Date(`${this.data.until}T23:59:59+08:00`).toISOString() } });
      void wx.showToast({ title: t.asked, icon: "none" });
      this.setData({ at: -1, person: "" });
      await this.load();
    } catch (e) {
      this.setData({ message: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
  },
  async end(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    try {
      await client.call("end_delegation", { path: { id: e.currentTarget.dataset.id } });
      await this.load();
    } catch (e) {
      this.setData({ message: messageOf(e) });
    }
  },
  async onPullDownRefresh() {
    this.setData({ message: "" });
    await this.load();
    void wx.stopPullDownRefresh();
  },
});
