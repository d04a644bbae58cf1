// AB角: who stands in for me, with one switch: on hands over to the delegate shown, off ends it. Below, for whom I do, and what is over or to come.

import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { directory, type Choice } from "../../lib/directory";
import { found } from "../../lib/people";
import { momentOf } from "../../lib/when";
import type { Directory } from "../../api/contract";
import { client, me, now, signedIn } from "../../services";
import { texts } from "../../texts";

interface Row { id: string; words: string; state: string; span: string; live: boolean; mine: boolean; to: Choice }

const t = texts.delegation;
const shanghaiDay = (d: Date) => new Date(d.getTime() + 8 * 3600_000).toISOString().slice(0, 10);
const week = 7 * 24 * 3600_000;

Page({
  behaviors: [look],
  data: { t, seek: texts.command.seek, nobody: texts.command.nobody, on: false, running: null as Row | null, to: null as Choice | null, words: t.to as string, found: [] as Choice[], query: "", from: "", until: "", rows: [] as Row[], message: "", busy: false, loaded: false },
  people: undefined as Directory | undefined,
  onShow() {
    if (!signedIn()) return;
    if (!this.data.from) this.setData({ from: shanghaiDay(now()), until: shanghaiDay(new Date(now().getTime() + week)) });
    void this.load();
  },
  async load() {
    try {
      const [d, list] = await Promise.all([directory(), client.call("list_delegations", { query: { over: true } })]);
      const mine = me()?.id;
      this.people = d;
      const all = list.items.map((x): Row => ({
        id: x.id, mine: x.person.id === mine, words: x.person.id === mine ? t.forMe(x.to.name) : t.iFor(x.person.name), state: t[x.status], span: `${momentOf(x.from, now())} – ${momentOf(x.until, now())}`, live: x.status !== "over", to: x.to,
      }));
      const running = all.find((r) => r.mine && r.live) ?? null;
      const near = this.near("");
      // Who stood in last, else who is nearest.
      const to = this.data.to ?? all.find((r) => r.mine)?.to ?? near[0] ?? null;
      this.setData({
        loaded: true, on: Boolean(running), running, found: near, rows: all.filter((r) => r.live && r !== running),
        to, words: to ? t.by(to.name) : t.to,
      });
    } catch (e) {
      this.setData({ message: messageOf(e) });
    }
  },

  /** near are those to choose from: who was searched for, else who works beside me. */
  near(query: string): Choice[] {
    const post = me()?.posts[0];
    const unit = post?.unit;
    return this.people ? found(this.people, query, { department: unit, grid: unit, community: unit, ...(unit || !post ? {} : { role: post.role }) }, [me()?.id ?? ""]) : [];
  },
  sought(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.data.query = e.detail.value; // not drawn again: the keyboard has it
    this.setData({ found: this.near(e.detail.value) });
  },
  pick(e: WechatMiniprogram.TouchEvent<object, object, { id: string; name: string }>) {
    const { id, name } = e.currentTarget.dataset;
    this.setData({ to: { id, name }, words: t.by(name), message: "" });
  },
  dated(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.setData({ [e.currentTarget.dataset.name as "from"]: e.detail.value, message: "" });
  },

  /** turned hands over, or takes back. */
  async turned(e: WechatMiniprogram.CustomEvent<{ value: boolean }>) {
    const on = e.detail.value;
    if (this.data.busy) return;
    this.setData({ busy: true, on, message: "" });
    try {
      const { to, from, until, running } = this.data;
      if (on) {
        const today = from <= shanghaiDay(now());
        await client.call("create_delegation", { body: { to: to?.id ?? "", from: today ? now().toISOString() : new Date(`${from}T00:00:00+08:00`).toISOString(), until: new Date(`${until}T23:59:59+08:00`).toISOString() } });
      } else if (running) await client.call("end_delegation", { path: { id: running.id } });
      void wx.showToast({ title: on ? t.asked : t.ended, icon: "none" });
      await this.load();
    } catch (e) {
      this.setData({ on: !on, message: messageOf(e) });
    } finally {
      this.setData({ busy: false });
    }
  },
  async onPullDownRefresh() {
    this.setData({ message: "" });
    await this.load();
    void wx.stopPullDownRefresh();
  },
  async end(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    try {
      await client.call("end_delegation", { path: { id: e.currentTarget.dataset.id } });
      await this.load();
    } catch (e) {
      this.setData({ message: messageOf(e) });
    }
  },
});
