// Reporting a hard case from the street: what, where, a photo. It is kept on the phone at every stroke and needs no network. When
// somebody stops typing, what looks like the same matter is shown, and what the text seems to be about can be taken with a tap.

import type { CommunityView, Location, Named, Similar, TopicBranch } from "../../api/contract";
import { wrongOf } from "../../api/problem";
import { look } from "../../look";
import { directory, kept, type Choice } from "../../lib/directory";
import { addTo, dropFrom } from "../../lib/photos";
import type { Photo } from "../../lib/queue";
import { otherOf, proposalOf, type Other, type Proposal } from "../../lib/proposal";
import { Question } from "../../lib/subscribe";
import { keptTopics, topics } from "../../lib/topics";
import { client, drafts, me, may, queue, signedIn } from "../../services";
import { texts } from "../../texts";

type Name = "title" | "facts" | "place" | "community_id" | "domain" | "topic" | "suggested_department_id";

const form = "report";
const pause = 1200; // ms without a key before the server is asked

Page({
  behaviors: [look],
  data: {
    other: null as Other | null,
    place: texts.place, location: null as Location | null, t: texts.report, p: texts.proposal, common: texts.common, form: texts.command, values: { domain: "livelihood" } as Partial<Record<Name, string>>, wrong: {} as Partial<Record<Name, string>>, communities: [] as CommunityView[], community: "", communityAt: -1,
    domains: Object.entries(texts.domain).map(([id, name]) => ({ id, name })), branches: [] as TopicBranch[], branch: "", leaves: [] as TopicBranch["topics"], photos: [] as Photo[], similar: [] as (Similar & { words: string })[],
    departments: [] as Choice[], leadAt: -1, lead: "", topicProposal: null as Proposal | null, leadProposal: null as Proposal | null, restored: false, busy: false, message: "",
  },
  timer: 0,
  asked: "", // the text that was last asked about
  question: undefined as Question | undefined,

  onLoad() {
    this.question = new Question("report"); // here, not above: WeChat copies what stands in a page
    if (!signedIn()) return;
    const draft = drafts.get(me()?.id ?? "", form);
    if (draft) this.setData({ values: draft.values as Partial<Record<Name, string>>, branch: (draft.values.branch as string | undefined) ?? "", location: (draft.values.location as Location | undefined) ?? null, photos: draft.photos, restored: true });
    this.draw(kept()?.communities ?? []);
    this.drawLead(kept()?.departments ?? []);
    void this.question?.prepare();
    this.sort(keptTopics());
    void topics().then((all) => this.sort(all), () => undefined);
    void directory().then((d) => (this.draw(d.communities), this.drawLead(d.departments)), () => undefined);
    if (draft) void this.propose();
  },
  onUnload() {
    clearTimeout(this.timer);
  },

  /** draw lists the communities to choose from, mine first. */
  draw(all: CommunityView[]) {
    const units = new Set(me()?.posts.map((p) => p.unit));
    const near = (c: CommunityView) => (units.has(c.id) ? 2 : units.has(c.grid_id) ? 1 : 0);
    const communities = all.slice().sort((a, b) => near(b) - near(a));
    const at = communities.findIndex((c) => c.id === (this.data.values.community_id ?? (near(communities[0] ?? ({} as CommunityView)) === 2 ? communities[0].id : "")));
    this.setData({ communities, communityAt: at, community: communities[at]?.name ?? "", "values.community_id": communities[at]?.id });
  },
  /** drawLead lists the departments to suggest, behind none at all. */
  drawLead(all: Choice[]) {
    const departments = [{ id: "", name: texts.report.noLead }, ...all.map(({ id, name }) => ({ id, name }))];
    const leadAt = departments.findIndex((d) => d.id === this.data.values.suggested_department_id);
    this.setData({ departments, leadAt, lead: departments[leadAt]?.name ?? "" });
  },
  suggest(id: string) {
    this.setData({ "values.suggested_department_id": id || undefined });
    this.drawLead(this.data.departments.slice(1));
    this.keep();
  },
  pickLead(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.suggest(this.data.departments[Number(e.detail.value)]?.id ?? "");
  },
  takeLead(e: WechatMiniprogram.TouchEvent<object, object, { value: string }>) {
    this.suggest(e.currentTarget.dataset.value);
  },
  takeTopic(e: WechatMiniprogram.TouchEvent<object, object, { value: string }>) {
    const { value } = e.currentTarget.dataset;
    const branch = this.all.find((b) => b.topics.some((leaf) => leaf.value === value));
    if (!branch) return; // the tree has changed since: its topics stand below
    this.setData({ "values.domain": branch.domain, "values.topic": value, "wrong.topic": "" });
    this.sort(this.all, branch.name);
    this.keep();
  },
  all: [] as TopicBranch[],

  /** sort lists the topics of whom the case is about, and those below the one that is chosen or open. */
  sort(all: TopicBranch[], before?: string) {
    this.all = all;
    const branch = before ?? this.data.branch;
    const branches = all.filter((b) => b.domain === this.data.values.domain);
    const open = branches.find((b) => b.topics.some((t) => t.value === this.data.values.topic)) ?? branches.find((b) => b.name === branch);
    this.setData({ branches, branch: all.length ? (open?.name ?? "") : branch, leaves: open?.topics ?? [] });
  },
  /** openBranch opens the topics below one of the first level, which is no topic by itself; a second tap takes it back. */
  openBranch(e: WechatMiniprogram.TouchEvent<object, object, { name: string }>) {
    const { name } = e.currentTarget.dataset;
    this.setData({ "values.topic": undefined, "wrong.topic": "" });
    this.sort(this.all, name === this.data.branch ? "" : name);
    this.keep();
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const name = e.currentTarget.dataset.name as Name;
    this.data.values[name] = e.detail.value; // not drawn again: the keyboard has it
    if (this.data.wrong[name]) this.setData({ [`wrong.${name}`]: "" });
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void Promise.all([this.findSimilar(), this.propose()]), pause);
  },
  tapped(e: WechatMiniprogram.TouchEvent<object, object, { name: Name; value: string }>) {
    const { name, value } = e.currentTarget.dataset;
    this.setData({ [`values.${name}`]: value, "wrong.topic": "", ...(name === "domain" && value !== this.data.values.domain ? { "values.topic": undefined } : {}) });
    if (name === "domain") this.sort(this.all);
    this.keep();
  },
  picked(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    const at = Number(e.detail.value);
    this.setData({ communityAt: at, community: this.data.communities[at]?.name ?? "", "values.community_id": this.data.communities[at]?.id });
    this.keep();
    void Promise.all([this.findSimilar(), this.propose()]);
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
    const { title, facts, place } = this.data.values;
    if (title || facts || place || this.data.location || this.data.photos.length) drafts.keep(me()?.id ?? "", form, { ...this.data.values, branch: this.data.branch, location: this.data.location ?? undefined }, this.data.photos);
    else drafts.drop(me()?.id ?? "", form);
  },

  async findSimilar() {
    const { title, facts, place } = this.data.values;
    if (!title || !may("similar.find")) return;
    try {
      const found = await client.call("find_similar", { body: { title, content: facts, address: place, community: this.data.community || undefined } });
      this.setData({ similar: found.items.filter((s) => s.case_id).slice(0, 3).map((s) => ({ ...s, words: [s.status_label, ...s.reasons].join(" · ") })) });
    } catch {
      this.setData({ similar: [] }); // a help, not a condition
    }
  },
  /** propose asks what a text is about, once for each: a help, not a condition, and never put over what somebody chose. */
  async propose() {
    const { title, facts, place } = this.data.values;
    if (!may("evidence.read")) return;
    const body = { title, content: facts, address: place, community: this.data.community || undefined };
    const text = JSON.stringify(body);
    if (text === this.asked) return;
    this.asked = text;
    const show = (topicProposal: Proposal | null, leadProposal: Proposal | null, community?: Named) => this.asked === text && this.setData({ topicProposal, leadProposal, other: otherOf(community, Boolean(this.data.values.community_id)) });
    if (!title && !facts) return void show(null, null);
    try {
      const c = await client.call("propose_class", { body }, { tries: 1 });
      show(proposalOf(c.topic) ?? null, proposalOf(c.lead) ?? null, c.community);
    } catch {
      show(null, null);
      if (this.asked === text) this.asked = "";
    }
  },
  open(e: WechatMiniprogram.TouchEvent<object, object, { id: string }>) {
    void wx.navigateTo({ url: `/pages/case/detail?id=${e.currentTarget.dataset.id}` });
  },

  async send() {
    const person = me()?.id;
    if (!person || this.data.busy) return;
    const { title = "", facts = "", place = "", community_id, domain, topic, suggested_department_id } = this.data.values;
    const { branch, leaves } = this.data;
    if (leaves.length && !topic) { // it would be lost without a word
      this.setData({ message: texts.command.fields, wrong: { topic: texts.report.topicOpen(branch) } });
      return void wx.pageScrollTo({ selector: ".has-wrong" });
    }
    this.setData({ busy: true, message: "", wrong: {} });
    try {
      const out = await queue.give({
        person, operation: "report_case", path: {}, body: { title, facts, place, community_id, domain: domain as "livelihood", topic, suggested_department_id, location: this.data.location ?? undefined }, photos: this.data.photos, photosAs: "attachments", title: `${texts.report.title} · ${title}`,
      });
      drafts.drop(person, form);
      if (out.state === "done") this.question?.owe();
      await wx.navigateBack();
      void wx.showToast({ title: out.state === "done" ? texts.report.done : texts.queue.kept, icon: "none", duration: 3000 });
    } catch (e) {
      this.setData(wrongOf(e, ["title", "facts", "place", "location"]));
    } finally {
      this.setData({ busy: false });
    }
  },
});
