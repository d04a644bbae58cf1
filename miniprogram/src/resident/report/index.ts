// A resident reports a new matter, or the contact of an enterprise does: one large field to speak into, where it is, photos. Kept on the
// phone at every stroke; without a network it waits there and is sent once. Then it says what happens next, and where to find it again.

import type { Location, PublicMatter, Reporter, ReportTaken } from "../../api/contract";
import { messageOf, wrongOf } from "../../api/problem";
import { look } from "../../look";
import { addTo, dropFrom } from "../../lib/photos";
import type { Photo } from "../../lib/queue";
import { otherOf, type Other } from "../../lib/proposal";
import { askOwed, Question } from "../../lib/subscribe";
import { client, drafts, me, queue, signedIn, store } from "../../services";
import { texts } from "../../texts";

type Name = "content" | "place" | "community_id" | "enterprise" | "phone_id";
interface Choice { id: string; name: string }

const form = "matter";
const t = texts.matter;
const pause = 1200; // ms without a key before the server is asked
interface Near extends PublicMatter { meta: string }
const keyOf = () => `cache/${me()?.id}/reporter`;

Page({
  behaviors: [look],
  data: {
    other: null as Other | null,
    place: texts.place, location: null as Location | null, t, common: texts.common, form: texts.command, values: {} as Partial<Record<Name, string>>, wrong: {} as Partial<Record<string, string>>, photos: [] as Photo[], restored: false, busy: false, message: "",
    communities: [] as Choice[], communityAt: -1, community: "", phones: [] as Choice[], phone: "", noPhone: false, firms: [] as Choice[], taken: null as Partial<ReportTaken> | null, s: texts.similar, similar: [] as Near[],
  },
  timer: 0,
  asked: "", // the text that was last asked about
  question: undefined as Question | undefined,

  onLoad() {
    this.question = new Question("report"); // here, not above: WeChat copies what stands in a page
    if (!signedIn()) return;
    const draft = drafts.get(me()?.id ?? "", form);
    if (draft) this.setData({ values: draft.values as Partial<Record<Name, string>>, location: (draft.values.location as Location | undefined) ?? null, photos: draft.photos, restored: true });
    void this.question?.prepare();
  },
  onShow() {
    if (!signedIn()) return;
    const kept = store.get<Reporter>(keyOf());
    if (kept) this.offer(kept);
    void client.call("get_reporter", {}).then((r) => (store.set(keyOf(), r), this.offer(r)), () => undefined); // sending says what it misses
  },
  /** offer shows what there is to choose from. */
  offer(r: Reporter) {
    const communities = [...r.communities, { id: "", name: t.noCommunity }];
    const communityAt = communities.findIndex((c) => c.id === this.data.values.community_id);
    const phone = r.phones.find((p) => p.id === this.data.values.phone_id) ?? r.phones[0];
    this.setData({
      communities, communityAt, community: communities[communityAt]?.name ?? "", noPhone: !phone, phone: phone ? t.phoneIs(phone.number) : "",
      phones: r.phones.map((p) => ({ id: p.id, name: p.number })), firms: r.enterprises.length ? [{ id: "", name: t.forMe }, ...r.enterprises] : [], "values.enterprise": r.enterprises.some((e) => e.id === this.data.values.enterprise) ? this.data.values.enterprise : "",
    });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const name = e.currentTarget.dataset.name as Name;
    this.data.values[name] = e.detail.value; // not drawn again: the keyboard has it
    if (this.data.wrong[name]) this.setData({ [`wrong.${name}`]: "" });
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.findSimilar(), pause);
  },
  /** findSimilar shows what the street has published that looks like the same: a help, not a condition. */
  async findSimilar() {
    const { content = "", place, community_id } = this.data.values;
    const body = { content, place: place || undefined, community_id: community_id || undefined };
    const asked = JSON.stringify(body);
    if (asked === this.asked) return;
    this.asked = asked;
    try {
      const { items, community } = await client.call("find_published_similar", { body }, { tries: 1 });
      if (this.asked === asked) this.setData({ other: otherOf(community, Boolean(community_id)), similar: items.map((m) => ({ ...m, meta: [m.status, m.promise, texts.similar.people(m.people)].filter(Boolean).join(" · ") })) });
    } catch {
      if (this.asked === asked) this.asked = "";
    }
  },
  async meToo(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const person = me()?.id;
    const m = this.data.similar[e.currentTarget.dataset.at];
    if (!person || !m || this.data.busy) return;
    this.setData({ busy: true, message: "" });
    try {
      const out = await queue.give({ person, operation: "me_too", path: { id: m.id }, body: { phone_id: this.data.values.phone_id || undefined }, title: `${texts.similar.meToo} · ${m.title}` });
      drafts.drop(person, form);
      if (out.state === "done") return this.took({ state_label: texts.similar.took, title: m.title, order_no: out.answer.order_no, next: out.answer.text + texts.similar.now(out.answer.people) });
      await wx.navigateBack();
      void wx.showToast({ title: texts.queue.kept, icon: "none", duration: 3000 });
    } catch (e) {
      this.setData({ message: messageOf(e) });
      void wx.pageScrollTo({ scrollTop: 0 });
    } finally {
      this.setData({ busy: false });
    }
  },
  /** took says what came of it, from its beginning: the form was scrolled. */
  took(taken: Partial<ReportTaken>) {
    this.setData({ taken, values: {}, photos: [] });
    void wx.pageScrollTo({ scrollTop: 0, duration: 0 });
  },
  onUnload() {
    clearTimeout(this.timer);
  },
  picked(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const communityAt = Number(e.detail.value);
    this.setData({ communityAt, community: this.data.communities[communityAt]?.name ?? "", "values.community_id": this.data.communities[communityAt]?.id });
    this.keep();
    void this.findSimilar();
  },
  tapped(e: WechatMiniprogram.TouchEvent<object, object, { name: Name; value: string }>) {
    this.setData({ [`values.${e.currentTarget.dataset.name}`]: e.currentTarget.dataset.value });
    this.keep();
  },
  /** takeOther chooses the community that the words name. */
  takeOther() {
    const communityAt = this.data.communities.findIndex((c) => c.id === this.data.other?.id);
    if (communityAt >= 0) this.picked({ detail: { value: String(communityAt) } } as WechatMiniprogram.CustomEvent<{ value: string }>);
  },
  /** placed takes a place, and its name where nobody has written where it is. */
  placed(e: WechatMiniprogram.CustomEvent<{ value: Location | null }>) {
    const location = e.detail.value;
    const words = this.data.values.place || location?.name || location?.address;
    this.setData({ location, "values.place": words, ...(words ? { "wrong.place": "" } : {}) });
    this.keep();
  },
  addPhotos() {
    return addTo(this);
  },
  dropPhoto(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    dropFrom(this, e.currentTarget.dataset.at);
  },
  keep() {
    const { content, place } = this.data.values;
    if (content || place || this.data.location || this.data.photos.length) drafts.keep(me()?.id ?? "", form, { ...this.data.values, location: this.data.location ?? undefined }, this.data.photos);
    else drafts.drop(me()?.id ?? "", form);
  },

  async send() {
    const person = me()?.id;
    if (!person || this.data.busy) return;
    const { content = "", place, community_id, enterprise, phone_id } = this.data.values;
    this.setData({ busy: true, message: "", wrong: {} });
    try {
      const out = await queue.give({
        person, operation: "report_matter", path: {}, body: { content, place: place || undefined, community_id: community_id || undefined, enterprise: enterprise || undefined, phone_id: phone_id || undefined, location: this.data.location ?? undefined },
        photos: this.data.photos, photosAs: "attachments", title: `${t.title} · ${content.slice(0, 20)}`,
      });
      drafts.drop(person, form);
      if (out.state === "done") {
        this.question?.owe();
        void wx.setNavigationBarTitle({ title: t.took });
        return this.took(out.answer);
      }
      await wx.navigateBack();
      void wx.showToast({ title: texts.queue.kept, icon: "none", duration: 3000 });
    } catch (e) {
      this.setData(wrongOf(e, ["content", "place", "location"]));
      void wx.pageScrollTo({ scrollTop: 0 });
    } finally {
      this.setData({ busy: false });
    }
  },
  async copy() {
    askOwed();
    await wx.setClipboardData({ data: this.data.taken?.order_no ?? "" });
    void wx.showToast({ title: t.copied, icon: "none" });
  },
  open() {
    askOwed();
    const { taken } = this.data;
    if (taken) void wx.redirectTo({ url: taken.case ? `/pages/case/detail?id=${taken.case.id}` : `/resident/ticket/index?id=${taken.id}` });
  },
  home() {
    askOwed();
    void wx.switchTab({ url: "/pages/home/index" });
  },
  toMe() {
    void wx.switchTab({ url: "/pages/me/index" });
  },
});
