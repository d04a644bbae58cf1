// A head's department: who has how many open cases, nearest deadline first, and another handler in two taps. Numbers, order and whether a
// handler can be named are the server's.

import type { TeamCase } from "../../api/contract";
import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import { directory, handlersOf, type Choice } from "../../lib/directory";
import { listed, Pager, type Shown } from "../../lib/pager";
import { capped, cardOfTeam, type Card } from "../../lib/view";
import { client, me, queue, signedIn } from "../../services";
import { texts } from "../../texts";

type Item = Card & { version: number; handler: string; handlerId: string; assignable: boolean };
interface Member { id: string; words: string; late: string }

const t = texts.team;

Page({
  ...listed,
  behaviors: [look],
  data: { t, common: texts.common, retry: texts.common.retry, department: "", departmentId: "", departments: [] as Choice[], members: [] as Member[], handler: "", failed: "", list: { items: [], state: "loading", message: "" } as Shown<Item>, moving: "", choices: [] as Choice[], busy: false },
  pager: undefined as Pager<Item> | undefined,
  item: undefined as Item | undefined,

  onShow() {
    if (!signedIn()) return;
    void this.count();
    if (this.pager) void this.pager.first();
    else this.open("");
  },

  async count() {
    const asked = this.data.departmentId;
    try {
      const team = await client.call("count_team", { query: { department_id: asked || undefined } });
      if (asked !== this.data.departmentId) return;
      this.setData({
        failed: "", department: team.department.name, departments: team.departments.length > 1 ? team.departments : [], departmentId: team.department.id,
        members: [{ id: "", words: `${t.all} ${capped(team.open, team.cap) || 0}`, late: "" }, ...team.members.map((m) => ({ id: m.handler.id, words: `${m.handler.name} ${capped(m.open, team.cap) || 0}`, late: m.late ? t.late(m.late) : "" }))],
      });
    } catch (e) {
      this.setData({ failed: messageOf(e) });
    }
  },

  open(handler: string) {
    const { departmentId } = this.data;
    this.setData({ handler, list: { items: [], state: "loading", message: "" } });
    this.pager = new Pager(
      async (cursor) => {
        const page = await client.call("list_team_cases", { query: { department_id: departmentId || undefined, handler: handler || undefined, cursor } });
        return { items: page.items.map(itemOf), next: page.next };
      },
      (list) => {
        if (this.data.handler === handler) this.setData({ list }); // else answered after another was chosen
      },
    );
    void this.pager.first();
  },
  choose(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    if (e.currentTarget.dataset.id !== this.data.handler) this.open(e.currentTarget.dataset.id);
  },
  chooseDepartment(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    this.setData({ departmentId: e.currentTarget.dataset.id });
    void this.count();
    this.open("");
  },

  /** move asks who takes a case over. */
  async move(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    this.item = this.data.list.items[e.currentTarget.dataset.at];
    const { handlerId, title } = this.item;
    try {
      const choices = handlersOf(await directory(), this.data.departmentId).filter((h) => h.id !== handlerId);
      this.setData({ moving: title, choices });
    } catch (err) {
      void wx.showToast({ title: messageOf(err), icon: "none" });
    }
  },
  closeMove() {
    this.setData({ moving: "" });
  },
  async take(e: WechatMiniprogram.TouchEvent<object, object, { id: string; name: string }>) {
    const { id, name } = e.currentTarget.dataset;
    const { item } = this;
    const person = me()?.id;
    if (!item || !person || this.data.busy) return;
    this.setData({ busy: true, moving: "" });
    try {
      const out = await queue.give({ person, operation: "case_assign", path: { id: item.id }, body: { version: item.version, handler_id: id }, title: `${item.title} · ${t.change}` });
      void wx.showToast({ title: out.state === "done" ? t.moved(name) : texts.queue.kept, icon: "none" });
    } catch (err) {
      void wx.showModal({ content: err instanceof Refused && err.conflict ? t.conflict : messageOf(err), showCancel: false, confirmText: texts.common.ok });
    } finally {
      this.setData({ busy: false });
      await Promise.allSettled([this.count(), this.pager?.first()]);
    }
  },

  detail(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },
  again() {
    void this.count();
  },
  retry() {
    if (this.data.failed) void this.count();
    void this.pager?.again();
  },
  async onPullDownRefresh() {
    await Promise.allSettled([this.count(), this.pager?.first()]);
    void wx.stopPullDownRefresh();
  },
});

const itemOf = (c: TeamCase): Item => ({ ...cardOfTeam(c), version: c.version, handler: c.handler?.name ?? t.nobody, handlerId: c.handler?.id ?? "", assignable: c.assignable });
